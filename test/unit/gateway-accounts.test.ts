import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPasswords } from '#services/gateway/identity/passwords.ts';
import type { CredentialRow, UserRow } from '#services/gateway/identity/rows.ts';
import { isLive, isStale, newSession } from '#services/gateway/identity/session.ts';
import {
  decideSignIn,
  FAILURE_WINDOW_MS,
  FAILURES_MAX,
} from '#services/gateway/identity/sign-in.ts';
import {
  assertVersion,
  deactivated,
  isKeeper,
  losesKeeper,
  unlocked,
  updated,
} from '#services/gateway/identity/user.ts';

const MINUTE_MS = 60_000;
const start = new Date('2026-11-22T05:00:00.000Z');
const user: UserRow = {
  email: 'chief@example.org',
  name: 'Chief',
  roles: ['admin'],
  status: 'active',
  createdAt: start.toISOString(),
};
const credential: CredentialRow = { passwordHash: '$argon2id$...', failures: [] };

/** Runs tries in order, each on what the one before has left. */
function play(tries: readonly { readonly right: boolean; readonly atMs: number }[]) {
  let account = { user, credential };
  return tries.map(({ right, atMs }) => {
    const now = new Date(start.getTime() + atMs);
    const outcome = decideSignIn({ ...account, isPasswordRight: right, now });
    account =
      outcome.kind === 'accepted'
        ? { user: outcome.user, credential: outcome.credential }
        : {
            user: outcome.locked ?? account.user,
            credential: outcome.credential ?? account.credential,
          };
    return outcome;
  });
}

describe('a sign-in', () => {
  test('with the right password is accepted and forgets earlier failures', () => {
    const [, , last] = play([
      { right: false, atMs: 0 },
      { right: false, atMs: 1 },
      { right: true, atMs: 2 },
    ]);
    expect(last).toMatchObject({ kind: 'accepted', credential: { failures: [] } });
  });

  test('locks with the fifth wrong password in fifteen minutes, and stays so', () => {
    const wrong = Array.from({ length: FAILURES_MAX }, (_, at) => ({ right: false, atMs: at }));
    const outcomes = play([...wrong, { right: true, atMs: 10 }, { right: true, atMs: 86_400_000 }]);
    expect(outcomes.map((outcome) => 'locked' in outcome)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
    expect(outcomes.at(-2)).toEqual({ kind: 'refused', reason: 'account locked' });
    expect(outcomes.at(-1)).toEqual({ kind: 'refused', reason: 'account locked' });
  });

  test('does not lock when the failures lie further apart than the window', () => {
    const apart = FAILURE_WINDOW_MS / (FAILURES_MAX - 1);
    const wrong = Array.from({ length: 40 }, (_, at) => ({ right: false, atMs: at * apart }));
    expect(play(wrong).some((outcome) => 'locked' in outcome)).toBe(false);
  });

  test('once it has locked, accepts nothing whatever comes', () => {
    const tries = fc.array(
      fc.record({ right: fc.boolean(), atMs: fc.integer({ min: 0, max: 20 * MINUTE_MS }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(tries, (unordered) => {
        const outcomes = play(unordered.toSorted((left, right) => left.atMs - right.atMs));
        const lockedAt = outcomes.findIndex((outcome) => 'locked' in outcome);
        if (lockedAt < 0) return true;
        return outcomes.slice(lockedAt + 1).every(({ kind }) => kind === 'refused');
      }),
    );
  });

  test.each([
    ['deactivated', { ...user, status: 'deactivated' as const }, credential],
    ['locked', { ...user, lockedAt: start.toISOString() }, credential],
    ['invited', { ...user, status: 'invited' as const }, undefined],
  ])('of a %s account is refused with the right password too', (_name, row, secret) => {
    const about = { user: row, credential: secret, isPasswordRight: true, now: start };
    expect(decideSignIn(about).kind).toBe('refused');
  });
});

describe('an account', () => {
  test('changes by what the patch names, and nothing else', () => {
    expect(updated(user, { name: 'Captain' })).toEqual({ ...user, name: 'Captain' });
    expect(updated(user, { roles: ['officer'] })).toEqual({ ...user, roles: ['officer'] });
  });

  test('that is deactivated changes no more', () => {
    const closed = deactivated(user);
    expect(() => updated(closed, { name: 'x' })).toThrow(/deactivated/);
    expect(() => deactivated(closed)).toThrow(/deactivated/);
  });

  test('is unlocked once', () => {
    const locked = { ...user, lockedAt: start.toISOString() };
    expect(unlocked(locked)).toEqual(user);
    expect(() => unlocked(user)).toThrow(/not locked/);
  });

  test('looks after others only when open, unlocked and in the role of its tenant', () => {
    expect(isKeeper(user, 'some-department')).toBe(true);
    expect(isKeeper(user, 'platform')).toBe(false);
    expect(isKeeper({ ...user, roles: ['platform'] }, 'platform')).toBe(true);
    expect(isKeeper({ ...user, lockedAt: start.toISOString() }, 'some-department')).toBe(false);
    expect(isKeeper({ ...user, status: 'invited' }, 'some-department')).toBe(false);
    expect(losesKeeper(user, deactivated(user), 'some-department')).toBe(true);
    expect(losesKeeper(user, { ...user, name: 'x' }, 'some-department')).toBe(false);
  });

  test('a stale version is named, a right one and none pass', () => {
    const row = { id: 'x', version: 3, value: user };
    assertVersion(row, 3);
    assertVersion(row, undefined);
    expect(() => assertVersion(row, 2)).toThrow(/version 3/);
  });
});

describe('a session', () => {
  const session = newSession(start);
  const minuteOf = (minutes: number) => start.getTime() + minutes * MINUTE_MS;

  test('ends after thirty minutes without a request', () => {
    expect(isLive(session, minuteOf(30) - 1)).toBe(true);
    expect(isLive(session, minuteOf(30))).toBe(false);
  });

  test('ends after twelve hours however much it is used', () => {
    const busy = (minutes: number) => ({
      ...session,
      lastSeenAt: new Date(minuteOf(minutes)).toISOString(),
    });
    expect(isLive(busy(719), minuteOf(720) - 1)).toBe(true);
    expect(isLive(busy(719), minuteOf(720))).toBe(false);
  });

  test('that was ended is over at once', () => {
    expect(isLive({ ...session, endedAt: start.toISOString() }, minuteOf(0))).toBe(false);
  });

  test('its use is written down once a minute', () => {
    expect(isStale(session.lastSeenAt, minuteOf(1) - 1)).toBe(false);
    expect(isStale(session.lastSeenAt, minuteOf(1))).toBe(true);
    expect(isStale(undefined, minuteOf(0))).toBe(true);
  });
});

describe('passwords', () => {
  test('verify against their own hash alone, and carry the figures of OWASP', async () => {
    const passwords = openPasswords();
    const hash = await passwords.hash('correct horse battery');
    expect(hash).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    );
    expect(await passwords.verify('correct horse battery', hash)).toBe(true);
    expect(await passwords.verify('correct horse batterz', hash)).toBe(false);
    expect(await passwords.hash('correct horse battery')).not.toBe(hash);
  });

  // bcrypt would drop what is past 72 bytes; nothing here may.
  test('differ in their last character however long they are', async () => {
    const passwords = openPasswords();
    const long = 'x'.repeat(1_000);
    const hash = await passwords.hash(`${long}a`);
    expect(await passwords.verify(`${long}b`, hash)).toBe(false);
    expect(await passwords.verify(`${long}a`, hash)).toBe(true);
  });

  test('are the same in the normal forms that keyboards give', async () => {
    const passwords = openPasswords();
    const hash = await passwords.hash('Zu\u0308rich-feuerwehr');
    expect(await passwords.verify('Z\u00fcrich-feuerwehr', hash)).toBe(true);
  });

  test('are never right where there is no hash', async () => {
    expect(await openPasswords().verify('', undefined)).toBe(false);
  });

  // The vector stands in test.c of the reference implementation of Argon2.
  test('raise their figures without making old hashes unreadable', async () => {
    const old =
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    expect(await openPasswords().verify('password', old)).toBe(true);
  });

  test('more than can be worked on soon are refused instead of kept waiting', async () => {
    const passwords = openPasswords({ memoryKib: 8, passes: 1 });
    const tries = Array.from({ length: 80 }, () => passwords.verify('x', undefined));
    const results = await Promise.allSettled(tries);
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(80 - 2 - 64);
    expect(refused[0]).toMatchObject({ reason: { code: 'unavailable' } });
  });
});
