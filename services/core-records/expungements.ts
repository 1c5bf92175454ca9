/**
 * Destroys what a record says, when the ledger asks for it in the name of an order.
 *
 * 1. One write: the record becomes a tombstone, or loses the fields; its index rows; the event.
 *    From here on nothing about it can be read or changed.
 * 2. The mails that it came from are noted: the rows that name them go next.
 * 3. Traces from which a value could be guessed, then rows of the kind's own, then the values in its
 *    history.
 * 4. `waiting`, while events with values still wait for the ledger.
 * 5. Remembered answers that name it.
 * 6. What was replaced is erased from the files of the store. `done`.
 *
 * Each step looks at the rows as they are, so that asking again goes on where a crash ended it.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { rowId } from '#contracts/primitives.ts';
import { expungeRecord, reachOfRecord } from '#contracts/record-expungements.ts';
import { changeRows, eraseTraces, waitsForLedger } from '#shared/expunging.ts';
import { forgetAnswers } from '#shared/idempotency.ts';
import type { Change, Json, Row, RowKey, Tables, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import type { Turns } from '#shared/turns.ts';
import { type Expungeable, historyLeft, isTaken, type Taking } from './expunged.ts';
import { jsonOf, type RecordBase, sortableVersion } from './record.ts';
import { authorOf, findRecord, HISTORY, indexChanges, readRecord } from './record-store.ts';

type Expunge = typeof expungeRecord;

/** Mails of an expunged record: id `<type>/<record id>`. */
const EXPUNGED_MESSAGES = 'expunged-messages';
const messageNames = z.array(rowId);

export function expungementHandling(
  tables: Tables,
  turns: Turns,
  kinds: readonly Expungeable<RecordBase>[],
): Handling {
  return handle(expungeRecord, async (call) => {
    const { record, expungement, fields } = call.body;
    const { tenant } = call.caller;
    const kind = kinds.find(({ type }) => type === record.type);
    if (kind === undefined || (await findRecord(kind, call.tables, record.id)) === undefined) {
      return { body: { state: 'done' as const, isKept: false, messageIds: [] } };
    }
    const taking = { expungement, fields, at: call.now.toISOString() };
    const turn = `${tenant}/${record.type}/${record.id}`;
    const attempt = () => takeFrom(kind, call, taking);
    const { body } = await turns.take(turn, () => retryOnRace(attempt));
    const messageIds = await noteMessages(kind, call.tables, { ...record, known: body.messageIds });
    await clearRows(kind, call.tables, { id: record.id, taking });
    const waits = await waitsForLedger(
      tables,
      (event) =>
        event.tenant === tenant &&
        event.object.type === record.type &&
        event.object.id === record.id,
    );
    if (waits) return { body: { ...body, messageIds } };
    await forgetAnswers(call.tables, [record.id]);
    await eraseTraces(call.tables);
    return { body: { ...body, messageIds, state: 'done' as const } };
  });
}

/** Asked before an order is approved: the mails that would go with the record. */
export function reachHandling(kinds: readonly Expungeable<RecordBase>[]): Handling {
  return handle(reachOfRecord, async ({ tables, body: { record } }) => {
    const kind = kinds.find(({ type }) => type === record.type);
    const found = kind && (await findRecord(kind, tables, record.id));
    if (kind === undefined || found === undefined) return { body: { messageIds: [] } };
    const about = { id: record.id, known: kind.messageIds(found) };
    return { body: { messageIds: [...(await messagesOf(kind, tables, about))] } };
  });
}

/** Step 1. Nothing is written when it was done before. */
async function takeFrom(
  kind: Expungeable<RecordBase>,
  call: Call<Expunge>,
  taking: Taking,
): Promise<Committed<Expunge>> {
  const before = await readRecord(kind, call.tables, call.body.record.id);
  const messageIds = [...kind.messageIds(before)];
  const reply = { body: { state: 'waiting' as const, isKept: true, messageIds } };
  if (isTaken(before, taking.expungement)) return { ok: true, reply };
  const left = kind.left(before, taking);
  const { id, version, ...content } = left;
  const reason = `expungement ${taking.expungement}`;
  const event = call.event({ object: { type: kind.type, id, version }, reason });
  const made = { version, at: left.updatedAt, action: event.action, reason, changes: [] };
  const history = jsonOf({ ...made, actor: authorOf(call.caller) });
  const historyId = `${id}/${sortableVersion(version)}`;
  return call.commit({
    changes: [
      { put: { kind: kind.type, id, value: jsonOf(content) }, expect: before.version },
      { put: { kind: HISTORY, id: historyId, value: history }, expect: 0 },
      ...indexChanges(kind.indexRows(before), kind.indexRows(left)),
    ],
    events: [event],
    reply,
  });
}

/** Step 2: the rows that name them are about to go, and whoever asks again needs the names. */
async function noteMessages(
  kind: Expungeable<RecordBase>,
  tables: TenantTables,
  { id, known }: { readonly id: string; readonly known: readonly string[] },
): Promise<string[]> {
  const key = { kind: EXPUNGED_MESSAGES, id: `${kind.type}/${id}` };
  const row = await tables.get(key);
  const noted = row === undefined ? [] : messageNames.parse(row.value);
  const about = { id, known: [...known, ...noted] };
  const all = [...(await messagesOf(kind, tables, about))];
  if (all.length === noted.length) return all;
  const written = await tables.write({
    changes: [{ put: { ...key, value: all }, expect: row?.version ?? 0 }],
    events: [],
    unaudited: 'names of mails, whose end is an event of each',
  });
  if (!written.ok) throw new Problem('conflict', { detail: 'The record is being expunged.' });
  return all;
}

/** The known ones, and those that rows of the kind's own tell of. */
async function messagesOf(
  { own }: Expungeable<RecordBase>,
  tables: TenantTables,
  { id, known }: { readonly id: string; readonly known: readonly string[] },
): Promise<ReadonlySet<string>> {
  const names = new Set(known);
  if (own === undefined) return names;
  await changeRows(tables, { kind: own.kind, prefix: `${id}/` }, ({ value }) => {
    for (const name of own.messageIds(value)) names.add(name);
    return undefined;
  });
  return names;
}

/** Step 3. */
async function clearRows(
  { own }: Expungeable<RecordBase>,
  tables: TenantTables,
  { id, taking }: { readonly id: string; readonly taking: Taking },
): Promise<void> {
  const prefix = `${id}/`;
  if (own !== undefined) {
    await clearTraces(own, tables, { prefix, taking });
    await changeRows(tables, { kind: own.kind, prefix }, (row) =>
      changeTo(row, own.left(row.value, taking)),
    );
  }
  await changeRows(tables, { kind: HISTORY, prefix }, (row) =>
    changeTo(row, historyLeft(row.value, taking)),
  );
}

async function clearTraces(
  own: NonNullable<Expungeable<RecordBase>['own']>,
  tables: TenantTables,
  { prefix, taking }: { readonly prefix: string; readonly taking: Taking },
): Promise<void> {
  const traces = new Map<string, RowKey>();
  await changeRows(tables, { kind: own.kind, prefix }, ({ value }) => {
    for (const key of own.traces(value, taking)) traces.set(key.id, key);
    return undefined;
  });
  for (const { kind, id } of traces.values()) {
    await changeRows(tables, { kind, prefix: id }, (row) => changeTo(row, undefined));
  }
}

/** `undefined` where nothing has to change. */
function changeTo({ kind, id, version, value }: Row, left: Json | undefined): Change | undefined {
  if (left === undefined) return { remove: { kind, id }, expect: version };
  if (isDeepStrictEqual(left, value)) return undefined;
  return { put: { kind, id, value: left }, expect: version };
}
