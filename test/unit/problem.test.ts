import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { profile } from '#contracts/cad-profile.ts';
import { type ProblemCode, problemBody, problems } from '#contracts/problems.ts';
import { asProblem, Problem, validationProblem } from '#shared/problem.ts';

describe('Problem', () => {
  test('every code of the catalogue makes a body that fits RFC 9457 and comes back the same', () => {
    for (const code of Object.keys(problems) as ProblemCode[]) {
      const made = new Problem(code, { detail: 'Mend it.', retryAfterSeconds: 3 });
      const body = problemBody.parse(made.toBody('request-1'));
      expect(body.status).toBe(problems[code].status);
      expect(body.instance).toBe('urn:watchdesk:request:request-1');
      expect(Problem.fromBody(body).toBody('request-1')).toEqual(body);
    }
  });

  test('what is no problem is internal, and its text stays inside', () => {
    const body = asProblem(new Error('SELECT secret FROM users')).toBody();
    expect(body.code).toBe('internal');
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(Problem.fromBody({ code: 'internal', sql: 'x' }).code).toBe('internal');
  });

  test('validation names each field by pointer, unknown ones too', () => {
    const schema = z.strictObject({
      body: z.strictObject({ name: z.string(), 'a/b~c': z.number().optional() }),
    });
    const error = schema.safeParse({ body: { 'a/b~c': 'x', adress: 1 } }).error;
    const problem = validationProblem(error as z.ZodError);
    const pointers = problem.particulars.errors?.map(({ pointer }) => pointer);
    expect(new Set(pointers)).toEqual(new Set(['#/body/a~1b~0c', '#/body/adress', '#/body/name']));
    expect(problem.particulars.detail).toContain('#/body/adress');
  });

  // A profile is a union in a union; "invalid input" at its outermost level would help nobody.
  test('validation names the place inside the one of several shapes that was meant', () => {
    const wrong = (body: unknown) => {
      const error = profile.safeParse({ id: 'x', version: 1, body }).error;
      return validationProblem(error as z.ZodError).particulars.errors;
    };
    const inside = { split: ';', parts: ['number', { labels: { ADDR: 'adress' } }] };
    expect(wrong(inside)).toEqual([
      { pointer: '#/body/parts/1/labels/ADDR', detail: expect.stringContaining('"address"') },
    ]);
    expect(wrong({ labels: { ADDR: 'address' }, onyl: true })).toEqual([
      { pointer: '#/body/onyl', detail: 'is not a field here; remove it' },
    ]);
    expect(wrong({ split: ';' })).toEqual([
      { pointer: '#/body/parts', detail: expect.stringContaining('array') },
    ]);
  });
});
