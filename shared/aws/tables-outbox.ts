/**
 * The outbox: events in a few partitions, oldest first.
 *
 * A query sees each item as it is at its own moment: it may pass the place of an event before this
 * is written and then find the next event of the same record further on. So everything is read
 * twice: what the first reading found was made after its predecessors, and these the second reading
 * finds, or they have been forgotten because the ledger has them.
 */
import {
  type AttributeValue,
  BatchWriteItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { LIST_ROWS_MAX, OUTBOX_EVENTS_MAX } from '#contracts/limits.ts';
import type { OutboxEvent } from '#shared/ports/tables.ts';
import { unavailable } from './sdk/failures.ts';
import { openPatience, repeated } from './sdk/patience.ts';
import {
  type Item,
  numberOf,
  OUTBOX_SHARDS,
  outboxItemKey,
  outboxPartition,
  positionText,
  textOf,
} from './tables-items.ts';
import type { Store } from './tables-store.ts';

/** DynamoDB takes this many in one batch. */
const BATCH_ITEMS_MAX = 25;
const SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

export async function readOutbox(
  store: Store,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly OutboxEvent[]> {
  const first = (await readShards(store, { after, limit })).slice(0, limit);
  const last = first.at(-1);
  if (last === undefined) return [];
  const again = await readShards(store, { after, before: last.position });
  return withPredecessors(first, again).slice(0, limit);
}

/** The first reading and, from the second, what stands before its events on the same records. */
export function withPredecessors(
  first: readonly OutboxEvent[],
  again: readonly OutboxEvent[],
): readonly OutboxEvent[] {
  const known = new Set(first.map(({ position }) => position));
  const newest = new Map<string, number>();
  for (const { event, position } of first) newest.set(recordOf(event), position);
  const missed = again.filter(
    ({ event, position }) =>
      !known.has(position) && position < (newest.get(recordOf(event)) ?? Number.NEGATIVE_INFINITY),
  );
  return [...first, ...missed].toSorted((a, b) => a.position - b.position);
}

export async function forgetEvents(store: Store, positions: readonly number[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(positions.length / BATCH_ITEMS_MAX) }, (_, i) =>
    positions.slice(i * BATCH_ITEMS_MAX, (i + 1) * BATCH_ITEMS_MAX),
  );
  await Promise.all(batches.map((batch) => forgetBatch(store, batch)));
}

export async function outboxDepth(
  store: Store,
): Promise<{ readonly events: number; readonly oldestAt: number | undefined }> {
  const oldest = await Promise.all(SHARDS.map((shard) => oldestOf(store, shard)));
  const filled = oldest.flatMap((item, shard) => (item === undefined ? [] : [{ item, shard }]));
  const counts = await Promise.all(filled.map(({ shard }) => countOf(store, shard)));
  const [first] = filled.toSorted((a, b) => positionOf(a.item) - positionOf(b.item));
  return {
    events: counts.reduce((sum, count) => sum + count, 0),
    oldestAt: first && numberOf(first.item.at),
  };
}

/** `before` is inclusive. */
interface Range {
  readonly after: number;
  readonly before?: number;
  readonly limit?: number;
}

async function readShards(store: Store, range: Range): Promise<readonly OutboxEvent[]> {
  const shards = await Promise.all(SHARDS.map((shard) => readShard(store, shard, range)));
  return shards.flat().toSorted((a, b) => a.position - b.position);
}

async function readShard(
  store: Store,
  shard: number,
  { after, before = Number.MAX_SAFE_INTEGER, limit = Number.POSITIVE_INFINITY }: Range,
): Promise<OutboxEvent[]> {
  if (after >= before) return [];
  const found: OutboxEvent[] = [];
  const input = {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': { S: outboxPartition(shard) },
      ':from': { S: positionText(after + 1) },
      ':to': { S: positionText(before) },
    },
    ...(Number.isFinite(limit) ? { Limit: Math.min(limit, LIST_ROWS_MAX) } : {}),
  };
  for await (const { items } of pagesOf(store, input)) {
    found.push(...items.map(eventOf));
    if (found.length >= limit) break;
  }
  return found;
}

async function oldestOf(store: Store, shard: number): Promise<Item | undefined> {
  for await (const { items } of pagesOf(store, { ...wholeShard(shard), Limit: 1 })) {
    return items[0];
  }
  return undefined;
}

/** Exact up to the number past which changes are refused anyway. */
async function countOf(store: Store, shard: number): Promise<number> {
  let counted = 0;
  for await (const { count } of pagesOf(store, { ...wholeShard(shard), Select: 'COUNT' })) {
    counted += count;
    if (counted > OUTBOX_EVENTS_MAX) break;
  }
  return counted;
}

function wholeShard(shard: number) {
  return {
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: outboxPartition(shard) } },
  };
}

type Query = Omit<QueryCommandInput, 'TableName'>;

/** Pages of at most 1 MB, strongly consistent. */
export async function* pagesOf(
  store: Store,
  query: Query,
): AsyncGenerator<{ readonly items: readonly Item[]; readonly count: number }> {
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const answer = await repeated(() =>
      store.client.send(
        new QueryCommand({
          TableName: store.table,
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...query,
          ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
        }),
      ),
    );
    store.consumed({ read: answer.ConsumedCapacity?.CapacityUnits ?? 0, write: 0 });
    yield { items: answer.Items ?? [], count: answer.Count ?? 0 };
    ExclusiveStartKey = answer.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}

async function forgetBatch(store: Store, positions: readonly number[]): Promise<void> {
  const patience = openPatience();
  let requests = positions.map((position) => ({
    DeleteRequest: { Key: outboxItemKey(position) },
  }));
  for (;;) {
    const RequestItems = { [store.table]: requests };
    const command = new BatchWriteItemCommand({ RequestItems, ReturnConsumedCapacity: 'TOTAL' });
    const answer = await repeated(() => store.client.send(command));
    for (const { CapacityUnits = 0 } of answer.ConsumedCapacity ?? []) {
      store.consumed({ read: 0, write: CapacityUnits });
    }
    // A part of the batch that was throttled comes back to be sent again.
    const left = answer.UnprocessedItems?.[store.table] ?? [];
    if (left.length === 0) return;
    requests = left.flatMap(({ DeleteRequest }) => {
      const Key = DeleteRequest?.Key;
      return Key === undefined ? [] : [{ DeleteRequest: { Key } }];
    });
    if (!(await patience.again())) throw unavailable('The store cannot take this just now.');
  }
}

function eventOf(item: Item): OutboxEvent {
  // What `outboxItem` has put there.
  return { position: positionOf(item), event: JSON.parse(textOf(item.e)) as AuditEvent };
}

function positionOf({ sk }: Item): number {
  return Number(textOf(sk));
}

function recordOf({ tenant, object }: AuditEvent): string {
  return JSON.stringify([tenant, object.type, object.id]);
}
