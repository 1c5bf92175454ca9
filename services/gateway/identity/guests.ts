import { randomUUIDv7 } from 'node:crypto';
import type { TenantId } from '#contracts/primitives.ts';
import { grantReviewer } from '#contracts/users.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Change, Tables, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { granted, guestKey, isReviewerAtHome } from './guest.ts';
import type { HandlerParts } from './handler-parts.ts';
import {
  addToDirectory,
  emailKey,
  getRow,
  putRow,
  type Stored,
  sessionRowId,
  type TenantRow,
  type UserRow,
} from './rows.ts';
import { slugKey } from './tenants.ts';
import { auditedFields, userOf } from './user.ts';

/** With the other items well within one write. */
const SESSIONS_MAX = 80;

/** A grant, with the department that gave it. */
export interface Guest {
  readonly tenant: TenantId;
  readonly tables: TenantTables;
  readonly tenantRow: Stored<TenantRow>;
  readonly user: Stored<UserRow>;
}

export function guestHandlings({ tables }: HandlerParts): readonly Handling[] {
  return [handle(grantReviewer, (call) => retryOnRace(() => grant(tables, call)))];
}

/** A grant that was ended can be given again: it is the same row, and the same person. */
async function grant(
  all: Tables,
  call: Call<typeof grantReviewer>,
): Promise<Committed<typeof grantReviewer>> {
  const { body, caller, tables } = call;
  const { tenant } = caller;
  const earlier = await endedGrant(all, tables, { tenant, email: body.email });
  const value = granted({ ...body, createdAt: earlier?.value.createdAt ?? call.now.toISOString() });
  const id = earlier?.id ?? randomUUIDv7();
  const version = (earlier?.version ?? 0) + 1;
  const before = earlier === undefined ? {} : auditedFields(earlier.value);
  const event = call.event({
    object: { type: 'user', id, version },
    changes: changesBetween(before, auditedFields(value)),
  });
  return call.commit({
    changes: [putRow('user', id, value, version - 1), ...(await endedSessions(tables, id))],
    directory:
      earlier === undefined ? [addToDirectory(guestKey(tenant, body.email), tenant, id)] : [],
    events: [event],
    reply: { body: userOf({ id, version, value }), version },
  });
}

/** Sessions from before a grant was ended must not come back with the next one. */
async function endedSessions(tables: TenantTables, user: string): Promise<Change[]> {
  const prefix = sessionRowId(user, '');
  const sessions = await tables.list({ kind: 'session', prefix, limit: SESSIONS_MAX + 1 });
  if (sessions.length > SESSIONS_MAX) {
    throw new Problem('conflict', {
      detail: 'The person has too many sessions from before. Grant it again when they are over.',
    });
  }
  return sessions.map(({ id, version }) => ({ remove: { kind: 'session', id }, expect: version }));
}

/** Problem `already-exists` for somebody who can read here already. */
async function endedGrant(
  all: Tables,
  tables: TenantTables,
  { tenant, email }: { readonly tenant: TenantId; readonly email: string },
): Promise<Stored<UserRow> | undefined> {
  const own = await all.find(emailKey(email));
  if (own?.tenant === tenant) {
    throw new Problem('already-exists', { detail: 'The e-mail is of an account of yours.' });
  }
  const entry = await all.find(guestKey(tenant, email));
  const user = entry && (await getRow(tables, 'user', entry.id));
  if (user === undefined || user.value.status === 'deactivated') return user;
  throw new Problem('already-exists', { detail: 'This e-mail was granted to read here already.' });
}

/** What the department of that short name has granted the address; `undefined` when nothing. */
export async function findGuest(
  all: Tables,
  about: { readonly slug: string; readonly email: string },
): Promise<Guest | undefined> {
  const department = await all.find(slugKey(about.slug));
  if (department === undefined) return undefined;
  const { tenant } = department;
  const entry = await all.find(guestKey(tenant, about.email));
  if (entry === undefined) return undefined;
  const tables = all.forTenant(tenant);
  const [tenantRow, user] = await Promise.all([
    getRow(tables, 'tenant', tenant),
    getRow(tables, 'user', entry.id),
  ]);
  if (tenantRow === undefined || user?.value.status !== 'active') return undefined;
  return { tenant, tables, tenantRow, user };
}

/** Does the account at home still stand, as that of a reviewer? Asked anew at each request. */
export async function hasHome(all: Tables, email: string): Promise<boolean> {
  const entry = await all.find(emailKey(email));
  const home = entry && (await getRow(all.forTenant(entry.tenant), 'user', entry.id));
  return home !== undefined && isReviewerAtHome(home.value);
}
