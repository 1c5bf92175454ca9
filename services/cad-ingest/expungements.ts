/**
 * Destroys what is kept of dispatch mails, when the ledger asks for it in the name of an order.
 *
 * 1. The row of each mail: draft, subject and sender gone, with its event. Then its raw bytes.
 * 2. `waiting`, while a mail is still being worked on: it may hold other calls, and none is lost.
 * 3. Answers to vendors that name the mail are forgotten.
 * 4. What was replaced is erased from the files of the store. `done`.
 *
 * Events about mails have no word of them, so that none has to reach the ledger first. The work id
 * stays: the same mail sent again is recognised, and not taken anew. A crash between the row and the
 * bytes: asked again, step 1 removes the bytes.
 */
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { expungeMessages, reachOfMessages } from '#contracts/record-expungements.ts';
import { draftWithout } from '#shared/cad-draft.ts';
import { eraseTraces } from '#shared/expunging.ts';
import { forgetAnswers } from '#shared/idempotency.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { type Call, type Handling, handle, retryOnRace } from '#shared/service.ts';
import {
  getMessage,
  INDEX_KIND,
  type MessageRow,
  messageChanges,
  namesOf,
  rawKeyOf,
  rawPrefixOf,
  type StoredMessage,
} from './message.ts';

type Expunge = typeof expungeMessages;

export function expungementHandling({ blobs }: { readonly blobs: Blobs }): Handling {
  return handle(expungeMessages, async (call) => {
    let isWaiting = false;
    for (const id of call.body.messageIds) {
      const { body } = await retryOnRace(() => takeMessage(call, id));
      isWaiting ||= body.state === 'waiting';
      const message = await getMessage(call.tables, id);
      if (body.state === 'waiting' || message === undefined) continue;
      // Another source may have had the same mail: its raw bytes are these.
      await blobs.erase(rawKeyOf(call.caller.tenant, message.value.sha256));
    }
    if (isWaiting) return { body: { state: 'waiting' as const } };
    await forgetAnswers(call.tables, call.body.messageIds);
    await eraseTraces(call.tables);
    return { body: { state: 'done' as const } };
  });
}

/**
 * Asked before an order is approved: a hold may name a mail, its source, or an incident of it; and the
 * same of a mail to another source whose raw bytes are these.
 */
export function reachHandling(): Handling {
  return handle(reachOfMessages, async ({ tables, body }) => {
    const found = await Promise.all(body.messageIds.map((id) => sharing(tables, id)));
    return { body: { objects: found.flat().flatMap(namesOf) } };
  });
}

/** The mail, and others that have its bytes. */
async function sharing(tables: TenantTables, id: string): Promise<StoredMessage[]> {
  const message = await getMessage(tables, id);
  if (message === undefined) return [];
  const prefix = rawPrefixOf(message.value.sha256);
  const rows = await tables.list({ kind: INDEX_KIND, prefix, limit: LIST_ROWS_MAX });
  const others = rows.map((row) => getMessage(tables, row.id.slice(prefix.length)));
  return [message, ...(await Promise.all(others)).filter((each) => each !== undefined)];
}

async function takeMessage(call: Call<Expunge>, id: string) {
  const { expungement, fields } = call.body;
  const reply = { body: { state: 'done' as const } };
  const before = await getMessage(call.tables, id);
  if (before === undefined || before.value.expungedBy?.includes(expungement)) {
    return { ok: true as const, reply };
  }
  if (before.value.status === 'received') {
    return { ok: true as const, reply: { body: { state: 'waiting' as const } } };
  }
  const value = left(before.value, { expungement, fields, at: call.now.toISOString() });
  const object = { type: 'cad-message', id, version: before.version + 1 };
  const event = call.event({ object, reason: `expungement ${expungement}` });
  return call.commit({ changes: messageChanges(id, value, before), events: [event], reply });
}

/** What is left on the row: a subject can repeat any field, and goes in each case. */
function left(
  before: MessageRow,
  taking: {
    readonly expungement: string;
    readonly fields: readonly string[] | undefined;
    readonly at: string;
  },
): MessageRow {
  const {
    subject: _s,
    from,
    messageId: _m,
    draft,
    pages,
    reason,
    expungedBy = [],
    ...kept
  } = before;
  const about = { ...kept, touchedAt: taking.at, expungedBy: [...expungedBy, taking.expungement] };
  const { fields } = taking;
  if (fields === undefined) return { ...about, status: 'expunged' };
  return {
    ...about,
    ...(from === undefined ? {} : { from }),
    ...(reason === undefined ? {} : { reason }),
    ...(draft === undefined ? {} : { draft: draftWithout(draft, fields) }),
    ...(pages === undefined
      ? {}
      : { pages: pages.map((page) => ({ ...page, draft: draftWithout(page.draft, fields) })) }),
  };
}
