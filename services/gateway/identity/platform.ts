/**
 * The Platform administrator of a new installation.
 *
 * 1. The platform has an account: done. That is every start but the first.
 * 2. Address and a random password are put into the first-run file, durably, mode 0600, if it is not
 *    there yet. Where it is there, what it says holds.
 * 3. The account is made from the file, in one transaction.
 *
 * A crash after step 2 is mended by the next start, which finds the file and goes on with step 3: the
 * file never holds a password that does not work, and no account is made that nobody can open.
 */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import { readFirstRun, writeIfAbsent } from './first-run-file.ts';
import { type HandlerParts, record } from './handler-parts.ts';
import {
  addToDirectory,
  emailKey,
  listRows,
  putRow,
  type TenantRow,
  type UserRow,
} from './rows.ts';
import { slugKey } from './tenants.ts';
import { unlocked } from './user.ts';

/** An address that strangers knew could be locked by them, with five wrong passwords. */
const EMAIL_RANDOM_BYTES = 6;
/** 192 bits, 32 characters. */
const PASSWORD_BYTES = 24;

export type PlatformParts = Pick<HandlerParts, 'tables' | 'relay' | 'passwords'> & {
  readonly clock: () => number;
  readonly log: Log;
  readonly firstRunFile: string;
};

export async function ensurePlatform(parts: PlatformParts): Promise<void> {
  const platform = parts.tables.forTenant(PLATFORM_TENANT);
  const users = await listRows(platform, { kind: 'user', limit: 1 });
  if (users.length > 0) return;
  await writeIfAbsent(parts.firstRunFile, {
    email: `platform-${randomBytes(EMAIL_RANDOM_BYTES).toString('hex')}@watchdesk.localhost`,
    password: randomBytes(PASSWORD_BYTES).toString('base64url'),
  });
  const found = await readFirstRun(parts.firstRunFile);
  const passwordHash = await parts.passwords.hash(found.password);
  const made = await makePlatform(parts, { email: found.email.toLowerCase(), passwordHash });
  // Not made: another process has just done it, from the same file.
  if (made) parts.log.info({ file: parts.firstRunFile }, 'the first administrator was made');
}

async function makePlatform(
  parts: PlatformParts,
  account: { readonly email: string; readonly passwordHash: string },
): Promise<boolean> {
  const { email, passwordHash } = account;
  const now = new Date(parts.clock());
  const createdAt = now.toISOString();
  const tenant: TenantRow = { slug: 'platform', name: 'Platform', timeZone: 'UTC', createdAt };
  const id = randomUUIDv7();
  const user: UserRow = {
    email,
    name: 'Platform administrator',
    roles: ['platform'],
    status: 'active',
    createdAt,
  };
  const event = auditEventOf({
    caller: jobCaller('gateway', { tenant: PLATFORM_TENANT }),
    action: 'gateway.user.created',
    object: { type: 'user', id, version: 1 },
    reason: 'first start of the installation',
    changes: changesBetween({}, { email, roles: [...user.roles] }),
    now,
  });
  const result = await record(parts, PLATFORM_TENANT, {
    changes: [
      putRow('tenant', PLATFORM_TENANT, tenant, 0),
      putRow('user', id, user, 0),
      putRow('credential', id, { passwordHash, failures: [] }, 0),
    ],
    // The slug is taken by it too, so that no department can look like the platform.
    directory: [
      addToDirectory(slugKey(tenant.slug), PLATFORM_TENANT, PLATFORM_TENANT),
      addToDirectory(emailKey(email), PLATFORM_TENANT, id),
    ],
    events: [event],
  });
  return result.ok;
}

/**
 * Releases the platform's locked accounts, because whoever runs the machine says so at this start:
 * where the only Platform administrator is locked, nobody is left to do it over HTTP.
 */
export async function unlockPlatform(parts: PlatformParts): Promise<void> {
  const tables = parts.tables.forTenant(PLATFORM_TENANT);
  const users = await listRows(tables, { kind: 'user', limit: LIST_ROWS_MAX });
  for (const user of users.filter(({ value }) => value.lockedAt !== undefined)) {
    const value = unlocked(user.value);
    const event = auditEventOf({
      caller: jobCaller('gateway', { tenant: PLATFORM_TENANT }),
      action: 'gateway.user.unlocked',
      object: { type: 'user', id: user.id, version: user.version + 1 },
      reason: 'by a start of the gateway with UNLOCK_PLATFORM',
      now: new Date(parts.clock()),
    });
    const changes = [putRow('user', user.id, value, user.version)];
    const { ok } = await record(parts, PLATFORM_TENANT, { changes, events: [event] });
    if (ok) parts.log.warn({ userId: user.id }, 'a locked account of the platform was released');
  }
}
