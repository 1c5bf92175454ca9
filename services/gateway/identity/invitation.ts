import { hash, randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Role } from '#contracts/permissions.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { Change, DirectoryChange, RowKey, TenantTables } from '#shared/ports/tables.ts';
import {
  addToDirectory,
  emailKey,
  getRow,
  type InvitationRow,
  putRow,
  type Stored,
  type UserRow,
} from './rows.ts';

export const INVITATION_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;
/** 256 bits, so that a plain SHA-256 keeps the token well enough. */
const TOKEN_BYTES = 32;

/** An account in the making, or one invited anew, with all that has to be written for it. */
export interface Invited {
  readonly user: Stored<UserRow>;
  /** What the person who invites is shown, once. */
  readonly invitation: { readonly token: string; readonly expiresAt: string };
  readonly changes: readonly Change[];
  readonly directory: readonly DirectoryChange[];
}

/** A new account with its first invitation. */
export function invited(about: {
  readonly tenant: TenantId;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly now: Date;
}): Invited {
  const { tenant, email, name, roles, now } = about;
  const createdAt = now.toISOString();
  const row: UserRow = { email, name, roles: [...roles], status: 'invited', createdAt };
  const fresh = { id: randomUUIDv7(), version: 0, value: row };
  const { directory, ...rest } = invitedAgain({ tenant, user: fresh, now });
  return { ...rest, directory: [addToDirectory(emailKey(email), tenant, fresh.id), ...directory] };
}

/** A new invitation for an account that has not been accepted; the earlier one is void by it. */
export function invitedAgain(about: {
  readonly tenant: TenantId;
  readonly user: Stored<UserRow>;
  readonly now: Date;
}): Invited {
  const { tenant, user, now } = about;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const { id } = invitationKey(token);
  const expiresAt = new Date(now.getTime() + INVITATION_LIFETIME_MS).toISOString();
  const row: InvitationRow = { userId: user.id, createdAt: now.toISOString(), expiresAt };
  const value: UserRow = { ...user.value, invitation: id };
  return {
    user: { id: user.id, version: user.version + 1, value },
    invitation: { token, expiresAt },
    changes: [putRow('user', user.id, value, user.version), putRow('invitation', id, row, 0)],
    directory: [addToDirectory(invitationKey(token), tenant, id)],
  };
}

/** Only the SHA-256 of a token is kept. */
export function invitationKey(token: string): RowKey {
  return { kind: 'invitation', id: hash('sha256', token, 'hex') };
}

export function isExpired(invitation: InvitationRow, now: Date): boolean {
  return now.getTime() >= Date.parse(invitation.expiresAt);
}

/** True for an account that was never opened and that its token can no longer open. */
export async function hasExpiredInvitation(
  tables: TenantTables,
  user: Stored<UserRow>,
  now: Date,
): Promise<boolean> {
  const { status, invitation: id } = user.value;
  if (status !== 'invited' || id === undefined) return false;
  const invitation = await getRow(tables, 'invitation', id);
  return invitation !== undefined && isExpired(invitation.value, now);
}
