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
import type { AuditEvent } from '#contracts/audit-event.ts';
import { LOG_PURGED } from '#services/ledger/chain/boundary.ts';
import { DamagedLog } from '#services/ledger/chain/head.ts';
import { RECORD_DESTROYED } from '#services/ledger/chain/seal.ts';
import { inclusionPath, rootAt } from '#services/ledger/chain/tree.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { through } from '../faulty.ts';
import { type Calls, openCalls } from './calls.ts';
import { checkFlippedBit } from './flip.ts';
import { type Keeper, openKeeper } from './keeper.ts';
import { appendOld, oldEvents, openRepeater, PURGEABLE_SIZES } from './old.ts';
import { type Oracle, openOracle } from './oracle.ts';
import { openBlobStore, openSimulatedVault, plainBlobs } from './ports.ts';
import { type Instance, openInstance, openUndisturbed, type Surroundings } from './processes.ts';
import { openRandom, type Random } from './random.ts';
import { type Acknowledged, openSender, type Sender, send } from './senders.ts';
import { faithful, type Variant } from './variants.ts';

const STEPS_MAX = 1_500;
/** Steps at the end, without faults: more means that something does not come to rest. */
const CALM_STEPS_MAX = 20_000;

interface World {
  readonly random: Random;
  readonly calls: Calls;
  readonly senders: readonly Sender[];
  readonly acknowledged: Acknowledged[];
  readonly instances: Instance[];
  readonly oracle: Oracle;
  readonly keeper: Keeper;
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
  /** Entries that a purge has removed, and records whose values an order has destroyed. */
  readonly purged: number;
  readonly expunged: number;
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
  // One in six is long enough for pages and tiles; one in twelve begins with pages to be purged.
  const isLong = random.chance(1 / 6);
  const isOld = random.chance(1 / 12);
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
  const forked = () => {
    counts.forks += 1;
  };
  const around = {
    seed,
    tenant,
    tables: counted,
    store,
    vault,
    calls,
    variant,
    clock,
    forked,
    refuse,
  };
  const open = (name: string) => openInstance(around, name);
  const acknowledged: Acknowledged[] = [];
  if (isOld) {
    const old = oldEvents({ tenant, random, clock });
    acknowledged.push(...(await beginWith(around, old)));
    senders.push(openRepeater(old, random));
  }
  const world: World = {
    random,
    calls,
    senders,
    acknowledged,
    instances: [open('one'), open('other')],
    oracle: openOracle(tables.forTenant(tenant), store),
    keeper: openKeeper({
      tenant,
      random,
      clock,
      purgeable: isOld ? PURGEABLE_SIZES : [],
      acknowledged,
      refuse,
    }),
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
    const state = `${counts.changes} ${acknowledged.length} ${store.size}`;
    if (state !== checked) await world.oracle.check(acknowledged);
    checked = state;
  }
  const { purged } = await finish(world, { tenant, tables, vault, store });
  if (surprises.length > 0) throw surprises[0];
  const { steps, crashes, forks } = counts;
  const entries = world.oracle.entries();
  const expunged = entries.filter(({ action }) => action === RECORD_DESTROYED).length;
  return { steps, entries: entries.length, crashes, forks, purged, expunged };
}

async function beginWith(
  around: Surroundings,
  events: readonly AuditEvent[],
): Promise<Acknowledged[]> {
  await using log = await openUndisturbed(around);
  return appendOld(log, events);
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
  return through(tables, (real) => ({
    async write(write) {
      const result = await real.write(write);
      changed();
      return result;
    },
  }));
}

function isDone({ senders }: World): boolean {
  return senders.every(({ done, events }) => done === events.length);
}

/** One thing happens. How many processes crashed by it. */
async function act(world: World): Promise<number> {
  const { random, calls, instances } = world;
  const dice = random.next();
  if (dice < 0.01) return crashOne(world);
  for (const [index, { alive }] of instances.entries()) {
    if (!alive) instances[index] = world.open('again');
  }
  if (dice < 0.06) giveUp(world);
  else if (dice < 0.14) signOrFollow(world);
  else if (dice < 0.17) keep(world);
  else if (dice < 0.32) sendSome(world);
  else if (!(await calls.step())) sendSome(world);
  return 0;
}

function crashOne({ random, calls, instances, senders, open }: World): number {
  const index = random.below(instances.length);
  const [crashed] = instances.splice(index, 1, open('next'));
  if (crashed === undefined) return 0;
  calls.crash(crashed);
  for (const sender of senders) if (sender.asked === crashed) sender.asked = undefined;
  return 1;
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

function keep({ random, instances, keeper }: World): void {
  const process = random.pick(instances.filter(({ alive, log }) => alive && log !== undefined));
  const { log, tables } = process ?? {};
  if (process && log && tables) keeper.act({ process, log, tables });
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
): Promise<{ readonly purged: number }> {
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
  await calmly(calls, () => world.keeper.finish({ process: fresh, log, tables: fresh.tables }));
  await calmly(calls, () => log.follow());
  await oracle.check(acknowledged);
  const purged = (await readBoundary(stores.tables.forTenant(stores.tenant)))?.size ?? 0;
  expect(log.firstKept(), 'it begins where the purge says').toBe(purged);
  await calmly(calls, () => checkRecovered(world, log));
  await calmly(calls, () => log.checkpoint(log.size()));
  await oracle.check(acknowledged);
  await calmly(calls, async () => log[Symbol.asyncDispose]());
  const { tables, tenant, vault } = stores;
  const parts = { tables, vault, checkpoints: plainBlobs(stores.store) };
  const verify = () => verifyTenant(parts, tenant);
  const verified = await verify();
  expect(verified.breaks, 'nothing is wrong with the stores').toEqual([]);
  expect([verified.size, verified.root, verified.firstKept ?? 0]).toEqual([
    oracle.leaves().length,
    oracle.rootAt(oracle.leaves().length),
    purged,
  ]);
  await checkFlippedBit({
    tables: tables.forTenant(tenant),
    random: world.random,
    verify,
    tells: (seq) => [RECORD_DESTROYED, LOG_PURGED].includes(oracle.entries()[seq]?.action ?? ''),
  });
  return { purged };
}

/** Proofs and values of a process that has recovered. */
async function checkRecovered({ oracle, acknowledged, random }: World, log: Log): Promise<void> {
  const size = oracle.leaves().length;
  expect(log.size()).toBe(size);
  expect(await rootAt(log.nodes, size), 'tiles and tail make the root').toBe(oracle.rootAt(size));
  const sent = new Map(
    acknowledged
      .filter(({ receipt }) => receipt.status !== 'conflict')
      .map(({ event, receipt }) => [receipt.seq, event]),
  );
  const around = oracle.expungements().flatMap(({ last, next }) => [last, next ?? last]);
  const drawn = [0, size - 1, random.below(size), random.below(size), log.firstKept()];
  for (const seq of [...drawn, ...around]) {
    const path = inclusionPath(seq, size);
    const hashes = await log.hashes(path);
    expect(hashes.length).toBe(path.length);
    if (seq < log.firstKept()) {
      const { code } = await log.disclosures(seq).catch((error) => error);
      expect(code, 'what was removed is gone').toBe('gone');
      continue;
    }
    const event = sent.get(seq);
    const found = await log.disclosures(seq);
    if (oracle.isExpunged(seq)) expect(found, 'what was expunged is gone').toBeUndefined();
    else if (event) expect(found, 'values can be opened').toEqual(event.disclosures);
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
