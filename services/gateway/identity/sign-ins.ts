import { randomUUIDv7 } from 'node:crypto';
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { signIn } from '#contracts/sessions.ts';
import type { Change, RowKey, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { GUEST_SCOPES, isReviewerAtHome } from './guest.ts';
import { findGuest } from './guests.ts';
import { type HandlerParts, inNameOf, record } from './handler-parts.ts';
import {
  type CredentialRow,
  emailKey,
  getRow,
  listRows,
  putRow,
  type Stored,
  sessionRowId,
  type TenantRow,
  type UserRow,
} from './rows.ts';
import { newSession, sessionCookie } from './session.ts';
import { sealSessionToken } from './session-token.ts';
import { asUser, sessionOf, whoIs } from './sessions.ts';
import { decideSignIn, FAILURES_MAX, type SignInOutcome } from './sign-in.ts';

/** A sign-in clears away this many of the person's sessions that are over, the oldest first. */
const SESSIONS_CLEARED_MAX = 20;

type SignInCall = Call<typeof signIn>;
type Accepted = Extract<SignInOutcome, { kind: 'accepted' }>;

interface Account {
  readonly tenant: TenantId;
  readonly tables: TenantTables;
  readonly tenantRow: Stored<TenantRow>;
  readonly user: Stored<UserRow>;
  readonly credential: Stored<CredentialRow> | undefined;
}

export function signInHandlings(parts: HandlerParts): readonly Handling[] {
  return [
    handle(signIn, async (call) => {
      const key = emailKey(call.body.email);
      const account = await findAccount(parts, key);
      const checkedHash = account?.credential?.value.passwordHash;
      const isRight = await parts.passwords.verify(call.body.password, checkedHash);
      if (account === undefined) return refuseUnknown(parts, call);
      // Few get here at once: the hashes bound them. Each sees what the one before it has counted.
      return retryOnRace(() => attempt(parts, call, { key, isRight, checkedHash }));
    }),
  ];
}

/** One pass: reads the account as it is now, decides, and writes on condition that it still is so. */
async function attempt(
  parts: HandlerParts,
  call: SignInCall,
  check: {
    readonly key: RowKey;
    readonly isRight: boolean;
    readonly checkedHash?: string | undefined;
  },
): Promise<Committed<typeof signIn>> {
  const account = await findAccount(parts, check.key);
  if (account === undefined) return refuseUnknown(parts, call);
  const { user, credential } = account;
  const outcome = decideSignIn({
    user: user.value,
    credential: credential?.value,
    // A password that was changed since it was checked has not been checked.
    isPasswordRight: check.isRight && credential?.value.passwordHash === check.checkedHash,
    now: call.now,
  });
  if (outcome.kind === 'refused') return refuse(parts, call, account, outcome);
  const { tenant: slug = account.tenantRow.value.slug } = call.body;
  if (slug !== account.tenantRow.value.slug) {
    return acceptElsewhere(parts, call, account, { outcome, slug });
  }
  const checked = putRow('credential', user.id, outcome.credential, credential?.version ?? 0);
  return openSession(parts, call, { ...account, signedIn: outcome.user }, [checked]);
}

/**
 * A reviewer whom another department has granted to read there. A write is in one tenant's tables
 * alone: what the account at home has to hear comes first, then the session is opened over there.
 */
async function acceptElsewhere(
  parts: HandlerParts,
  call: SignInCall,
  account: Account,
  { outcome, slug }: { readonly outcome: Accepted; readonly slug: string },
): Promise<Committed<typeof signIn>> {
  const { tenant, user, credential } = account;
  const { email } = user.value;
  const guest = await findGuest(parts.tables, { slug, email });
  if (guest === undefined || !isReviewerAtHome(user.value)) {
    return refuse(parts, call, account, { kind: 'refused', reason: 'not granted to read there' });
  }
  const event = call.event({
    tenant,
    action: 'gateway.session.opened-elsewhere',
    object: { type: 'user', id: user.id, version: user.version + 1 },
    changes: [{ field: 'tenant', after: guest.tenant }],
  });
  const noted = await record(parts, tenant, {
    changes: [
      putRow('user', user.id, outcome.user, user.version),
      putRow('credential', user.id, outcome.credential, credential?.version ?? 0),
    ],
    events: [inNameOf(event, { type: 'user', id: user.id, name: user.value.name })],
  });
  if (!noted.ok) return noted;
  const signedIn = { ...guest.user.value, lastSignInAt: call.now.toISOString() };
  return openSession(parts, call, { ...guest, signedIn }, []);
}

/** The session, with what else its write changes: the commit of a sign-in. */
async function openSession(
  { vault }: HandlerParts,
  call: SignInCall,
  who: Pick<Account, 'tenant' | 'tables' | 'tenantRow' | 'user'> & { readonly signedIn: UserRow },
  changes: readonly Change[],
): Promise<Committed<typeof signIn>> {
  const { tenant, tables, user, signedIn } = who;
  const id = randomUUIDv7();
  const session = newSession(call.now);
  const subject = { type: 'user', id: user.id, name: user.value.name } as const;
  const event = call.event({ tenant, object: { type: 'session', id } });
  const token = await sealSessionToken(vault, { tenant, user: user.id, session: id });
  return call.commit({
    tables,
    changes: [
      putRow('session', sessionRowId(user.id, id), session, 0),
      putRow('user', user.id, signedIn, user.version),
      ...changes,
      ...(await removeOldSessions(tables, user.id, call.now)),
    ],
    events: [inNameOf(event, { ...subject, session: id })],
    reply: {
      body: {
        ...whoIs(tenant, who.tenantRow.value),
        ...asUser({ id: user.id, version: user.version + 1, value: signedIn }),
        ...(signedIn.elsewhere ? { scopes: [...GUEST_SCOPES] } : {}),
        session: sessionOf(id, session),
      },
      headers: { 'set-cookie': sessionCookie(token) },
    },
  });
}

/** Writes down the failed try, and what it leads to; then the caller hears what everybody hears. */
async function refuse(
  parts: HandlerParts,
  call: SignInCall,
  { tenant, user, credential }: Account,
  { reason, credential: counted, locked }: Extract<SignInOutcome, { kind: 'refused' }>,
): Promise<Committed<typeof signIn>> {
  const changes: Change[] = [];
  if (counted !== undefined) {
    changes.push(putRow('credential', user.id, counted, credential?.version ?? 0));
  }
  const object = { type: 'user', id: user.id };
  const refusal = refusalEvent(call, { tenant, object, reason });
  if (locked === undefined) {
    const result = await record(parts, tenant, { changes, events: [refusal] });
    if (!result.ok) return result;
    throw badCredentials();
  }
  changes.push(putRow('user', user.id, locked, user.version));
  const lock = call.event({
    tenant,
    action: 'gateway.user.locked',
    object: { ...object, version: user.version + 1 },
    reason: `${FAILURES_MAX} wrong passwords`,
  });
  const result = await record(parts, tenant, { changes, events: [refusal, lock] });
  if (!result.ok) return result;
  parts.metrics.alarm('account-locked');
  parts.notices.accountLocked({ tenant, userId: user.id, email: user.value.email }, lock.id);
  throw badCredentials();
}

/** The platform's chain hears of it: no department's could. What was typed is nobody's to keep. */
async function refuseUnknown(parts: HandlerParts, call: SignInCall): Promise<never> {
  const object = { type: 'user', id: 'unknown' };
  const event = refusalEvent(call, { tenant: PLATFORM_TENANT, object, reason: 'unknown e-mail' });
  await record(parts, PLATFORM_TENANT, { changes: [], events: [event] });
  throw badCredentials();
}

async function findAccount(
  { tables: all }: HandlerParts,
  key: RowKey,
): Promise<Account | undefined> {
  const entry = await all.find(key);
  if (entry === undefined) return undefined;
  const tables = all.forTenant(entry.tenant);
  const [tenantRow, user, credential] = await Promise.all([
    getRow(tables, 'tenant', entry.tenant),
    getRow(tables, 'user', entry.id),
    getRow(tables, 'credential', entry.id),
  ]);
  if (tenantRow === undefined || user === undefined) return undefined;
  return { tenant: entry.tenant, tables, tenantRow, user, credential };
}

/** Sessions that are over need no row: what they did is in the ledger. */
async function removeOldSessions(tables: TenantTables, user: string, now: Date): Promise<Change[]> {
  const prefix = sessionRowId(user, '');
  const sessions = await listRows(tables, {
    kind: 'session',
    prefix,
    limit: SESSIONS_CLEARED_MAX,
  });
  return sessions
    .filter(({ value }) => Date.parse(value.expiresAt) < now.getTime())
    .map(({ id, version }) => ({ remove: { kind: 'session', id }, expect: version }));
}

function refusalEvent(
  call: SignInCall,
  fact: Pick<Parameters<SignInCall['event']>[0], 'object' | 'reason'> & {
    readonly tenant: TenantId;
  },
) {
  return call.event({ ...fact, action: 'gateway.session.refused', outcome: 'failure' });
}

function badCredentials(): Problem {
  return new Problem('bad-credentials', {
    detail:
      'The e-mail and the password do not fit together, or the account is locked or closed. ' +
      'Five wrong passwords within 15 minutes lock an account until an administrator releases it.',
  });
}
