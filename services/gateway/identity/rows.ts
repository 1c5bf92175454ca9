/**
 * The gateway's rows, as they stand in the tables. What a credential or session holds never leaves
 * this service; what people see of a user or key is made in the file of its handlers.
 *
 * Rows of a department stand in its own tables. `department` alone stands in the platform's: it is
 * the list of departments, which no department's tables could hold.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { suppressionReasons } from '#contracts/mail-suppressions.ts';
import { permissionNames, roles } from '#contracts/permissions.ts';
import {
  rowId,
  sha256Hex,
  slug,
  stateCode,
  type TenantId,
  timestamp,
  timeZone,
} from '#contracts/primitives.ts';
import type {
  Change,
  DirectoryChange,
  Json,
  Row,
  RowKey,
  TenantTables,
} from '#shared/ports/tables.ts';

const tenantRow = z.strictObject({
  slug,
  name: z.string(),
  timeZone,
  state: stateCode.optional(),
  createdAt: timestamp,
});

const userRow = z.strictObject({
  email: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  status: z.enum(['invited', 'active', 'deactivated']),
  /** Set by too many wrong passwords, removed by an administrator. */
  lockedAt: timestamp.optional(),
  createdAt: timestamp,
  lastSignInAt: timestamp.optional(),
  /** The one invitation that counts; an earlier one is void. */
  invitation: sha256Hex.optional(),
  /** The account itself is in another house: see guest.ts. */
  elsewhere: z.literal(true).optional(),
});

const credentialRow = z.strictObject({
  /** PHC string. */
  passwordHash: z.string(),
  /** When wrong passwords were tried, ms since the epoch; those of the last quarter of an hour. */
  failures: z.array(z.number()),
});

const sessionRow = z.strictObject({
  createdAt: timestamp,
  /** Kept to the minute: see identify.ts. */
  lastSeenAt: timestamp,
  expiresAt: timestamp,
  endedAt: timestamp.optional(),
});

const apiKeyRow = z.strictObject({
  name: z.string(),
  scopes: z.array(z.enum(permissionNames)),
  cadSource: rowId.optional(),
  createdBy: rowId,
  createdAt: timestamp,
  expiresAt: timestamp.optional(),
  lastUsedAt: timestamp.optional(),
  revokedAt: timestamp.optional(),
  secretHash: sha256Hex,
});

const invitationRow = z.strictObject({
  userId: rowId,
  createdAt: timestamp,
  expiresAt: timestamp,
  acceptedAt: timestamp.optional(),
});

/** The last notice of a kind that a person got, or is just getting. */
const noticeRow = z.strictObject({
  key: z.string(),
  claimedAt: timestamp,
  sentAt: timestamp.optional(),
  /** Not sent, because mail to the person is suppressed. */
  withheldAt: timestamp.optional(),
});

/** Mail to the person is of no use or not wanted; the id is that of the account. */
const suppressionRow = z.strictObject({
  reason: z.enum(suppressionReasons),
  since: timestamp,
  /** Mail that was sent before says nothing about the mailbox as it is now. */
  liftedAt: timestamp.optional(),
});

const kinds = {
  tenant: tenantRow,
  /** A line of the platform's list: the id says it all. */
  department: z.strictObject({ createdAt: timestamp }),
  user: userRow,
  credential: credentialRow,
  session: sessionRow,
  'api-key': apiKeyRow,
  invitation: invitationRow,
  notice: noticeRow,
  suppression: suppressionRow,
} as const;
type Kind = keyof typeof kinds;

export interface Stored<Value> {
  readonly id: string;
  readonly version: number;
  readonly value: Value;
}
type ValueOf<K extends Kind> = Readonly<z.output<(typeof kinds)[K]>>;

export type TenantRow = ValueOf<'tenant'>;
export type UserRow = ValueOf<'user'>;
export type CredentialRow = ValueOf<'credential'>;
export type SessionRow = ValueOf<'session'>;
export type ApiKeyRow = ValueOf<'api-key'>;
export type SuppressionRow = ValueOf<'suppression'>;
export type InvitationRow = ValueOf<'invitation'>;

export async function getRow<K extends Kind>(
  tables: TenantTables,
  kind: K,
  id: string,
): Promise<Stored<ValueOf<K>> | undefined> {
  const row = await tables.get({ kind, id });
  return row && rowOf(kind, row);
}

/** A row that a list has found, as one of its kind. */
export function rowOf<K extends Kind>(kind: K, row: Row): Stored<ValueOf<K>> {
  return { id: row.id, version: row.version, value: checkedValue(kind, row.value) };
}

export async function listRows<K extends Kind>(
  tables: TenantTables,
  request: {
    readonly kind: K;
    readonly limit: number;
    readonly after?: string;
    readonly prefix?: string;
  },
): Promise<readonly Stored<ValueOf<K>>[]> {
  return (await tables.list(request)).map((row) => rowOf(request.kind, row));
}

/** The change that puts a row in place of the version expected; 0 where there must be none. */
export function putRow<K extends Kind>(
  kind: K,
  id: string,
  value: ValueOf<K>,
  expect: number,
): Change {
  const present = Object.entries(value).filter(([, each]) => each !== undefined);
  // The schemas hold nothing but JSON.
  return { put: { kind, id, value: Object.fromEntries(present) as Json }, expect };
}

/** A session's row stands under its user, so that one user's sessions can be listed. */
export function sessionRowId(user: string, session: string): string {
  return `${user}.${session}`;
}

/**
 * The directory finds an account by the SHA-256 of its address. Keys of rows turn up where values
 * do not, in figures of busy keys and logs of slow requests, and an address is a person's. It is no
 * secret from somebody who can guess it, so that it needs no key that could be lost.
 */
export function emailKey(email: string): RowKey {
  return { kind: 'email', id: hash('sha256', email, 'hex') };
}

export function addToDirectory(add: RowKey, tenant: TenantId, id: string): DirectoryChange {
  return { add, entry: { tenant, id } };
}

function checkedValue<K extends Kind>(kind: K, value: Json): ValueOf<K> {
  const schema: z.ZodType = kinds[kind];
  // The schema of the kind makes the type of the kind.
  return schema.parse(value) as ValueOf<K>;
}
