/**
 * One write.
 *
 * 1. It takes positions behind everything that this process has given or seen (tables-positions.ts).
 * 2. One put and nothing else is a PutItem, at half the price of a transaction; everything else is a
 *    TransactWriteItems with all expectations as conditions, the directory and the events.
 * 3. The answer is judged (tables-verdict.ts). Refused for the moment: the same once more. A position
 *    that is not behind the row's: once more with later ones. Nothing was written in either case.
 * 4. No answer: the same once more. The transaction carries a token by which DynamoDB knows it for ten
 *    minutes and the put an id by which it is found: neither is carried out twice.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type Put,
  PutItemCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { WriteResult } from '#shared/ports/tables.ts';
import type { PlannedRow, WritePlan } from '../embedded/tables-plan.ts';
import { failureOf, isNamed, unavailable } from './sdk/failures.ts';
import { openPatience } from './sdk/patience.ts';
import {
  directoryItem,
  directoryItemKey,
  type Item,
  number,
  outboxItem,
  rowItem,
  rowItemKey,
} from './tables-items.ts';
import type { Store } from './tables-store.ts';
import { type Part, type Verdict, verdictOnCancelled, verdictOnLonePut } from './tables-verdict.ts';

const WRITE_ID_BYTES = 12;
/** DynamoDB works on an earlier try of this very transaction. */
const IN_PROGRESS = 'TransactionInProgressException';

/** One try: an answer that was judged, or none. */
type Outcome = Verdict | { readonly kind: 'unknown'; readonly cause?: unknown };

/** Sends the same write again and again; `position` changes what is sent. */
interface Sending {
  send(tries: { readonly position: number; readonly doubtful: boolean }): Promise<Outcome>;
}

export async function applyWrite(store: Store, plan: WritePlan): Promise<WriteResult> {
  const sending = sendingOf(store, plan);
  if (sending === undefined) return { ok: true };
  const patience = openPatience();
  let position = store.positions.take(plan.events.length);
  let doubt: { readonly cause: unknown } | undefined;
  for (;;) {
    const outcome = await sending.send({ position, doubtful: doubt !== undefined });
    if (outcome.kind === 'done') return { ok: true };
    if (outcome.kind === 'conflict') return { ok: false, conflict: outcome.key };
    if (outcome.kind === 'broken') {
      throw new Error(`DynamoDB refused a write: ${outcome.codes.join(', ')}`);
    }
    if (outcome.kind === 'unknown') doubt = { cause: outcome.cause };
    if (outcome.kind === 'behind') {
      store.positions.seen(outcome.position);
      position = store.positions.take(plan.events.length);
    }
    if (!(await patience.again())) throw exhausted(doubt);
  }
}

/** Once a try had no answer, only reading tells whether it was carried out. */
function exhausted(doubt: { readonly cause: unknown } | undefined): Error {
  if (doubt === undefined) return unavailable('The store cannot take this change just now.');
  return new Error('a write had no answer: read first', { cause: doubt.cause });
}

function sendingOf(store: Store, plan: WritePlan): Sending | undefined {
  const { expectations, puts, adds, drops, events } = plan;
  const items = expectations.length + adds.length + drops.length + events.length;
  if (items === 0) return undefined;
  const [put] = puts;
  const [expectation] = expectations;
  if (items === 1 && put !== undefined && expectation !== undefined) {
    return lonePut(store, put, { row: expectation.key, version: expectation.version });
  }
  return transaction(store, plan);
}

function lonePut(
  store: Store,
  row: PlannedRow,
  part: { readonly row: WritePlan['expectations'][number]['key']; readonly version: number },
): Sending {
  const mine = randomBytes(WRITE_ID_BYTES);
  return {
    async send({ position, doubtful }) {
      const put = { ...putOf(store, row, { position, version: part.version }) };
      const Item = { ...put.Item, w: { B: mine } };
      try {
        const command = new PutItemCommand({ ...put, Item, ReturnConsumedCapacity: 'TOTAL' });
        const { ConsumedCapacity } = await store.client.send(command);
        store.consumed({ read: 0, write: ConsumedCapacity?.CapacityUnits ?? 0 });
        return { kind: 'done' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) return outcomeOf(error);
        return verdictOnLonePut({ part, found: error.Item, position, mine, doubtful });
      }
    },
  };
}

function transaction(store: Store, plan: WritePlan): Sending {
  // A token names the very bytes that are sent: later positions are another transaction.
  const tokens = new Map<number, string>();
  const at = Math.trunc(store.clock());
  return {
    async send({ position }) {
      const token = tokens.get(position) ?? randomUUID();
      tokens.set(position, token);
      const all = partsOf(store, plan, { position, at });
      try {
        const answer = await store.client.send(
          new TransactWriteItemsCommand({
            TransactItems: all.map(({ item }) => item),
            ClientRequestToken: token,
            ReturnConsumedCapacity: 'TOTAL',
          }),
        );
        for (const each of answer.ConsumedCapacity ?? []) {
          store.consumed({
            read: each.ReadCapacityUnits ?? 0,
            write: each.WriteCapacityUnits ?? 0,
          });
        }
        return { kind: 'done' };
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) return outcomeOf(error);
        const parts = all.map(({ part }) => part);
        return verdictOnCancelled(error.CancellationReasons ?? [], parts, position);
      }
    },
  };
}

/** What an error says that is no judgement on the conditions; throws what is a bug. */
function outcomeOf(error: unknown): Outcome {
  // An earlier try of it is still worked on: its end is not known yet.
  if (isNamed(error, [IN_PROGRESS])) return { kind: 'unknown', cause: error };
  // A lone put whose item a transaction has just now.
  if (isNamed(error, ['TransactionConflictException'])) return { kind: 'again' };
  const failure = failureOf(error);
  if (failure === 'refused') throw error;
  return failure === 'unknown' ? { kind: 'unknown', cause: error } : { kind: 'again' };
}

/** The items in the order of their meaning: expectations, directory, events. */
function partsOf(
  store: Store,
  plan: WritePlan,
  { position, at }: { readonly position: number; readonly at: number },
): readonly { readonly part: Part; readonly item: TransactWriteItem }[] {
  const { table: TableName } = store;
  const rows = plan.expectations.map((expectation) => {
    const { key: row, version } = expectation;
    return {
      part: { row, version },
      item: rowChange(store, plan, { ...expectation, position }),
    };
  });
  const adds = plan.adds.map(({ key, entry }) => ({
    part: { added: key },
    item: { Put: { TableName, Item: directoryItem(key, entry), ...ifAbsent } },
  }));
  const drops = plan.drops.map((key) => ({
    part: { dropped: key },
    item: { Delete: { TableName, Key: directoryItemKey(key) } },
  }));
  const events = plan.events.map((event, index) => ({
    part: { event: position + index },
    item: {
      Put: { TableName, Item: outboxItem({ position: position + index, event, at }), ...ifAbsent },
    },
  }));
  return [...rows, ...adds, ...drops, ...events];
}

function rowChange(
  store: Store,
  plan: WritePlan,
  about: WritePlan['expectations'][number] & { readonly position: number },
): TransactWriteItem {
  const { key, version, position } = about;
  const isIt = ({ kind, id }: { readonly kind: string; readonly id: string }) =>
    kind === key.kind && id === key.id;
  const put = plan.puts.find(isIt);
  if (put !== undefined) return { Put: putOf(store, put, { position, version }) };
  const at = {
    TableName: store.table,
    Key: rowItemKey(plan.tenant, key),
    ...conditionOf(version, position),
  };
  return plan.removes.some(isIt) ? { Delete: at } : { ConditionCheck: at };
}

function putOf(
  { table }: Store,
  row: PlannedRow,
  { position, version }: { readonly position: number; readonly version: number },
): Put & { readonly Item: Item; readonly TableName: string } {
  const item = rowItem({ ...row, key: rowItemKey(row.tenant, row), position });
  return { TableName: table, Item: item, ...conditionOf(version, position) };
}

const ALL_OLD = 'ALL_OLD' as const;
const ifAbsent = { ConditionExpression: 'attribute_not_exists(pk)' };

/**
 * The row has the expected version, and this write stands behind the one that made it: events of a
 * record stand in the order of its versions, whatever the clocks of the machines say.
 */
function conditionOf(version: number, position: number) {
  const returned = { ReturnValuesOnConditionCheckFailure: ALL_OLD };
  if (version === 0) return { ...ifAbsent, ...returned };
  return {
    ConditionExpression: 'v = :v AND p < :p',
    ExpressionAttributeValues: { ':v': number(version), ':p': number(position) },
    ...returned,
  };
}
