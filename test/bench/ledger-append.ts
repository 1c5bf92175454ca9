import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type Fixture, openFixture } from '#test/ledger/fixture.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { smallEvents } from './ledger-events.ts';
import { type Figure, median, type Table } from './table.ts';

interface Core {
  ready(): Promise<void>;
  append(blocks: readonly Buffer[]): Promise<unknown>;
  close(): Promise<void>;
}
/** It has no types of its own; this is what is used of it. */
const Hypercore: new (folder: string) => Core = createRequire(import.meta.url)('hypercore');

const ROUNDS = 3;
/** Batches of each size in a round: enough that a round takes a few tenths of a second. */
const BATCHES = new Map([
  [1, 200],
  [10, 200],
  [100, 100],
  [1_000, 20],
]);

interface Rates {
  readonly ours: number;
  readonly hypercore: number;
  readonly sqlite: number;
}

/** Entries per second, by the size of a batch: the ledger durable, hypercore as it comes. */
export async function benchAppend(): Promise<{ readonly table: Table; readonly at100: number }> {
  await using fixture = await openFixture();
  const { entryBytes, batches } = await warmUp(fixture);
  const medians = new Map<number, Rates>();
  for (const [size, count] of batches) {
    const rounds: Rates[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push({
        hypercore: await appendToHypercore(size, count, entryBytes),
        sqlite: await appendToSqlite(size, count, entryBytes),
        ours: await appendToLedger(size, count),
      });
    }
    const middle = (side: keyof Rates) => median(rounds.map((rates) => rates[side]));
    medians.set(size, {
      ours: middle('ours'),
      hypercore: middle('hypercore'),
      sqlite: middle('sqlite'),
    });
  }
  const single = medians.get(1)?.hypercore ?? Number.NaN;
  const title = `Append entries of ${entryBytes} B, each batch durable before the next`;
  const rows = [...medians].flatMap(([size, rates]) => rowsOf(size, rates, single));
  return { table: { title, rows }, at100: medians.get(100)?.ours ?? Number.NaN };
}

function rowsOf(size: number, { ours, hypercore, sqlite }: Rates, single: number): Figure[] {
  const of = `batches of ${size}`;
  const isAimed = size === 100;
  return [
    { what: `ledger, ${of}`, value: ours, unit: '1/s' },
    { what: `hypercore without sync, ${of}`, value: hypercore, unit: '1/s' },
    { what: `SQLite, one row of the same bytes, ${of}`, value: sqlite, unit: '1/s' },
    {
      what: `ledger to hypercore, ${of}`,
      value: ours / hypercore,
      unit: 'ratio',
      ...(isAimed ? { target: '>= 1.0' } : {}),
    },
    ...(isAimed
      ? [
          {
            what: `ledger in ${of} to single appends of hypercore`,
            value: ours / single,
            unit: 'ratio',
            target: '>= 7',
          },
        ]
      : []),
    { what: `ledger to SQLite, ${of}`, value: ours / sqlite, unit: 'ratio' },
  ];
}

/** The mean size of what is compared, after the code has run warm. */
async function warmUp(fixture: Fixture) {
  await using log = await fixture.open();
  for (let batch = 0; batch < 20; batch += 1) await log.append(smallEvents(fixture.tenant, 100));
  const entries = await Array.fromAsync(log.blocks.range(0, 200));
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
  return { entryBytes: Math.round(bytes / entries.length), batches: BATCHES };
}

async function appendToLedger(size: number, count: number): Promise<number> {
  await using fixture = await openFixture();
  await using log = await fixture.open();
  // Making events is the work of those who send them.
  const batches: AuditEvent[][] = Array.from({ length: count }, () =>
    smallEvents(fixture.tenant, size),
  );
  // Awaited here: the log closes when this returns.
  return await rateOf(size * count, async () => {
    for (const batch of batches) await log.append(batch);
  });
}

async function appendToHypercore(size: number, count: number, bytes: number): Promise<number> {
  await using folder = await temporaryFolder();
  const core = new Hypercore(folder.path);
  await core.ready();
  const batch = entriesOf(size, bytes);
  const rate = await rateOf(size * count, async () => {
    for (let index = 0; index < count; index += 1) await core.append(batch);
  });
  await core.close();
  return rate;
}

async function appendToSqlite(size: number, count: number, bytes: number): Promise<number> {
  await using folder = await temporaryFolder();
  using database = new DatabaseSync(join(folder.path, 'raw.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO rows (bytes) VALUES (?)');
  const batch = Buffer.concat(entriesOf(size, bytes));
  return await rateOf(size * count, async () => {
    for (let index = 0; index < count; index += 1) insert.run(batch);
  });
}

function entriesOf(count: number, bytes: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.alloc(bytes, `entry ${index} `));
}

async function rateOf(entries: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (entries * 1_000) / (performance.now() - startedAt);
}
