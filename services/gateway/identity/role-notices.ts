/**
 * Notices of other services to the people of a department who hold a role.
 *
 * 1. A row for each kind of notice and person says which one they had last, and who is sending.
 * 2. The mail goes out. Its id is made of kind, key and person: one sent twice is recognisable.
 *    Nothing goes to a person to whom mail is suppressed.
 * 3. The row says that it was sent, or withheld, in one write with an event.
 *
 * Killed between 2 and 3, or unable to send: the row is free again after CLAIM_MS, and the mail goes
 * out once more, under the same Message-ID.
 */
import { readDepartmentZone, sendNotice } from '#contracts/notices.ts';
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle } from '#shared/service.ts';
import { type HandlerParts, record } from './handler-parts.ts';
import { getRow, putRow, rowOf, type Stored, type UserRow } from './rows.ts';

const CLAIM_MS = 5 * 60_000;
const WITHHELD = 'gateway.notice.withheld';
const UNAUDITED = 'a mail about to be sent; that it was sent is an event';

type Outcome = 'sent' | 'withheld' | 'repeated' | 'left';
type SendCall = Call<typeof sendNotice>;

export function roleNoticeHandlings(parts: HandlerParts): readonly Handling[] {
  return [
    handle(sendNotice, async (call) => {
      // Before the first mail: one that is out must get its event.
      parts.relay.assertRoom();
      const body = { sent: 0, withheld: 0, repeated: 0, left: 0 };
      for await (const user of holders(call)) body[await sendTo(parts, call, user)] += 1;
      return { body };
    }),
    handle(readDepartmentZone, async ({ tables, caller }) => {
      const tenant = await getRow(tables, 'tenant', caller.tenant);
      if (tenant === undefined) throw new Problem('not-found');
      return { body: { timeZone: tenant.value.timeZone } };
    }),
  ];
}

async function* holders({ tables, body }: SendCall): AsyncGenerator<Stored<UserRow>> {
  const wanted = new Set<string>(body.roles);
  for await (const row of rowsOf(tables, { kind: 'user' })) {
    const user = rowOf('user', row);
    const { status, roles } = user.value;
    if (status === 'active' && roles.some((role) => wanted.has(role))) yield user;
  }
}

async function sendTo(
  parts: HandlerParts,
  call: SendCall,
  user: Stored<UserRow>,
): Promise<Outcome> {
  const { tables, body, now, caller } = call;
  const { kind, key } = body;
  const id = `${kind}.${user.id}`;
  const claim = await claimed(tables, { id, key, now });
  if (typeof claim === 'string') return claim;
  const to = { tenant: caller.tenant, userId: user.id, email: user.value.email };
  let outcome: 'sent' | 'withheld';
  try {
    outcome = await parts.mail.send(to, mailFor(user.id, body));
  } catch (error) {
    parts.log.warn({ userId: user.id, kind, key, err: error }, 'a notice was not sent');
    return 'left';
  }
  const isSent = outcome === 'sent';
  const at = now.toISOString();
  const told = { key, claimedAt: at, ...(isSent ? { sentAt: at } : { withheldAt: at }) };
  const event = call.event({
    ...(isSent ? {} : { action: WITHHELD }),
    object: { type: 'notice', id: `${kind}/${key}` },
    changes: [{ field: 'user', after: user.id }],
  });
  const change = putRow('notice', id, told, claim.version);
  await record(parts, caller.tenant, { changes: [change], events: [event] });
  return outcome;
}

/** The row is ours; or why it is not. */
async function claimed(
  tables: TenantTables,
  about: { readonly id: string; readonly key: string; readonly now: Date },
): Promise<{ readonly version: number } | 'repeated' | 'left'> {
  const { id, key, now } = about;
  const row = await getRow(tables, 'notice', id);
  if (row !== undefined && row.value.key >= key) {
    const { sentAt, withheldAt } = row.value;
    const isDone = (sentAt ?? withheldAt) !== undefined || row.value.key > key;
    if (isDone) return 'repeated';
    if (now.getTime() - Date.parse(row.value.claimedAt) < CLAIM_MS) return 'left';
  }
  const change = putRow('notice', id, { key, claimedAt: now.toISOString() }, row?.version ?? 0);
  const result = await tables.write({ changes: [change], events: [], unaudited: UNAUDITED });
  return result.ok ? { version: (row?.version ?? 0) + 1 } : 'left';
}

function mailFor(userId: string, body: SendCall['body']) {
  const { kind, key, subject, text, attachment } = body;
  const attachments = attachment === undefined ? {} : { attachments: [attachment] };
  return { id: `${kind}-${key}-${userId}`, subject, text, ...attachments };
}
