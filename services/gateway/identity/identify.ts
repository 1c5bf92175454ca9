/**
 * Who calls. Found out anew at each request from the rows, so that a session that was ended, a key
 * that was revoked, a role that was taken away have no effect from the next request on.
 *
 * 1. The credentials are read: a session cookie, an API key, or none. Both are refused.
 * 2. The token is checked by itself: MAC of the cookie, checksum of the key.
 * 3. Its row is read, with the user's and the tenant's. The row is the authority. Of a reviewer from
 *    elsewhere the account at home is read too: it must stand.
 * 4. That it was used is written down, once a minute.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CallerClaims } from '#contracts/caller.ts';
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import type { Change, Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { bearerOf } from '../door/headers.ts';
import { parseApiKeyToken, secretHashOf } from './api-key-token.ts';
import { GUEST_SCOPES } from './guest.ts';
import { hasHome } from './guests.ts';
import { type ApiKeyRow, getRow, putRow, type Stored, sessionRowId, type UserRow } from './rows.ts';
import { isLive, isStale, sessionCookieOf } from './session.ts';
import { openSessionToken } from './session-token.ts';

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly token: string }
  | { readonly kind: 'key'; readonly token: string };

/** What is known of a request whoever makes it. */
export type About = Pick<CallerClaims, 'requestId' | 'address' | 'agent'>;

export interface IdentifyParts {
  readonly tables: Tables;
  readonly vault: Vault;
  readonly clock: () => number;
  /** A key that was once right was used after its end: worth an event. */
  readonly keyRefused: (caller: CallerClaims, reason: string) => Promise<void>;
}

const nobody: Omit<CallerClaims, 'requestId'> = {
  tenant: PLATFORM_TENANT,
  timeZone: 'UTC',
  subject: { type: 'anonymous', id: 'anonymous' },
  roles: [],
};

/** Throws Problem `validation` for two credentials at once: one of them is not meant. */
export function credentialsOf({ authorization, cookie }: IncomingHttpHeaders): Credentials {
  const session = sessionCookieOf(cookie);
  if (authorization === undefined) {
    return session === undefined ? { kind: 'none' } : { kind: 'session', token: session };
  }
  if (session !== undefined) {
    throw new Problem('validation', {
      detail: 'Send the session cookie or the Authorization header, not both.',
    });
  }
  const token = bearerOf(authorization);
  if (token === undefined) throw unauthenticated('Authorization takes Bearer and an API key.');
  return { kind: 'key', token };
}

/** Throws Problem `unauthenticated` for credentials that do not hold (any more). */
export function identify(
  parts: IdentifyParts,
  credentials: Credentials,
  about: About,
): Promise<CallerClaims> {
  switch (credentials.kind) {
    case 'none':
      return Promise.resolve({ ...nobody, ...about });
    case 'session':
      return bySession(parts, credentials.token, about);
    case 'key':
      return byKey(parts, credentials.token, about);
    default:
      return credentials satisfies never;
  }
}

async function bySession(parts: IdentifyParts, text: string, about: About): Promise<CallerClaims> {
  const token = await openSessionToken(parts.vault, text);
  if (token === undefined) throw sessionOver();
  const tables = parts.tables.forTenant(token.tenant);
  const [session, user, tenant] = await Promise.all([
    getRow(tables, 'session', sessionRowId(token.user, token.session)),
    getRow(tables, 'user', token.user),
    getRow(tables, 'tenant', token.tenant),
  ]);
  if (session === undefined || user === undefined || tenant === undefined) throw sessionOver();
  if (!isLive(session.value, parts.clock()) || user.value.status !== 'active') throw sessionOver();
  const isGuest = user.value.elsewhere === true;
  if (isGuest && !(await hasHome(parts.tables, user.value.email))) throw sessionOver();
  if (isStale(session.value.lastSeenAt, parts.clock())) {
    const lastSeenAt = new Date(parts.clock()).toISOString();
    const seen = { ...session.value, lastSeenAt };
    await touch(parts, token.tenant, putRow('session', session.id, seen, session.version));
  }
  return {
    ...about,
    tenant: token.tenant,
    timeZone: tenant.value.timeZone,
    subject: { type: 'user', id: user.id, name: user.value.name },
    roles: [...user.value.roles],
    ...(isGuest ? { scopes: [...GUEST_SCOPES] } : {}),
    session: token.session,
  };
}

async function byKey(parts: IdentifyParts, text: string, about: About): Promise<CallerClaims> {
  const token = parseApiKeyToken(text);
  if (token === undefined) {
    throw unauthenticated('This is no API key of this service. Check that it was copied in full.');
  }
  const entry = await parts.tables.find({ kind: 'api-key', id: token.id });
  if (entry === undefined) throw unknownKey();
  const tables = parts.tables.forTenant(entry.tenant);
  const [key, tenant] = await Promise.all([
    getRow(tables, 'api-key', token.id),
    getRow(tables, 'tenant', entry.tenant),
  ]);
  if (key === undefined || tenant === undefined) throw unknownKey();
  if (!isSecretOf(key.value, token.secret)) throw unknownKey();
  const maker = await getRow(tables, 'user', key.value.createdBy);
  const caller: CallerClaims = {
    ...about,
    tenant: entry.tenant,
    timeZone: tenant.value.timeZone,
    subject: { type: 'key', id: key.id, name: key.value.name },
    // What its maker may do now, within the scopes: a key never outlives its maker's rights.
    roles: [...(maker?.value.roles ?? [])],
    scopes: [...key.value.scopes],
    ...(key.value.cadSource === undefined ? {} : { cadSource: key.value.cadSource }),
  };
  const reason = whyRefused(key.value, maker, parts.clock());
  if (reason !== undefined) {
    await parts.keyRefused(caller, reason);
    throw unauthenticated(`The API key is refused: ${reason}.`);
  }
  await touchKey(parts, entry.tenant, key);
  return caller;
}

function isSecretOf(key: ApiKeyRow, secret: string): boolean {
  return timingSafeEqual(Buffer.from(secretHashOf(secret)), Buffer.from(key.secretHash));
}

/** Only told to a caller who has shown the secret. */
function whyRefused(
  key: ApiKeyRow,
  maker: Stored<UserRow> | undefined,
  nowMs: number,
): string | undefined {
  if (key.revokedAt !== undefined) return 'it was revoked';
  if (key.expiresAt !== undefined && nowMs >= Date.parse(key.expiresAt)) return 'it has expired';
  if (maker?.value.status !== 'active') return 'the account of its maker is closed';
  return undefined;
}

async function touchKey(
  parts: IdentifyParts,
  tenant: TenantId,
  { id, version, value }: Stored<ApiKeyRow>,
): Promise<void> {
  if (!isStale(value.lastUsedAt, parts.clock())) return;
  const lastUsedAt = new Date(parts.clock()).toISOString();
  await touch(parts, tenant, putRow('api-key', id, { ...value, lastUsedAt }, version));
}

/** A lost race is nobody's loss: another request has touched the row, or ended what it stands for. */
async function touch(parts: IdentifyParts, tenant: TenantId, change: Change): Promise<void> {
  const unaudited = 'when a session or key was last used; its beginning and end are events';
  await parts.tables.forTenant(tenant).write({ changes: [change], events: [], unaudited });
}

function sessionOver(): Problem {
  return unauthenticated('The session is over or was never ours. Sign in again.');
}

function unknownKey(): Problem {
  return unauthenticated('There is no such API key.');
}

function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', { detail });
}
