/**
 * What follows the entry of an expungement: the other services destroy what they hold.
 *
 * 1. core-records: the record; it names the mails that made it.
 * 2. files: its files.
 * 3. cad-ingest: its mails, once they are known.
 *    Each is asked until it is done, and its answer is written down before the next step needs it.
 * 4. What was on its way to the ledger was sealed under new keys meanwhile, and files and commands
 *    have keys of their own: these go too, with an entry for each.
 * 5. The keys are erased from the files of the store once more: a process that ended between the
 *    commit of an entry and what the store does behind it has left them there.
 * 6. One write: the expungement is complete, its row in the list gone, the event of it.
 *
 * A crash anywhere leaves the row in the list, and asking again changes nothing that is done. Two
 * processes: each write names the version that it was made on; who is late does the step again.
 */
import { z } from 'zod';
import type { Expungement } from '#contracts/ledger-expungements.ts';
import { rowId } from '#contracts/primitives.ts';
import {
  EXPUNGED_MESSAGES_MAX,
  expungeFiles,
  expungeMessages,
  expungeRecord,
} from '#contracts/record-expungements.ts';
import { auditEventOf } from '#shared/audit.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import { eraseTraces, waitsForLedger } from '#shared/expunging.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import { FIELDS_DESTROYED, RECORD_DESTROYED, recordOf } from '../chain/seal.ts';
import { commandsOf } from '../command-log/of-incident.ts';
import type { Log } from '../log/log.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { EXPUNGEMENT, EXPUNGING, UNAUDITED } from '../log/store.ts';
import {
  asJson,
  completed,
  followedUp,
  followUpReasonOf,
  pendingIn,
  serviceDone,
  storedIn,
} from './expungement.ts';
import { expungeFields, namesIn, valuesOf } from './fields.ts';

const workRow = z.strictObject({
  v: z.literal(1),
  /** Known once core-records has answered. */
  isKept: z.boolean().optional(),
  messageIds: z.array(rowId).optional(),
  /** Known once files has answered. */
  fileIds: z.array(rowId).optional(),
});
type Work = z.infer<typeof workRow>;

export const newWork = { v: 1 } as const satisfies Work;

export interface ExpungingParts extends LedgerParts {
  readonly client: Client;
}

/** What is to be written about an expungement in hand, and the versions that it was read at. */
interface Hand {
  readonly tables: TenantTables;
  readonly tenant: string;
  stored: Row;
  listed: Row;
  expungement: Expungement;
  work: Work;
}

/** Does what can be done now. True when it is complete. Rejects with the Problem of a service. */
export async function carryOn(
  parts: ExpungingParts,
  logs: Logs,
  about: { readonly tenant: string; readonly id: string },
): Promise<boolean> {
  const hand = await take(parts, about);
  if (hand === undefined) return true;
  await askRecords(parts, hand);
  await askFiles(parts, hand);
  await askMessages(parts, hand);
  if (pendingIn(hand.expungement).length > 0) return false;
  if (await commandsWait(parts, hand)) return false;
  await logs.use(about.tenant, (log) => followUp(parts, log, hand));
  await eraseTraces(hand.tables);
  await complete(parts, hand);
  return true;
}

/** `undefined` when it is not in the list any more. */
async function take(
  { tables: all }: ExpungingParts,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<Hand | undefined> {
  const tables = all.forTenant(tenant);
  const listed = await tables.get({ kind: EXPUNGING, id });
  const stored = await tables.get({ kind: EXPUNGEMENT, id });
  if (listed === undefined || stored === undefined) return undefined;
  const expungement = storedIn(stored);
  return { tables, tenant, stored, listed, expungement, work: workRow.parse(listed.value) };
}

async function askRecords({ client }: ExpungingParts, hand: Hand): Promise<void> {
  if (!pendingIn(hand.expungement).includes('core-records')) return;
  const { state, isKept, messageIds } = (
    await client.call(expungeRecord, { body: bodyOf(hand) }, callerOf(hand))
  ).body;
  if (state === 'waiting') return;
  const work = { ...hand.work, isKept, messageIds };
  await save(hand, serviceDone(hand.expungement, 'core-records'), work);
}

async function askFiles({ client }: ExpungingParts, hand: Hand): Promise<void> {
  if (!pendingIn(hand.expungement).includes('files')) return;
  const { expungement, record } = bodyOf(hand);
  const body = { expungement, record };
  const { state, fileIds } = (await client.call(expungeFiles, { body }, callerOf(hand))).body;
  if (state === 'waiting') return;
  await save(hand, serviceDone(hand.expungement, 'files'), { ...hand.work, fileIds });
}

async function askMessages({ client }: ExpungingParts, hand: Hand): Promise<void> {
  const pending = pendingIn(hand.expungement);
  if (!pending.includes('cad-ingest') || pending.includes('core-records')) return;
  const { record, ...about } = bodyOf(hand);
  const itself = record.type === 'cad-message' ? [record.id] : [];
  const ids = [...(hand.work.messageIds ?? []), ...itself];
  for (let at = 0; at < ids.length; at += EXPUNGED_MESSAGES_MAX) {
    const messageIds = ids.slice(at, at + EXPUNGED_MESSAGES_MAX);
    const body = { ...about, messageIds };
    const { state } = (await client.call(expungeMessages, { body }, callerOf(hand))).body;
    if (state === 'waiting') return;
  }
  await save(hand, serviceDone(hand.expungement, 'cad-ingest'), hand.work);
}

function bodyOf({ expungement: { id, scope } }: Hand) {
  const { objectType, objectId, fields } = scope;
  const named = fields === undefined ? {} : { fields };
  return { expungement: id, record: { type: objectType, id: objectId }, ...named };
}

function callerOf({ tenant }: Hand) {
  return jobCaller('ledger', { tenant });
}

async function save(hand: Hand, expungement: Expungement, work: Work): Promise<void> {
  const { tables, stored, listed } = hand;
  const written = await tables.write({
    changes: [
      { put: { ...keyOf(stored), value: asJson(expungement) }, expect: stored.version },
      { put: { ...keyOf(listed), value: asJson(work) }, expect: listed.version },
    ],
    events: [],
    unaudited: UNAUDITED,
  });
  if (!written.ok) throw new Error('another process carries on with this expungement');
  hand.stored = { ...stored, version: stored.version + 1 };
  hand.listed = { ...listed, version: listed.version + 1 };
  hand.expungement = expungement;
  hand.work = work;
}

/** Commands of the incident; an order about fields leaves them. */
async function commandsIn({ tables, expungement: { scope } }: Hand): Promise<readonly string[]> {
  const { objectType, objectId, fields } = scope;
  return objectType === 'incident' && fields === undefined ? commandsOf(tables, objectId) : [];
}

/** True while steps of them are in the ledger's own outbox. */
async function commandsWait({ tables }: ExpungingParts, hand: Hand): Promise<boolean> {
  const ids = new Set(await commandsIn(hand));
  if (ids.size === 0) return false;
  return waitsForLedger(
    tables,
    ({ tenant, object }) =>
      tenant === hand.tenant && object.type === 'command' && ids.has(object.id),
  );
}

/** Of an object that no service keeps as a record, what comes later is no part of the order. */
async function followUp(parts: ExpungingParts, log: Log, hand: Hand): Promise<void> {
  const { objectType, objectId } = hand.expungement.scope;
  const { isKept = false, fileIds = [] } = hand.work;
  const objects = [
    ...(isKept ? [{ type: objectType, id: objectId }] : []),
    ...fileIds.map((id) => ({ type: 'file', id })),
    ...(await commandsIn(hand)).map((id) => ({ type: 'command', id })),
  ];
  for (const object of objects) {
    if (await holdsLater(log, hand, object)) await expungeAlso(parts, log, hand, object);
  }
}

interface ObjectName {
  readonly type: string;
  readonly id: string;
}

/** Is there anything of it that came behind the entry of the expungement? */
async function holdsLater(log: Log, hand: Hand, object: ObjectName): Promise<boolean> {
  const { scope, seq = 0 } = hand.expungement;
  if (scope.fields === undefined) return log.holdsKey(recordOf({ object }));
  await log.follow();
  const names = namesIn(await valuesOf({ log, tables: hand.tables, object }, seq + 1));
  return scope.fields.some((each) => names.has(each));
}

async function expungeAlso(
  parts: ExpungingParts,
  log: Log,
  hand: Hand,
  object: ObjectName,
): Promise<void> {
  const { id, scope } = hand.expungement;
  const event = auditEventOf({
    caller: callerOf(hand),
    action: scope.fields === undefined ? RECORD_DESTROYED : FIELDS_DESTROYED,
    object,
    reason: followUpReasonOf(hand.expungement, object),
    changes: [{ field: 'expungement', after: id }],
    now: new Date(parts.clock()),
  });
  const beside = async (place: number) => {
    const followUp = { objectType: object.type, objectId: object.id, seq: place };
    const value = asJson(followedUp(hand.expungement, followUp));
    return [{ put: { ...keyOf(hand.stored), value }, expect: hand.stored.version }];
  };
  const { fields } = scope;
  const { tables } = hand;
  const { seq } =
    fields === undefined
      ? await log.expunge({ event, record: recordOf({ object }), beside })
      : await expungeFields({ log, tables, object }, { event, fields, beside });
  const followUp = { objectType: object.type, objectId: object.id, seq };
  hand.expungement = followedUp(hand.expungement, followUp);
  hand.stored = { ...hand.stored, version: hand.stored.version + 1 };
}

async function complete(parts: ExpungingParts, hand: Hand): Promise<void> {
  const { tables, stored, listed, expungement } = hand;
  const now = new Date(parts.clock());
  const event = auditEventOf({
    caller: callerOf(hand),
    action: 'ledger.expungement.completed',
    object: { type: 'expungement', id: expungement.id },
    now,
  });
  const written = await tables.write({
    changes: [
      {
        put: { ...keyOf(stored), value: asJson(completed(expungement, now)) },
        expect: stored.version,
      },
      { remove: keyOf(listed), expect: listed.version },
    ],
    events: [event],
  });
  if (!written.ok) throw new Error('another process carries on with this expungement');
}

function keyOf({ kind, id }: Row) {
  return { kind, id };
}
