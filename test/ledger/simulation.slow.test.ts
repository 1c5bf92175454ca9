/**
 * Processes that die at any call, stores whose answers lie, senders that send again: whatever the
 * seed, nothing acknowledged is lost, doubled or out of order, and every signed tree is a prefix of
 * every later one. `SEED=n` runs one seed alone.
 */
import { expect, test } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Receipt } from '#services/ledger/append/writer.ts';
import { parseEntry } from '#services/ledger/chain/entry.ts';
import { inclusionPath, leafHash, rangeHash } from '#services/ledger/chain/tree.ts';
import { provesInclusion } from '#services/ledger/portable/proof.ts';
import { type Chance, chooseFrom, type MortalProcess, openChance, openMortal } from './crash.ts';
import { eventOf, type Fixture, openFixture } from './fixture.ts';

const SEEDS = 1_000;
const SEEDS_PER_TEST = 50;
const SENDERS = 3;
const BATCHES = 12;
const BATCH_EVENTS_MAX = 30;
const TRIES_MAX = 500;

const only = process.env.SEED;
const groups =
  only === undefined
    ? Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, group) => group * SEEDS_PER_TEST + 1)
    : [Number(only)];

test.each(groups)(
  'seeds from %i: nothing acknowledged is lost, doubled or out of order',
  async (first) => {
    for (let seed = first; seed < first + (only === undefined ? SEEDS_PER_TEST : 1); seed += 1) {
      await runSeed(seed).catch((error: unknown) => {
        const what = error instanceof Error ? error.message : String(error);
        throw new Error(`seed ${seed}: ${what}`, { cause: error });
      });
    }
  },
);

interface Run {
  readonly fixture: Fixture;
  readonly chance: Chance;
  /** Processes on the same stores; `undefined` where one has died. */
  readonly processes: (MortalProcess | undefined)[];
  /** What each event was acknowledged with. */
  readonly acknowledged: Map<string, Receipt>;
}

async function runSeed(seed: number): Promise<void> {
  await using fixture = await openFixture();
  const chance = openChance(seed);
  const run: Run = { fixture, chance, processes: [undefined, undefined], acknowledged: new Map() };
  const sent = await Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(run, sender)));
  // What is still on its way arrives before the end is looked at.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await check(run, sent);
}

/** Sends batches one after the other, each until it is acknowledged, as a relay does. */
async function send(run: Run, sender: number): Promise<AuditEvent[]> {
  const { fixture, chance } = run;
  const all: AuditEvent[] = [];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const count = 1 + Math.floor(chance() * BATCH_EVENTS_MAX);
    const events = Array.from({ length: count }, (_, index) =>
      eventOf(fixture.tenant, {
        record: `s${sender}-${Math.floor(chance() * 3)}`,
        version: all.length + index + 1,
      }),
    );
    all.push(...events);
    await sendBatch(run, events);
  }
  return all;
}

async function sendBatch(run: Run, events: readonly AuditEvent[]): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const live = await someProcess(run);
    if (run.chance() < 0.2) await Promise.race([sign(live), live.died]);
    const receipts = await Promise.race([
      live.log.append(events).catch(() => undefined),
      live.died.then(() => undefined),
    ]);
    if (receipts === undefined) continue;
    for (const [index, receipt] of receipts.entries()) {
      run.acknowledged.set(events[index]?.id ?? '', receipt);
    }
    return;
  }
  throw new Error('a batch was never acknowledged');
}

async function sign({ log }: MortalProcess): Promise<void> {
  await log.checkpoint(log.size()).catch(() => undefined);
}

/** One of the processes; a new one in the place of one that has died. */
async function someProcess(run: Run): Promise<MortalProcess> {
  const place = Math.floor(run.chance() * run.processes.length);
  for (;;) {
    const live = run.processes[place];
    if (live !== undefined) return live;
    const odds = { fault: chooseFrom(run.chance, [0, 0.02, 0.1]), callsMax: 200 };
    const opened = await openMortal(run.fixture, run.chance, odds);
    run.processes[place] ??= opened;
    void opened?.died.then(() => {
      if (run.processes[place] === opened) run.processes[place] = undefined;
    });
  }
}

async function check({ fixture, acknowledged }: Run, sent: readonly AuditEvent[][]): Promise<void> {
  await using log = await fixture.open();
  const stored = await Array.fromAsync(log.blocks.range(0, log.size()));
  const entries = stored.map(({ bytes }) => parseEntry(bytes));
  const events = sent.flat();
  // Each once, and nothing else.
  expect(entries.length).toBe(events.length);
  expect(new Set(entries.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
  for (const mine of sent) {
    const ids = new Set(mine.map(({ id }) => id));
    const order = entries.filter(({ id }) => ids.has(id)).map(({ id }) => id);
    expect(order).toEqual(mine.map(({ id }) => id));
  }
  for (const [seq, { id }] of entries.entries()) {
    const leaf = leafHash(stored[seq]?.bytes ?? Buffer.alloc(0)).toString('hex');
    expect(acknowledged.get(id)).toMatchObject({ seq, leafHash: leaf });
  }
  // The recovered state is the one that a replay of the blocks gives: tiles, pages, edge, chain.
  const signed = await log.checkpoint(log.size());
  const verified = await fixture.verify();
  expect(verified.breaks).toEqual([]);
  expect(verified).toMatchObject({ ok: true, size: events.length, root: signed?.root });
  const size = log.size();
  const root = Buffer.from(verified.root, 'hex');
  for (let index = 0; index < size; index += 41) {
    const hashes = await Promise.all(
      inclusionPath(index, size).map((range) => rangeHash(log.nodes, range)),
    );
    const leaf = leafHash(stored[index]?.bytes ?? Buffer.alloc(0));
    expect(provesInclusion({ index, size, root, hashes, leafHash: leaf })).toBe(true);
  }
  const values = await log.disclosures(Math.floor(size / 2));
  expect(values).toBeDefined();
}
