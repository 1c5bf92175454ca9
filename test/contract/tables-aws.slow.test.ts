/** What only a store on other machines can go through: faults on the way, other clocks, its price. */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, test as plain } from 'vitest';
import { clientConfig } from '#shared/aws/sdk/client.ts';
import { openTables } from '#shared/aws/tables.ts';
import { openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import { openRelay } from '#shared/relay.ts';
import { awsAt } from '#test/support/aws-engines.ts';
import { makeTable } from '#test/support/aws-resources.ts';
import { type Fate, openFaultyProxy } from '#test/support/faulty-proxy.ts';
import { openTestHost } from '#test/support/host.ts';
import { serveLedger } from '#test/support/ledger.ts';
import { dynamoOfProcess, onDynamo } from './aws-adapters.ts';
import { changes, event, put, tenant } from './tables-fixtures.ts';

const { missing, name } = onDynamo();
const test = plain.skipIf(missing);

async function opened(about: { fate?: (operation: string) => Fate; clock?: () => number } = {}) {
  const stack = new AsyncDisposableStack();
  const engine = await dynamoOfProcess();
  const proxy = stack.use(await openFaultyProxy(engine.url, about.fate ?? (() => 'pass')));
  const table = `t${randomBytes(6).toString('hex')}`;
  await makeTable(awsAt(engine), table);
  const open = async (url: string, clock = about.clock ?? Date.now) => {
    const units = { read: 0, write: 0 };
    const consumed = (used: { read: number; write: number }) => {
      units.read += used.read;
      units.write += used.write;
    };
    const tables = stack.use(
      await openTables({ aws: awsAt({ ...engine, url }), table, clock, consumed }),
    );
    return { tables, rows: tables.forTenant(tenant), units };
  };
  return {
    proxy,
    open,
    /** Through the faults, and past them. */
    ...(await open(proxy.url)),
    straight: await open(engine.url),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Every fault at times, the same ones in each run. */
function faults(seed: number, share: number): (operation: string) => Fate {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const fates = ['throttle', 'refuse', 'lose', 'break', 'fail'] as const;
  return (operation) => {
    if (operation === 'DescribeTable' || next() >= share) return 'pass';
    return fates[Math.floor(next() * fates.length)] ?? 'pass';
  };
}

/** Puts the next version of a record with its event until one is acknowledged. */
async function bump(rows: TenantTables, id: string): Promise<number> {
  for (;;) {
    const version = (await rows.get({ kind: 'incident', id }))?.version ?? 0;
    const events = [event(id, version + 1)];
    const { ok } = await rows.write({ changes: [put(id, version)], events });
    if (ok) return version + 1;
  }
}

async function versionsInOutbox(tables: Tables, id: string): Promise<(number | undefined)[]> {
  const all = await tables.outbox({ after: 0, limit: 10_000 });
  const mine = all.filter((each) => each.event.object.id === id);
  return mine.map((each) => each.event.object.version);
}

describe(`a store on ${name} behind faults`, () => {
  test('loses, doubles and reorders nothing, whether a fault comes before or after the work', async () => {
    const RECORDS = ['a', 'b', 'c'];
    const VERSIONS = 8;
    await using made = await opened({ fate: faults(7, 0.25) });
    const other = await made.open(made.proxy.url);
    const bumping = RECORDS.flatMap((id) =>
      [made.rows, other.rows].map(async (rows) => {
        const acknowledged: number[] = [];
        for (let i = 0; i < VERSIONS; i += 1) acknowledged.push(await bump(rows, id));
        return { id, acknowledged };
      }),
    );
    const done = await Promise.all(bumping);
    for (const id of RECORDS) {
      const versions = done.filter((each) => each.id === id).flatMap((each) => each.acknowledged);
      const expected = Array.from({ length: 2 * VERSIONS }, (_, i) => i + 1);
      expect(versions.toSorted((a, b) => a - b)).toEqual(expected);
      expect(await versionsInOutbox(made.straight.tables, id)).toEqual(expected);
    }
    for (const fate of ['throttle', 'refuse', 'lose', 'break', 'fail'] as const) {
      expect(made.proxy.met[fate]).toBeGreaterThan(0);
    }
  });

  test('acknowledges a put without a transaction once, although its answer was lost', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    for (const fate of ['break', 'fail', 'lose', 'refuse', 'throttle'] as const) {
      fates = [fate, fate];
      expect(await made.rows.write(changes(put(fate, 0)))).toEqual({ ok: true });
      expect(await made.straight.rows.get({ kind: 'incident', id: fate })).toMatchObject({
        version: 1,
      });
    }
  });

  test('tells a put of its own from that of another, who was first', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    await made.straight.rows.write(changes(put('one', 0, 'theirs')));
    fates = ['fail', 'break'];
    const result = await made.rows.write(changes(put('one', 0, 'ours')));
    expect(result).toEqual({ ok: false, conflict: { kind: 'incident', id: 'one' } });
  });

  test('sends a transaction that had no answer as the same one: its events are there once', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    fates = ['break', 'fail', 'throttle'];
    const write = { changes: [put('one', 0)], events: [event('one')] };
    expect(await made.rows.write(write)).toEqual({ ok: true });
    expect(await versionsInOutbox(made.straight.tables, 'one')).toEqual([1]);
  });

  test('says that nothing was written when it was only ever refused', async () => {
    let isThrottled = false;
    await using made = await opened({ fate: () => (isThrottled ? 'throttle' : 'pass') });
    isThrottled = true;
    const writes = [changes(put('one', 0)), { changes: [put('two', 0)], events: [event('two')] }];
    const refused = { code: 'unavailable' };
    await Promise.all([
      ...writes.map((write) => expect(made.rows.write(write)).rejects.toMatchObject(refused)),
      expect(made.rows.get({ kind: 'incident', id: 'one' })).rejects.toMatchObject(refused),
    ]);
    expect(await made.straight.rows.list({ kind: 'incident', limit: 10 })).toEqual([]);
  });

  test('leaves open what became of a write that never had an answer', async () => {
    let isBroken = false;
    await using made = await opened({ fate: () => (isBroken ? 'fail' : 'pass') });
    isBroken = true;
    const write = { changes: [put('one', 0)], events: [event('one')] };
    await expect(made.rows.write(write)).rejects.toThrow('read first');
    expect(await made.straight.rows.get({ kind: 'incident', id: 'one' })).toBeDefined();
  });
});

describe(`a store on ${name}`, () => {
  test('keeps the events of a record in order when the clocks of its writers are far apart', async () => {
    await using made = await opened();
    const HOUR_MS = 3_600_000;
    const late = await made.open(made.proxy.url, () => Date.now() - HOUR_MS);
    const early = await made.open(made.proxy.url, () => Date.now() + HOUR_MS);
    const writers = [made, late, early, late, made, early];
    for (const { rows } of writers) await bump(rows, 'in turn');
    await Promise.all(writers.map(({ rows }) => bump(rows, 'at once')));
    for (const id of ['in turn', 'at once']) {
      expect(await versionsInOutbox(late.tables, id)).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  test('does not need the reading of a row to put its next version behind it', async () => {
    await using made = await opened();
    const HOUR_MS = 3_600_000;
    const early = await made.open(made.proxy.url, () => Date.now() + HOUR_MS);
    await early.rows.write({ changes: [put('one', 0)], events: [event('one', 1)] });
    await made.rows.write({ changes: [put('one', 1)], events: [event('one', 2)] });
    // A write without events must not let the next one slip in front either.
    await made.rows.write(changes(put('one', 2)));
    const fresh = await made.open(made.proxy.url);
    await fresh.rows.write({ changes: [put('one', 3)], events: [event('one', 4)] });
    expect(await versionsInOutbox(made.tables, 'one')).toEqual([1, 2, 4]);
  });

  test('reads and counts an outbox that fills many pages', async () => {
    await using made = await opened();
    // Eighty events of 60 KB: each of the partitions has more than the megabyte of a page.
    const disclosures = ['x'.repeat(60_000)];
    for (let i = 0; i < 4; i += 1) {
      const events = Array.from({ length: 20 }, (_, j) => ({
        ...event(`r${i}-${j}`),
        disclosures,
      }));
      expect(await made.rows.write({ changes: [], events })).toEqual({ ok: true });
    }
    const all = await made.tables.outbox({ after: 0, limit: 100 });
    expect(all).toHaveLength(80);
    expect(await made.tables.outboxDepth()).toMatchObject({ events: 80 });
    await made.tables.outboxDone(all.map(({ position }) => position));
    expect(await made.tables.outboxDepth()).toEqual({ events: 0, oldestAt: undefined });
  });

  test('lists rows that fill many pages, both ways', async () => {
    await using made = await opened();
    const value = 'x'.repeat(300_000);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const id of ids) await made.rows.write(changes(put(id, 0, value)));
    const list = async (descending: boolean) => {
      const found = await made.rows.list({
        kind: 'incident',
        limit: 7,
        after: descending ? 'h' : 'a',
        descending,
      });
      return found.map(({ id }) => id);
    };
    expect(await list(false)).toEqual(ids.slice(1));
    expect(await list(true)).toEqual(ids.toReversed().slice(1));
  });

  test('pays for a lone put once, and for a transaction twice', async () => {
    await using made = await opened();
    const bytes = randomBytes(10 * 1_024 - 200);
    const row = (id: string) => ({ put: { kind: 'block', id, value: null, bytes }, expect: 0 });
    await made.rows.write(changes(row('one')));
    expect(made.units).toEqual({ read: 0, write: 10 });
    await made.rows.write(changes(row('two'), { check: { kind: 'block', id: 'one' }, expect: 1 }));
    expect(made.units.write).toBe(10 + 2 * 10 + 2 * 10);
  });

  test('is not opened where its table is missing or has other keys', async () => {
    await using made = await opened();
    const aws = awsAt({ ...(await dynamoOfProcess()) });
    const clock = Date.now;
    await expect(openTables({ aws, table: 'not-made', clock })).rejects.toThrow();
    const table = `t${randomUUIDv7()}`;
    const client = new DynamoDBClient(clientConfig(aws));
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
    client.destroy();
    await expect(openTables({ aws, table, clock })).rejects.toThrow('HASH pk, RANGE sk');
    expect(await made.rows.list({ kind: 'incident', limit: 1 })).toEqual([]);
  });
});

describe(`an outbox on ${name}`, () => {
  test('that two processes relay at once reaches the ledger whole, each record in its order', async () => {
    await using made = await opened();
    await using host = await openTestHost();
    await using ledger = await serveLedger(host.host.bus);
    const parts = await host.parts('core-records');
    const client = openClient(
      host.host.bus,
      openContextSigner(parts.vault, parts.name, host.clock),
    );
    await using stack = new AsyncDisposableStack();
    const ends = [made, await made.open(made.proxy.url)];
    for (const { tables } of ends) {
      stack.use(await openRelay({ ...parts, service: parts.name, client, tables }));
    }
    const ids = ['a', 'b', 'c'];
    const VERSIONS = 10;
    const bumping = ids.flatMap((id) =>
      ends.map(async ({ rows }) => {
        for (let i = 0; i < VERSIONS; i += 1) await bump(rows, id);
      }),
    );
    await Promise.all(bumping);
    const endsAt = performance.now() + 15_000;
    while ((await made.tables.outboxDepth()).events > 0 && performance.now() < endsAt) {
      await sleep(50);
    }
    for (const id of ids) {
      const versions = ledger.events.flatMap(({ object }) =>
        object.id === id ? [object.version] : [],
      );
      expect(versions).toEqual(Array.from({ length: 2 * VERSIONS }, (_, i) => i + 1));
    }
  });
});
