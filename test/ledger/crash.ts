/**
 * A process that can die at any call to a store, and stores that fail by chance. Everything is drawn
 * from one seed, so that a run can be had again.
 */

import { Readable } from 'node:stream';
import type { Log } from '#services/ledger/log/log.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { StoreFault } from './faulty.ts';
import type { Fixture } from './fixture.ts';

export type Chance = () => number;

/** Mulberry32: small, and the same everywhere. Numbers from 0 up to 1. */
export function openChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function chooseFrom<Value>(chance: Chance, values: readonly Value[]): Value {
  const value = values[Math.floor(chance() * values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

export interface MortalProcess {
  readonly log: Log;
  /** Resolves when the process has died; its calls never answer after that. */
  readonly died: Promise<'died'>;
}

export interface Odds {
  /** Of a call to fail, done or not. */
  readonly fault: number;
  /** Calls that a process lives for, at most. */
  readonly callsMax: number;
}

/** Opens the log in a process whose end is drawn now. `undefined` when it died while opening. */
export async function openMortal(
  fixture: Fixture,
  chance: Chance,
  odds: Odds,
): Promise<MortalProcess | undefined> {
  const life = openLife(chance, odds);
  const opening = fixture.open(mortalTables(fixture.tables, life), mortalBlobs(fixture, life));
  const log = await Promise.race([opening.catch(() => undefined), life.died]);
  return log === 'died' || log === undefined ? undefined : { log, died: life.died };
}

type Life = ReturnType<typeof openLife>;

function openLife(chance: Chance, { fault, callsMax }: Odds) {
  let callsLeft = Math.ceil(chance() * callsMax);
  const { promise: died, resolve: die } = Promise.withResolvers<'died'>();
  return {
    died,
    async call<Result>(run: () => Promise<Result>): Promise<Result> {
      callsLeft -= 1;
      if (callsLeft <= 0) {
        // The last call is carried out by the store or not; nobody hears.
        if (callsLeft === 0 && chance() < 0.5) await unheard(run);
        die('died');
        return new Promise(() => undefined);
      }
      if (chance() >= fault) return run();
      const kind = chooseFrom(chance, ['unapplied', 'applied', 'late'] as const);
      if (kind === 'applied') await unheard(run);
      if (kind === 'late') setImmediate(() => setImmediate(() => void unheard(run)));
      throw new StoreFault(kind);
    },
  };
}

/** Carries it out; what it answers is lost, and a stream is closed as the end of a process does. */
async function unheard<Result>(run: () => Promise<Result>): Promise<void> {
  const answer = await run().catch(() => undefined);
  if (answer instanceof Readable) answer.destroy();
}

function mortalTables(tables: Tables, life: Life): Tables {
  return {
    ...tables,
    forTenant(tenant) {
      const real = tables.forTenant(tenant);
      return {
        get: (key) => life.call(() => real.get(key)),
        list: (request) => life.call(() => real.list(request)),
        write: (write) => life.call(() => real.write(write)),
      };
    },
  };
}

function mortalBlobs({ checkpoints }: Fixture, life: Life): Blobs {
  return {
    ...checkpoints,
    put: (key, bytes) => life.call(() => checkpoints.put(key, bytes)),
    get: (key) => life.call(() => checkpoints.get(key)),
    head: (key) => life.call(() => checkpoints.head(key)),
  };
}
