import { acceptInvitation } from '#contracts/users.ts';
import { changesBetween } from '#shared/audit.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { type HandlerParts, inNameOf } from './handler-parts.ts';
import { invitationKey, isExpired } from './invitation.ts';
import { getRow, putRow, type UserRow } from './rows.ts';
import { auditedFields, userOf } from './user.ts';

type AcceptCall = Call<typeof acceptInvitation>;

export function invitationHandlings(parts: HandlerParts): readonly Handling[] {
  return [
    handle(acceptInvitation, async (call) => {
      // Looked at before the password is hashed: a stranger's guess must cost us little.
      await findInvited(parts, call);
      const passwordHash = await parts.passwords.hash(call.body.password);
      return retryOnRace(() => accept(parts, call, passwordHash));
    }),
  ];
}

async function accept(
  parts: HandlerParts,
  call: AcceptCall,
  passwordHash: string,
): Promise<Committed<typeof acceptInvitation>> {
  const { tenant, tables, invitation, user } = await findInvited(parts, call);
  const credential = await getRow(tables, 'credential', user.id);
  const { invitation: _used, ...rest } = user.value;
  const active: UserRow = { ...rest, status: 'active' };
  const acceptedAt = call.now.toISOString();
  const stored = { id: user.id, version: user.version + 1, value: active };
  const fresh = { passwordHash, failures: [] };
  // Whoever holds the token is the person invited: the event is theirs.
  const subject = { type: 'user', id: user.id, name: active.name } as const;
  const event = call.event({
    tenant,
    object: { type: 'user', id: user.id, version: stored.version },
    changes: changesBetween(auditedFields(user.value), auditedFields(active)),
  });
  return call.commit({
    tables,
    changes: [
      putRow('user', user.id, active, user.version),
      putRow('credential', user.id, fresh, credential?.version ?? 0),
      putRow('invitation', invitation.id, { ...invitation.value, acceptedAt }, invitation.version),
    ],
    events: [inNameOf(event, subject)],
    reply: { body: userOf(stored) },
  });
}

/** The account behind the token. Problem `not-found`, or `gone` for a token that was good once. */
async function findInvited({ tables: all }: HandlerParts, { params, now }: AcceptCall) {
  const entry = await all.find(invitationKey(params.token));
  if (entry === undefined) throw new Problem('not-found');
  const tables = all.forTenant(entry.tenant);
  const invitation = await getRow(tables, 'invitation', entry.id);
  const user = invitation && (await getRow(tables, 'user', invitation.value.userId));
  if (invitation === undefined || user === undefined) throw new Problem('not-found');
  if (invitation.value.acceptedAt !== undefined) throw gone('It was accepted already.');
  if (user.value.invitation !== invitation.id) throw gone('It was replaced or withdrawn.');
  if (isExpired(invitation.value, now)) throw gone('It has expired. Ask to be invited again.');
  return { tenant: entry.tenant, tables, invitation, user };
}

function gone(detail: string): Problem {
  return new Problem('gone', { detail });
}
