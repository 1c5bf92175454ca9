import { randomBytes, randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  newApiKey,
  parseApiKeyToken,
  secretHashOf,
} from '#services/gateway/identity/api-key-token.ts';
import { sessionCookie, sessionCookieOf } from '#services/gateway/identity/session.ts';
import { openSessionToken, sealSessionToken } from '#services/gateway/identity/session-token.ts';
import { openTestHost } from '#test/support/host.ts';

const id = '0192f3c4d5e67a8b9c0d1e2f3a4b5c6d';
const randoms = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('an API key', () => {
  test('has the form wd_<id>_<secret>_<checksum>, whatever the random bytes are', () => {
    fc.assert(
      fc.property(randoms, (random) => {
        const { key } = newApiKey(id, random);
        expect(key).toMatch(new RegExp(`^wd_${id}_[0-9a-z]{50}_[0-9a-z]{7}$`));
      }),
    );
  });

  test('finds its id and the secret that was hashed', () => {
    fc.assert(
      fc.property(randoms, (random) => {
        const { key, secretHash } = newApiKey(id, random);
        const token = parseApiKeyToken(key);
        expect(token?.id).toBe(id);
        expect(secretHashOf(token?.secret ?? '')).toBe(secretHash);
      }),
    );
  });

  test('two keys have two secrets', () => {
    fc.assert(
      fc.property(randoms, randoms, (one, other) => {
        const same = Buffer.compare(one, other) === 0;
        return same === (newApiKey(id, one).secretHash === newApiKey(id, other).secretHash);
      }),
    );
  });

  // A checksum is for people who copy by hand or cut a line: any one wrong character shows.
  test('with any one character changed is told apart without a look into the store', () => {
    const { key } = newApiKey(id, randomBytes(32));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: key.length - 1 }),
        fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz_-A'),
        (at, character) => {
          const typed = key.slice(0, at) + character + key.slice(at + 1);
          return typed === key || parseApiKeyToken(typed) === undefined;
        },
      ),
    );
  });

  test('is nothing when cut, prolonged or made up', () => {
    const { key } = newApiKey(id, randomBytes(32));
    for (const wrong of ['', 'wd___', key.slice(0, -1), `${key}0`, ` ${key}`, key.toUpperCase()]) {
      expect(parseApiKeyToken(wrong)).toBeUndefined();
    }
  });

  // The form is what others have stored: a change here would refuse every key that is out there.
  test('keeps the form of keys that are in use', () => {
    expect(newApiKey(id, Buffer.alloc(32, 7))).toEqual({
      key: `wd_${id}_06azvhzgfljnwze2ap1kqewiuibpfye4mslt6e1hjoyjf1wg7b_0nsdfcq`,
      secretHash: '26e5f5f9bc8af0f373712fed62b6836aaba52506d50f5b9f93f15bc931461277',
    });
  });
});

describe('a session cookie', () => {
  test('opens to what was sealed, for a department and for the platform', async () => {
    await using host = await openTestHost();
    for (const tenant of ['platform', randomUUIDv7()]) {
      const token = { tenant, user: randomUUIDv7(), session: randomUUIDv7() };
      const sealed = await sealSessionToken(host.host.vault, token);
      expect(await openSessionToken(host.host.vault, sealed)).toEqual(token);
    }
  });

  test('with any one character changed is none of ours', async () => {
    await using host = await openTestHost();
    const token = { tenant: randomUUIDv7(), user: randomUUIDv7(), session: randomUUIDv7() };
    const sealed = await sealSessionToken(host.host.vault, token);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: sealed.length - 1 }),
        fc.constantFrom(...'0123456789abcdefXYZ-_.'),
        async (at, character) => {
          const forged = sealed.slice(0, at) + character + sealed.slice(at + 1);
          const opened = await openSessionToken(host.host.vault, forged);
          return forged === sealed || opened === undefined;
        },
      ),
    );
  });

  test('is set for this host alone, for HTTPS alone, out of reach of scripts, and not kept', () => {
    const cookie = sessionCookie('1.a.b');
    expect(cookie).toBe('__Host-watchdesk=1.a.b; Path=/; Secure; HttpOnly; SameSite=Strict');
    expect(cookie).not.toMatch(/max-age|expires|domain/i);
  });

  test('is found among others; two of them are not believed', () => {
    expect(sessionCookieOf('a=1; __Host-watchdesk=x.y; b=2')).toBe('x.y');
    expect(sessionCookieOf('watchdesk=x; __Host-watchdeskette=y')).toBeUndefined();
    expect(sessionCookieOf(undefined)).toBeUndefined();
    expect(sessionCookieOf('__Host-watchdesk=x; __Host-watchdesk=y')).toBe('');
  });
});
