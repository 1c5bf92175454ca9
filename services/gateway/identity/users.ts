import type { Role } from '#contracts/permissions.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import {
  deactivateUser,
  inviteUser,
  listUsers,
  readUser,
  unlockUser,
  updateUser,
} from '#contracts/users.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage, rowsOf } from '#shared/pages.ts';
import type { Change, Row, Tables, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { HandlerParts } from './handler-parts.ts';
import { hasExpiredInvitation, invited, invitedAgain } from './invitation.ts';
import { emailKey, getRow, putRow, rowOf, type Stored, type UserRow } from './rows.ts';
import {
  assertVersion,
  auditedFields,
  deactivated,
  isKeeper,
  keeperRole,
  losesKeeper,
  unlocked,
  updated,
  userOf,
} from './user.ts';

export function userHandlings({ tables }: HandlerParts): readonly Handling[] {
  return [
    handle(inviteUser, (call) => {
      assertRolesFit(call);
      return retryOnRace(() => invite(tables, call));
    }),
    handle(listUsers, async ({ operation, query, tables: own }) => {
      const itemOf = async (row: Row) => userOf(rowOf('user', row));
      const rows = { kind: 'user' };
      return {
        body: await listPage({ operation: operation.name, query, tables: own, rows, itemOf }),
      };
    }),
    handle(readUser, async (call) => {
      const user = await getUser(call.tables, call.params.id);
      return { body: userOf(user), version: user.version };
    }),
    handle(updateUser, (call) => {
      assertRolesFit(call);
      const decide = (user: UserRow) => updated(user, call.body);
      return retryOnRace(async () => call.commit(await changeOf(call, decide)));
    }),
    handle(unlockUser, (call) =>
      retryOnRace(async () => call.commit(await changeOf(call, unlocked))),
    ),
    handle(deactivateUser, (call) =>
      retryOnRace(async () => call.commit(await changeOf(call, deactivated))),
    ),
  ];
}

async function invite(
  all: Tables,
  call: Call<typeof inviteUser>,
): Promise<Committed<typeof inviteUser>> {
  const { caller, body, now } = call;
  const { tenant } = caller;
  const earlier = await expiredInvitee(all, call);
  const { user, invitation, changes, directory } = earlier
    ? invitedAgain({ tenant, user: { ...earlier, value: { ...earlier.value, ...body } }, now })
    : invited({ tenant, ...body, now });
  const { id, version } = user;
  const before = earlier === undefined ? {} : auditedFields(earlier.value);
  const event = call.event({
    object: { type: 'user', id, version },
    changes: changesBetween(before, auditedFields(user.value)),
  });
  const reply = { body: { ...userOf(user), invitation }, version };
  return call.commit({ changes, directory, events: [event], reply });
}

/** A person of this tenant whose invitation has expired can be invited again; nobody else can. */
async function expiredInvitee(
  all: Tables,
  { body, tables, caller, now }: Call<typeof inviteUser>,
): Promise<Stored<UserRow> | undefined> {
  const entry = await all.find(emailKey(body.email));
  if (entry === undefined) return undefined;
  const user = entry.tenant === caller.tenant ? await getRow(tables, 'user', entry.id) : undefined;
  if (user !== undefined && (await hasExpiredInvitation(tables, user, now))) return user;
  throw new Problem('already-exists', { detail: 'There is an account with this e-mail already.' });
}

/** What one change of an account writes, on condition that nothing else comes between. */
async function changeOf(
  call: Pick<Call, 'caller' | 'tables' | 'ifMatch' | 'event'> & {
    readonly params: { readonly id: string };
  },
  decide: (user: UserRow) => UserRow,
) {
  const { caller, tables } = call;
  const user = await getUser(tables, call.params.id);
  assertVersion(user, call.ifMatch);
  const value = decide(user.value);
  const keeper = losesKeeper(user.value, value, caller.tenant)
    ? [await anotherKeeper(tables, caller.tenant, user.id)]
    : [];
  const after = { id: user.id, version: user.version + 1, value };
  const event = call.event({
    object: { type: 'user', id: user.id, version: after.version },
    changes: changesBetween(auditedFields(user.value), auditedFields(value)),
  });
  return {
    changes: [putRow('user', user.id, value, user.version), ...keeper],
    events: [event],
    reply: { body: userOf(after), version: after.version },
  } as const;
}

/**
 * That somebody else still looks after the accounts, as a condition of the write: two who take the
 * role from each other at the same time would otherwise both succeed. Problem `conflict` when there
 * is nobody.
 */
async function anotherKeeper(tables: TenantTables, tenant: string, but: string): Promise<Change> {
  for await (const row of rowsOf(tables, { kind: 'user' })) {
    const other = rowOf('user', row);
    if (other.id !== but && isKeeper(other.value, tenant)) {
      return { check: { kind: 'user', id: other.id }, expect: other.version };
    }
  }
  throw new Problem('conflict', {
    detail: `Nobody else holds the role ${keeperRole(tenant)}. Give it to another person first.`,
  });
}

async function getUser(tables: TenantTables, id: string): Promise<Stored<UserRow>> {
  const user = await getRow(tables, 'user', id);
  if (user === undefined) throw new Problem('not-found');
  return user;
}

/** The platform's role is for the platform's own people. */
function assertRolesFit({
  body,
  caller,
}: {
  readonly body: { readonly roles?: readonly Role[] | undefined };
  readonly caller: { readonly tenant: string };
}): void {
  const at = body.roles?.indexOf('platform') ?? -1;
  if (at < 0 || caller.tenant === PLATFORM_TENANT) return;
  const detail = 'is not a role of a department';
  throw new Problem('validation', {
    detail: `Mend #/body/roles/${at} and send it again.`,
    errors: [{ pointer: `#/body/roles/${at}`, detail }],
  });
}
