/** Decisions about accounts: pure, so that each rule can be read and tested by itself. */
import type { Role } from '#contracts/permissions.ts';
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import type { User } from '#contracts/users.ts';
import { Problem } from '#shared/problem.ts';
import type { Stored, UserRow } from './rows.ts';

/** What people see of an account. */
export function userOf({ id, version, value }: Stored<UserRow>): User {
  const { email, name, roles, status, lockedAt, createdAt, lastSignInAt, elsewhere } = value;
  return {
    id,
    version,
    email,
    name,
    roles: [...roles],
    status,
    locked: lockedAt !== undefined,
    createdAt,
    ...(lastSignInAt === undefined ? {} : { lastSignInAt }),
    ...(elsewhere === undefined ? {} : { elsewhere }),
  };
}

/** What the ledger hears of an account. The hash of its invitation is nobody's business. */
export function auditedFields({ email, name, roles, status, lockedAt, elsewhere }: UserRow) {
  return { email, name, roles, status, lockedAt, elsewhere };
}

/** The role that looks after the accounts of a tenant. */
export function keeperRole(tenant: TenantId): Role {
  return tenant === PLATFORM_TENANT ? 'platform' : 'admin';
}

/** Whether the account can look after the others today: it is open and holds the role. */
export function isKeeper(user: UserRow, tenant: TenantId): boolean {
  const isOpen = user.status === 'active' && user.lockedAt === undefined;
  return isOpen && user.roles.includes(keeperRole(tenant));
}

/** True when a change takes away an account that looked after the others. */
export function losesKeeper(before: UserRow, after: UserRow, tenant: TenantId): boolean {
  return isKeeper(before, tenant) && !isKeeper(after, tenant);
}

export function updated(
  user: UserRow,
  patch: { readonly name?: string | undefined; readonly roles?: readonly Role[] | undefined },
): UserRow {
  assertNotDeactivated(user);
  const { name = user.name, roles = user.roles } = patch;
  if (user.elsewhere && roles.join() !== 'reviewer') throw onlyReviewer();
  return { ...user, name, roles: [...roles] };
}

export function unlocked(user: UserRow): UserRow {
  if (user.lockedAt === undefined) {
    throw new Problem('conflict', { detail: 'The account is not locked.' });
  }
  const { lockedAt: _released, ...open } = user;
  return open;
}

/** The address stays taken: an identifier is not given to another person (CJIS IA-4). */
export function deactivated(user: UserRow): UserRow {
  assertNotDeactivated(user);
  const { invitation: _void, ...rest } = user;
  return { ...rest, status: 'deactivated' };
}

export function assertVersion(row: Stored<unknown>, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === row.version) return;
  throw new Problem('version-mismatch', {
    detail: `The record is at version ${row.version} now. Read it again and repeat the change.`,
  });
}

function onlyReviewer(): Problem {
  const detail = 'of a person from elsewhere is reviewer and nothing else';
  return new Problem('validation', {
    detail: 'Mend #/body/roles and send it again.',
    errors: [{ pointer: '#/body/roles', detail }],
  });
}

function assertNotDeactivated(user: UserRow): void {
  if (user.status !== 'deactivated') return;
  throw new Problem('conflict', { detail: 'The account is deactivated.' });
}
