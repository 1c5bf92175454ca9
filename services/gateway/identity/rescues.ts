/**
 * What Platform staff can do for a department whose administrators cannot get in. Neither operation
 * shows anything of the department, and both stand in its chain as well as in the platform's.
 */
import type { TenantId } from '#contracts/primitives.ts';
import { reinviteTenantUser, unlockTenantUser } from '#contracts/tenants.ts';
import { changesBetween } from '#shared/audit.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { HandlerParts } from './handler-parts.ts';
import { hasExpiredInvitation, invitedAgain } from './invitation.ts';
import { emailKey, getRow, putRow, type Stored, type UserRow } from './rows.ts';
import { auditedFields, unlocked } from './user.ts';

type RescueCall = Call<typeof unlockTenantUser> | Call<typeof reinviteTenantUser>;

export function rescueHandlings(parts: HandlerParts): readonly Handling[] {
  return [
    handle(unlockTenantUser, (call) => retryOnRace(() => unlock(parts, call))),
    handle(reinviteTenantUser, (call) => retryOnRace(() => reinvite(parts, call))),
  ];
}

async function unlock(
  parts: HandlerParts,
  call: Call<typeof unlockTenantUser>,
): Promise<Committed<typeof unlockTenantUser>> {
  const { tenant, tables, user } = await findUser(parts, call);
  const value = unlocked(user.value);
  return call.commit({
    tables,
    changes: [putRow('user', user.id, value, user.version)],
    events: inBothChains(call, tenant, user, value),
    reply: { body: null },
  });
}

async function reinvite(
  parts: HandlerParts,
  call: Call<typeof reinviteTenantUser>,
): Promise<Committed<typeof reinviteTenantUser>> {
  const { tenant, tables, user } = await findUser(parts, call);
  if (!(await hasExpiredInvitation(tables, user, call.now))) {
    throw new Problem('conflict', { detail: 'The account has no invitation that has expired.' });
  }
  const { invitation, changes, directory } = invitedAgain({ tenant, user, now: call.now });
  return call.commit({
    tables,
    changes,
    directory,
    events: inBothChains(call, tenant, user, user.value),
    reply: { body: { invitation } },
  });
}

async function findUser(
  { tables: all }: HandlerParts,
  { params, body }: RescueCall,
): Promise<{
  readonly tenant: TenantId;
  readonly tables: TenantTables;
  readonly user: Stored<UserRow>;
}> {
  const entry = await all.find(emailKey(body.email));
  const tables = all.forTenant(params.id);
  const isHere = entry?.tenant === params.id;
  const user = isHere ? await getRow(tables, 'user', entry.id) : undefined;
  if (user === undefined) throw new Problem('not-found');
  return { tenant: params.id, tables, user };
}

function inBothChains(
  call: RescueCall,
  tenant: TenantId,
  { id, version, value: before }: Stored<UserRow>,
  after: UserRow,
) {
  const object = { type: 'user', id, version: version + 1 };
  const changes = changesBetween(auditedFields(before), auditedFields(after));
  const reason = `for the department ${tenant}`;
  return [call.event({ tenant, object, changes }), call.event({ object, reason })] as const;
}
