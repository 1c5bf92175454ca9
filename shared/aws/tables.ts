/**
 * The tables port on DynamoDB: one table for each service, laid out in tables-items.ts. Writes are
 * tables-write.ts, events that wait for the ledger tables-outbox.ts. Every read is strongly
 * consistent, and there is no index besides the key: an index would be late, and nothing is looked
 * for but by key, by kind in id order, and by its exact name in the directory.
 */
import { DescribeTableCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { TenantId } from '#contracts/primitives.ts';
import type { ListRequest, Row, Tables, TenantTables } from '#shared/ports/tables.ts';
import { assertKey, assertTenant, planList, planWrite } from '../embedded/tables-plan.ts';
import type { AwsSettings } from './sdk/client.ts';
import { atOpening } from './sdk/failures.ts';
import { repeated } from './sdk/patience.ts';
import {
  directoryEntryOf,
  directoryItemKey,
  type Item,
  numberOf,
  partitionOf,
  rowItemKey,
  rowOf,
} from './tables-items.ts';
import { forgetEvents, outboxDepth, pagesOf, readOutbox } from './tables-outbox.ts';
import { type ConsumedUnits, openDoor, openStore, type Store } from './tables-store.ts';
import { applyWrite } from './tables-write.ts';

export async function openTables(settings: {
  readonly aws: AwsSettings;
  readonly table: string;
  readonly clock: () => number;
  /** Hears what each call has used. */
  readonly consumed?: (units: ConsumedUnits) => void;
}): Promise<Tables> {
  const store = openStore(settings);
  const door = openDoor();
  await assertTable(store);
  return {
    forTenant: (tenant) => openTenantTables(store, door, tenant),
    find: (key) =>
      door.enter(async () => {
        assertKey(key);
        const found = await getItem(store, directoryItemKey(key));
        return found && directoryEntryOf(found);
      }),
    outbox: (request) => door.enter(() => readOutbox(store, request)),
    outboxDone: (positions) => door.enter(() => forgetEvents(store, positions)),
    outboxDepth: () => door.enter(() => outboxDepth(store)),
    async [Symbol.asyncDispose]() {
      await door.close();
      store.client.destroy();
    },
  };
}

function openTenantTables(
  store: Store,
  door: ReturnType<typeof openDoor>,
  tenant: TenantId,
): TenantTables {
  assertTenant(tenant);
  if (tenant.includes('/')) throw new Error('a tenant has no slash: keys are cut at the first one');
  const seen = (item: Item) => store.positions.seen(numberOf(item.p));
  return {
    get: (key) =>
      door.enter(async () => {
        assertKey(key);
        const found = await getItem(store, rowItemKey(tenant, key));
        if (found === undefined) return undefined;
        seen(found);
        return rowOf(key.kind, found);
      }),
    list: (request) =>
      door.enter(async () => {
        const items = await listItems(store, tenant, request);
        for (const item of items) seen(item);
        return items.map((item): Row => rowOf(request.kind, item));
      }),
    async write(write) {
      const plan = planWrite(tenant, write);
      return door.enter(() => applyWrite(store, plan));
    },
  };
}

async function getItem(store: Store, Key: Item): Promise<Item | undefined> {
  const answer = await repeated(() =>
    store.client.send(
      new GetItemCommand({
        TableName: store.table,
        Key,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  store.consumed({ read: answer.ConsumedCapacity?.CapacityUnits ?? 0, write: 0 });
  return answer.Item;
}

/** Ids that are the bounds themselves come along from the query, and are left out here. */
const BOUNDS = 2;

async function listItems(store: Store, tenant: TenantId, request: ListRequest): Promise<Item[]> {
  const { kind, limit, from, after, before } = planList(request);
  const lower = after ?? from;
  const upper = typeof before === 'string' ? before : undefined;
  if (upper !== undefined && Buffer.compare(Buffer.from(lower), Buffer.from(upper)) >= 0) return [];
  const found: Item[] = [];
  const query = {
    ...boundsOf(partitionOf(tenant, kind), lower, upper),
    ScanIndexForward: !request.descending,
    Limit: limit + BOUNDS,
  };
  for await (const { items } of pagesOf(store, query)) {
    const inside = items.filter(({ sk }) => sk?.S !== upper && sk?.S !== after);
    found.push(...inside.slice(0, limit - found.length));
    if (found.length === limit) break;
  }
  return found;
}

/** DynamoDB compares a sort key with one or two bounds, which belong to what is found. */
function boundsOf(partition: string, lower: string, upper: string | undefined) {
  const conditions = [
    ...(lower !== '' && upper !== undefined ? ['sk BETWEEN :lower AND :upper'] : []),
    ...(lower !== '' && upper === undefined ? ['sk >= :lower'] : []),
    ...(lower === '' && upper !== undefined ? ['sk <= :upper'] : []),
  ];
  return {
    KeyConditionExpression: ['pk = :pk', ...conditions].join(' AND '),
    ExpressionAttributeValues: {
      ':pk': { S: partition },
      ...(lower === '' ? {} : { ':lower': { S: lower } }),
      ...(upper === undefined ? {} : { ':upper': { S: upper } }),
    },
  };
}

/** Refuses to work on a table that is missing or laid out otherwise. */
async function assertTable({ client, table }: Store): Promise<void> {
  const describe = () => client.send(new DescribeTableCommand({ TableName: table }));
  const { Table } = await atOpening(`The table ${table}`, () => repeated(describe));
  const keys = (Table?.KeySchema ?? []).map(
    ({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`,
  );
  if (keys.join(', ') === 'HASH pk, RANGE sk') return;
  throw new Error(
    `the table ${table} must have the keys HASH pk, RANGE sk, not ${keys.join(', ')}`,
  );
}
