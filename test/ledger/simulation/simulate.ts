/**
 * One run: two processes on one store, senders, faults and crashes, all of it determined by a seed.
 *
 * 1. A step lets one waiting call go on, or sends a batch, signs the head, crashes a process, or lets
 *    a sender stop waiting. Everything that can follow without the world then follows.
 * 2. When the store changed or something was acknowledged, the oracle recomputes everything.
 * 3. At the end the faults stop. A fresh process must recover what replay gives, take everything that
 *    was not acknowledged, prove it, and open every value; the verifier must find nothing wrong, and
 *    then exactly the bit that is flipped.
 */
import { randomUUIDv7 } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { DamagedLog } from '#services/ledger/chain/head.ts';
import { inclusionPath, rangeHash, rootAt } from '#services/ledger/chain/tree.ts';
import { openBlockCache } from '#services/ledger/log/blocks.ts';
import { type Log, openLog } from '#services/ledger/log/log.ts';
import { openTileCache } from '#services/ledger/log/nodes.ts';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { type Calls, openCalls, type Process } from './calls.ts';
import { checkFlippedBit } from './flip.ts';
import { type Oracle, openOracle } from './oracle.ts';
import {
  blobsOf,
  openBlobStore,
  openSimulatedVault,
  plainBlobs,
  tablesOf,
  vaultOf,
} from './ports.ts';
import { openRandom, type Random } from './random.ts';
import { type Acknowledged, openSender, type Sender, send } from './senders.ts';
import { faithful, type Variant } from './variants.ts';

const STEPS_MAX = 1_500;
/** Steps at the end, without faults: more means that something does not come to rest. */
const CALM_STEPS_MAX = 20_000;

interface Instance extends Process {
  log: Log | undefined;
}

interface World {
  readonly random: Random;
  readonly calls: Calls;
  readonly senders: readonly Sender[];
  readonly acknowledged: Acknowledged[];
  readonly instances: Instance[];
  readonly oracle: Oracle;
  readonly open: (name: string) => Instance;
  readonly batchMax: number;
  /** Hears what a process refused to do. */
  readonly refuse: (error: unknown) => void;
}

export interface Simulated {
  readonly steps: number;
  readonly entries: number;
  readonly crashes: number;
  /** How often a head seemed not to go on from what was signed: a tile was read wrong. */
  readonly forks: number;
}

export async function simulate(
  seed: number,
  tables: Tables,
  variant: Variant = faithful,
): Promise<Simulated> {
  const random = openRandom(seed);
  const tenant = randomUUIDv7();
  const store = openBlobStore();
  const vault = openSimulatedVault();
  const wild = random.next() * 0.2;
  const calls = openCalls(random, { write: wild, read: wild / 2 });
  const counts = { steps: 0, crashes: 0, forks: 0, changes: 0 };
  let now = Date.UTC(2031, 0, 2) + random.below(1_000);
  const clock = () => now++;
  // One in six is long enough for pages and tiles.
  const isLong = random.chance(1 / 6);
  const senders = Array.from({ length: 1 + random.below(4) }, (_, index) =>
    openSender({ record: `i-${index}`, tenant, count: isLong ? 200 : 12, random, clock }),
  );
  const surprises: unknown[] = [];
  const refuse = (error: unknown) => {
    if (!isExpected(error)) surprises.push(error);
  };
  const counted = countingWrites(tables, () => {
    counts.changes += 1;
  });
  const open = (name: string): Instance => {
    const instance: Instance = { name, alive: true, log: undefined };
    openLog({
      tenant,
      tables: variant.tables(tablesOf(instance, calls, counted)),
      vault: variant.vault(vaultOf(instance, calls, vault)),
      checkpoints: variant.blobs(blobsOf(instance, calls, store), store),
      host: () => 'ledger.example',
      clock,
      writer: `${name}-${seed}-${now}`,
      freshOpaqueId: () => tenant.replaceAll('-', ''),
      tiles: openTileCache(),
      blocks: openBlockCache(),
      warn: () => undefined,
      forked: () => {
        counts.forks += 1;
      },
    }).then(
      (log) => {
        instance.log = log;
      },
      (error: unknown) => {
        instance.alive = false;
        refuse(error);
      },
    );
    return instance;
  };
  const oracle = openOracle(tables.forTenant(tenant), store);
  const world: World = {
    random,
    calls,
    senders,
    acknowledged: [],
    instances: [open('one'), open('other')],
    oracle,
    open,
    batchMax: isLong ? 120 : 6,
    refuse,
  };

  let checked = '';
  for (let step = 0; step < STEPS_MAX && !isDone(world); step += 1) {
    counts.steps += 1;
    counts.crashes += await act(world);
    await setImmediate();
    if (surprises.length > 0) throw surprises[0];
    const state = `${counts.changes} ${world.acknowledged.length} ${store.size}`;
    if (state !== checked) await oracle.check(world.acknowledged);
    checked = state;
  }
  await finish(world, { tenant, tables, vault, store });
  if (surprises.length > 0) throw surprises[0];
  const { steps, crashes, forks } = counts;
  return { steps, entries: oracle.leaves().length, crashes, forks };
}

/** Refusals that a caller can expect; anything else is a bug. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof DamagedLog ||
    (error instanceof Error && (error.name === 'StoreFault' || error.name === 'Problem')) ||
    // What a flipped bit is noticed by.
    (error instanceof Error &&
      /hash tile|page|authenticate|auth|header|tile|event id/.test(error.message))
  );
}

function countingWrites(tables: Tables, changed: () => void): Tables {
  return {
    ...tables,
    forTenant(tenant) {
      const real = tables.forTenant(tenant);
      return {
        ...real,
        async write(write) {
          const result = await real.write(write);
          changed();
          return result;
        },
      };
    },
  };
}

function isDone({ senders }: World): boolean {
  return senders.every(({ done, events }) => done === events.length);
}

/** One thing happens. How many processes crashed by it. */
async function act(world: World): Promise<number> {
  const { random, calls, instances, senders } = world;
  const dice = random.next();
  if (dice < 0.01) {
    const index = random.below(instances.length);
    const [crashed] = instances.splice(index, 1, world.open('next'));
    if (crashed === undefined) return 0;
    calls.crash(crashed);
    for (const sender of senders) if (sender.asked === crashed) sender.asked = undefined;
    return 1;
  }
  for (const [index, { alive }] of instances.entries()) {
    if (!alive) instances[index] = world.open('again');
  }
  if (dice < 0.06) giveUp(world);
  else if (dice < 0.14) signOrFollow(world);
  else if (dice < 0.32) sendSome(world);
  else if (!(await calls.step())) sendSome(world);
  return 0;
}

/** A sender stops waiting, and will send the same batch to somebody. */
function giveUp({ random, senders }: World): void {
  const sender = random.pick(senders);
  if (sender !== undefined) sender.asked = undefined;
}

function signOrFollow({ random, instances, refuse }: World): void {
  const log = random.pick(instances)?.log;
  const work = random.chance(0.5) ? log?.checkpoint(log.size()) : log?.follow();
  work?.catch(refuse);
}

function sendSome(world: World): void {
  const { calls, random, senders, instances, acknowledged, batchMax, refuse } = world;
  const sender = random.pick(senders.filter(({ asked }) => asked === undefined));
  const process = random.pick(instances.filter(({ alive, log }) => alive && log !== undefined));
  if (sender === undefined || process?.log === undefined) return;
  send({
    calls,
    sender,
    process,
    log: process.log,
    count: 1 + random.below(batchMax),
    acknowledge: (more) => acknowledged.push(...more),
    refuse,
  });
}

async function finish(
  world: World,
  stores: {
    readonly tenant: string;
    readonly tables: Tables;
    readonly vault: Vault;
    readonly store: Map<string, Buffer>;
  },
): Promise<void> {
  const { calls, instances, oracle, acknowledged, senders } = world;
  for (const each of instances) calls.crash(each);
  calls.heal();
  const fresh = world.open('fresh');
  const log = await calmly(calls, async () => {
    while (fresh.alive && fresh.log === undefined) await setImmediate();
    return fresh.log;
  });
  if (log === undefined) throw new Error('a fresh process cannot open the log');
  await oracle.check(acknowledged);
  // The same as replay, before anything else is appended.
  await calmly(calls, () => log.follow());
  await oracle.check(acknowledged);
  expect(log.size(), 'recovered size').toBe(oracle.leaves().length);
  for (const sender of senders) {
    const rest = sender.events.slice(sender.done);
    if (rest.length === 0) continue;
    const receipts = await calmly(calls, () => log.append(rest));
    acknowledged.push(
      ...rest.map((event, index) => ({ event, receipt: receipts[index] as never })),
    );
  }
  await calmly(calls, () => log.follow());
  await oracle.check(acknowledged);
  await calmly(calls, () => checkRecovered(world, log));
  await calmly(calls, () => log.checkpoint(log.size()));
  await oracle.check(acknowledged);
  await calmly(calls, async () => log[Symbol.asyncDispose]());
  const { tables, tenant, vault } = stores;
  const parts = { tables, vault, checkpoints: plainBlobs(stores.store) };
  const verify = () => verifyTenant(parts, tenant);
  const verified = await verify();
  expect(verified.breaks, 'nothing is wrong with the stores').toEqual([]);
  expect([verified.size, verified.root]).toEqual([
    oracle.leaves().length,
    oracle.rootAt(oracle.leaves().length),
  ]);
  await checkFlippedBit({ tables: tables.forTenant(tenant), random: world.random, verify });
}

/** Proofs and values of a process that has recovered. */
async function checkRecovered({ oracle, acknowledged, random }: World, log: Log): Promise<void> {
  const size = oracle.leaves().length;
  expect(log.size()).toBe(size);
  expect(await rootAt(log.nodes, size), 'tiles and tail make the root').toBe(oracle.rootAt(size));
  const sent = new Map(acknowledged.map(({ event, receipt }) => [receipt.seq, event]));
  for (const seq of [0, size - 1, random.below(size), random.below(size)]) {
    const path = inclusionPath(seq, size);
    const hashes = await Promise.all(path.map((range) => rangeHash(log.nodes, range)));
    expect(hashes.length).toBe(path.length);
    const entry = oracle.entries()[seq];
    const first = acknowledged.find(
      ({ receipt }) => receipt.seq === seq && receipt.status !== 'conflict',
    );
    if (first === undefined || entry?.id !== sent.get(seq)?.id) continue;
    expect(await log.disclosures(seq), 'values can be opened').toEqual(first.event.disclosures);
  }
}

/** Lets every call go on until the work is done. */
async function calmly<Result>(calls: Calls, work: () => Promise<Result>): Promise<Result> {
  const state = { isOver: false };
  const working = work().finally(() => {
    state.isOver = true;
  });
  // Awaited below, when it has come to its end.
  working.catch(() => undefined);
  for (let step = 0; !state.isOver; step += 1) {
    if (step === CALM_STEPS_MAX) throw new Error('it does not come to rest');
    await calls.step();
    await setImmediate();
  }
  return working;
}
