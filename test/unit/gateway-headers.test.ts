import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bearerOf,
  etagOf,
  idempotencyKeyOf,
  ifMatchOf,
  isNoneMatch,
  RECEIPT_WAIT_SECONDS_MAX,
  waitSecondsOf,
} from '#services/gateway/door/headers.ts';
import { Problem } from '#shared/problem.ts';

const versions = fc.integer({ min: 1, max: 999_999_999_999_999 });

describe('If-Match', () => {
  test('the ETag of any version names that version again', () => {
    fc.assert(fc.property(versions, (version) => ifMatchOf(etagOf(version)) === version));
  });

  test('without the header, and for *, any version is right', () => {
    expect(ifMatchOf(undefined)).toBeUndefined();
    expect(ifMatchOf('*')).toBeUndefined();
  });

  test.each([
    '',
    '3',
    'W/"3"',
    '"0"',
    '"03"',
    '"1", "2"',
    '"1"x',
    '"1e3"',
    '"9999999999999999"',
    "'3'",
  ])('refuses %s and names the header', (header) => {
    expect(() => ifMatchOf(header)).toThrow(Problem);
    expect(() => ifMatchOf(header)).toThrow(/if-match/);
  });

  test('no text at all is taken for a version that it does not spell', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const version = versionOrProblem(text);
        return version === 'problem' || version === undefined || text.trim() === `"${version}"`;
      }),
    );
  });
});

describe('If-None-Match', () => {
  test('a tag in a list matches, weak or strong, and * matches anything', () => {
    expect(isNoneMatch('"2", "3"', 3)).toBe(true);
    expect(isNoneMatch('W/"3"', 3)).toBe(true);
    expect(isNoneMatch('*', 3)).toBe(true);
    expect(isNoneMatch('"30"', 3)).toBe(false);
    expect(isNoneMatch(undefined, 3)).toBe(false);
  });
});

describe('Prefer: wait', () => {
  test.each([
    ['wait=2', 2],
    ['respond-async, wait=3', 3],
    ['WAIT = "4"', 4],
    ['wait=1; x=y', 1],
    ['wait=1, wait=2', 1],
    ['handling="a, wait=9", wait=2', 2],
    ['wait=0', 0],
  ])('%s asks for %i seconds', (prefer, seconds) => {
    expect(waitSecondsOf(prefer)).toBe(seconds);
  });

  test.each(['wait', 'wait=', 'wait=x', 'wait=-1', 'await=3', 'wait=1.5', 'wait="2', ''])(
    '%s is passed over',
    (prefer) => {
      expect(waitSecondsOf(prefer)).toBeUndefined();
    },
  );

  test('nobody waits longer than allowed, whatever they ask for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (seconds) => {
        return waitSecondsOf(`wait=${seconds}`) === Math.min(seconds, RECEIPT_WAIT_SECONDS_MAX);
      }),
    );
  });

  test('a list built to make patterns backtrack costs nothing', () => {
    // One that backtracks would take longer than a test may.
    expect(waitSecondsOf('"\\'.repeat(500_000))).toBeUndefined();
  });
});

describe('Idempotency-Key', () => {
  test('takes 1 to 200 visible characters as they are', () => {
    expect(idempotencyKeyOf('a'.repeat(200))).toBe('a'.repeat(200));
    expect(idempotencyKeyOf(undefined)).toBeUndefined();
  });

  test.each(['', 'a'.repeat(201), 'a b', 'é', 'a\tb'])('refuses %j', (key) => {
    expect(() => idempotencyKeyOf(key)).toThrow(/idempotency-key/);
  });
});

describe('Authorization', () => {
  test('what stands behind Bearer is the token, whatever its case', () => {
    expect(bearerOf('Bearer wd_a_b_c')).toBe('wd_a_b_c');
    expect(bearerOf('bearer wd_a_b_c')).toBe('wd_a_b_c');
  });

  test.each(['Basic abc', 'Bearer', 'Bearer a b', 'wd_a_b_c', 'Bearer a,b'])(
    '%s is none',
    (value) => {
      expect(bearerOf(value)).toBeUndefined();
    },
  );
});

function versionOrProblem(text: string): number | undefined | 'problem' {
  try {
    return ifMatchOf(text);
  } catch {
    return 'problem';
  }
}
