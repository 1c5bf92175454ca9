import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isServed, namesOf, originOf } from '#services/gateway/door/hosts.ts';
import { depthOf } from '#services/gateway/door/json-body.ts';
import { problemAnswer, problemOf } from '#services/gateway/door/problems.ts';
import { openRateLimits } from '#services/gateway/door/rate-limits.ts';
import { securityHeaders } from '#services/gateway/door/security-headers.ts';
import { openCache } from '#shared/embedded/cache.ts';
import { openLog } from '#shared/log.ts';
import { Problem } from '#shared/problem.ts';

describe('names', () => {
  const local = namesOf({ host: '127.0.0.1', port: 8080 });
  const open = namesOf({ publicOrigin: 'https://Desk.Example', host: '0.0.0.0', port: 8080 });

  test.each(['127.0.0.1:8080', 'localhost:8080', 'LOCALHOST:8080', '[::1]:8080'])(
    'without a public origin %s is served',
    (host) => expect(isServed(local, host)).toBe(true),
  );

  // DNS rebinding: a stranger's domain that resolves to this machine.
  test.each([undefined, '', 'localhost', 'evil.example:8080', '127.0.0.1:80', 'localhost.:8080'])(
    'without a public origin %s is not',
    (host) => expect(isServed(local, host)).toBe(false),
  );

  test('with a public origin its host alone is served, with or without the port of https', () => {
    expect(isServed(open, 'desk.example')).toBe(true);
    expect(isServed(open, 'desk.example:443')).toBe(true);
    for (const host of ['desk.example:8080', '127.0.0.1:8080', 'x.desk.example', 'desk.example.']) {
      expect(isServed(open, host)).toBe(false);
    }
    expect([...open.origins]).toEqual(['https://desk.example']);
  });

  test('an IPv6 address is written with brackets in an origin', () => {
    expect(originOf({ host: '::1', port: 80 })).toBe('http://[::1]');
    expect(originOf({ host: '::1', port: 8080 })).toBe('http://[::1]:8080');
  });
});

describe('JSON depth', () => {
  test('of any value is what walking through it finds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => depthOf(JSON.stringify(value)) === depthByWalk(value)),
    );
  });

  test('brackets inside of strings do not count, escaped quotes do not end them', () => {
    expect(depthOf('{"a":"[[[[","b\\"[[":["}"]}')).toBe(2);
  });

  test('text built to make a pattern start over costs nothing', () => {
    // A pattern that starts over at each sign would take longer than a test may.
    expect(depthOf('"\\'.repeat(500_000))).toBe(0);
    expect(depthOf('"a'.repeat(500_000))).toBe(0);
  });
});

describe('problems', () => {
  test('what was not expected says nothing of itself', () => {
    const { status, body } = problemAnswer(problemOf(new Error('password=hunter2')), 'r-1');
    expect(status).toBe(500);
    expect(JSON.parse(body)).toEqual({
      type: 'urn:watchdesk:problem:internal',
      title: 'The fault is ours',
      status: 500,
      code: 'internal',
      instance: 'urn:watchdesk:request:r-1',
    });
  });

  test('Retry-After and WWW-Authenticate follow from the problem', () => {
    const later = problemAnswer(new Problem('unavailable', { retryAfterSeconds: 7 }), 'r-1');
    expect(later.headers['retry-after']).toBe('7');
    const who = problemAnswer(new Problem('unauthenticated'), 'r-1');
    expect(who.headers['www-authenticate']).toMatch(/^Bearer/);
  });
});

describe('security headers', () => {
  test('HSTS goes out exactly where the public origin is https', () => {
    expect(securityHeaders('https://desk.example')['strict-transport-security']).toMatch(
      /^max-age=\d{8,}/,
    );
    expect(securityHeaders('http://127.0.0.1:8080')).not.toHaveProperty(
      'strict-transport-security',
    );
  });

  test('no policy has unsafe-inline or unsafe-eval', () => {
    expect(JSON.stringify(securityHeaders('https://desk.example'))).not.toContain('unsafe');
  });
});

describe('rate limits', () => {
  const log = openLog('test', 'silent');

  test('count down, refuse with the time to wait, and begin anew with the next minute', async () => {
    let now = 60_000 * 1_000 + 15_000;
    const clock = () => now;
    const cache = openCache({ entriesMax: 100, clock });
    const rates = openRateLimits({ cache, clock, log, settings: { address: 2 } });
    expect(await rates.byAddress('10.0.0.1', 'request')).toEqual({
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
      'ratelimit-reset': '45',
    });
    await rates.byAddress('10.0.0.1', 'request');
    await expect(rates.byAddress('10.0.0.1', 'request')).rejects.toMatchObject({
      code: 'rate-limited',
      particulars: { retryAfterSeconds: 45 },
    });
    await rates.byAddress('10.0.0.2', 'request');
    now += 45_000;
    await rates.byAddress('10.0.0.1', 'request');
  });

  // Whoever has one IPv6 address has a network of them.
  test('addresses of one IPv6 network are one, and an IPv4 address is one in both its forms', async () => {
    const clock = () => 0;
    const cache = openCache({ entriesMax: 100, clock });
    const rates = openRateLimits({ cache, clock, log, settings: { address: 1 } });
    await rates.byAddress('2001:db8::1', 'request');
    await expect(rates.byAddress('2001:db8::2', 'request')).rejects.toThrow();
    await rates.byAddress('::ffff:10.0.0.1', 'request');
    await expect(rates.byAddress('10.0.0.1', 'request')).rejects.toThrow();
  });

  test('a cache that fails lets requests through', async () => {
    const cache = openCache({ entriesMax: 100, clock: () => 0 });
    const broken = { ...cache, count: () => Promise.reject(new Error('gone')) };
    const rates = openRateLimits({ cache: broken, clock: () => 0, log, settings: { address: 1 } });
    await rates.byAddress('10.0.0.1', 'request');
    await rates.byAddress('10.0.0.1', 'request');
  });
});

function depthByWalk(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthByWalk));
}
