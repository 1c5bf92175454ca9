/**
 * Compliance reviewers of another house (a county, an insurer), as far as nothing has to be read.
 *
 * A department grants an e-mail address to read here: an account row of its own, which holds the role
 * of a reviewer and has no password. Whoever has the account with that address elsewhere signs in with
 * its password and the department's short name, and gets a session of the department. The grant
 * says nothing of whether there is such an account.
 */
import { hash } from 'node:crypto';
import type { Permission } from '#contracts/permissions.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { RowKey } from '#shared/ports/tables.ts';
import type { UserRow } from './rows.ts';

/** Reading, and nothing else: approvals and sign-offs are for the department's own people. */
export const GUEST_SCOPES = [
  'incidents:read',
  'files:read',
  'retention:read',
  'legal-holds:read',
  'ledger:read',
  'ledger:disclose',
  'ledger:export',
] as const satisfies readonly Permission[];

/** The directory finds the grant of a department by the address; see `emailKey` for the hash. */
export function guestKey(tenant: TenantId, email: string): RowKey {
  return { kind: 'guest', id: hash('sha256', `${tenant}\n${email}`, 'hex') };
}

/** The account at home says who somebody is; it must itself be that of a reviewer. */
export function isReviewerAtHome({ status, roles, elsewhere }: UserRow): boolean {
  return status === 'active' && elsewhere === undefined && roles.includes('reviewer');
}

export function granted(about: {
  readonly email: string;
  readonly name: string;
  readonly createdAt: string;
}): UserRow {
  return { ...about, roles: ['reviewer'], status: 'active', elsewhere: true };
}
