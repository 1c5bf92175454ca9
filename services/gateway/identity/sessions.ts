import type { TenantId } from '#contracts/primitives.ts';
import { currentSession, type Identity, signOut } from '#contracts/sessions.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import {
  getRow,
  putRow,
  type SessionRow,
  type Stored,
  sessionRowId,
  type TenantRow,
  type UserRow,
} from './rows.ts';
import { endOfSessionCookie, SESSION_IDLE_SECONDS } from './session.ts';

export const sessionHandlings: readonly Handling[] = [
  handle(currentSession, async (call) => ({ body: await readIdentity(call) })),
  handle(signOut, (call) => retryOnRace(() => endSession(call))),
];

async function endSession(call: Call<typeof signOut>): Promise<Committed<typeof signOut>> {
  const { subject, session: id } = call.caller;
  const rowId = id && sessionRowId(subject.id, id);
  const session = rowId && (await getRow(call.tables, 'session', rowId));
  if (!session || session.value.endedAt !== undefined) {
    throw new Problem('not-found', { detail: 'There is no session to end: an API key has none.' });
  }
  const ended = { ...session.value, endedAt: call.now.toISOString() };
  return call.commit({
    changes: [putRow('session', session.id, ended, session.version)],
    events: [call.event({ object: { type: 'session', id: id ?? '' } })],
    reply: { body: null, headers: { 'set-cookie': endOfSessionCookie() } },
  });
}

async function readIdentity({ caller, tables }: Call<typeof currentSession>): Promise<Identity> {
  const { tenant, subject, roles, scopes, session: sessionId } = caller;
  const tenantRow = await getRow(tables, 'tenant', tenant);
  if (tenantRow === undefined) throw new Problem('unauthenticated');
  const who = whoIs(tenant, tenantRow.value);
  if (subject.type === 'key') {
    const key = { id: subject.id, name: subject.name ?? '' };
    return { ...who, key, roles: [...roles], ...(scopes && { scopes: [...scopes] }) };
  }
  const [user, session] = await Promise.all([
    getRow(tables, 'user', subject.id),
    getRow(tables, 'session', sessionRowId(subject.id, sessionId ?? '')),
  ]);
  if (user === undefined || session === undefined) throw new Problem('unauthenticated');
  const limited = scopes && { scopes: [...scopes] };
  return {
    ...who,
    ...asUser(user),
    ...limited,
    session: sessionOf(sessionId ?? '', session.value),
  };
}

export function whoIs(id: TenantId, { slug, name, timeZone }: TenantRow): Pick<Identity, 'tenant'> {
  return { tenant: { id, slug, name, timeZone } };
}

export function asUser({ id, value }: Stored<UserRow>): Pick<Identity, 'user' | 'roles'> {
  const { email, name, roles } = value;
  return { user: { id, email, name }, roles: [...roles] };
}

export function sessionOf(id: string, { createdAt, expiresAt }: SessionRow): Identity['session'] {
  return { id, createdAt, expiresAt, idleTimeoutSeconds: SESSION_IDLE_SECONDS };
}
