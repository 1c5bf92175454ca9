import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { inclusionPath } from '#services/ledger/chain/tree.ts';
import type { Log } from '#services/ledger/log/log.ts';
import type { SizedLog } from './ledger-logs.ts';
import { type Figure, median, type Table } from './table.ts';

const ROUNDS = 9;
const PROOFS = 2_000;
const MEBIBYTE = 1024 * 1024;

/** Times in ms, one for each round; memory in MiB. */
interface Measured {
  readonly size: number;
  readonly memory: number;
  readonly times: number[];
}

/**
 * Inclusion proofs of random entries by the size of the log, smallest first. The logs take turns, so
 * that what else the machine does falls on all of them; each round opens them anew, with nothing in
 * memory.
 */
export async function benchProofs(logs: readonly SizedLog[]): Promise<Table> {
  // What is loaded, compiled and made once is not what a log takes.
  for (const log of logs) await provedIn(log);
  const measured: Measured[] = [];
  for (const log of logs) {
    measured.push({ size: log.size, memory: await memoryOf(log), times: [] });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, log] of logs.entries()) measured[index]?.times.push(await provedIn(log));
  }
  return {
    title: 'Inclusion proofs of random entries, log opened anew',
    rows: [...measured.flatMap(rowsOf), ...ratiosOf(measured)],
  };
}

async function provedIn({ size, fixture }: SizedLog): Promise<number> {
  await using log = await fixture.open();
  return prove(log, size);
}

/** Median time of a proof, in ms. */
async function prove(log: Log, size: number): Promise<number> {
  const times: number[] = [];
  for (let proof = 0; proof < PROOFS; proof += 1) {
    const seq = Math.floor(Math.random() * size);
    const startedAt = performance.now();
    await log.hashes(inclusionPath(seq, size));
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** What an open log keeps after its proofs, in MiB; SQLite's own cache has a fixed size besides. */
async function memoryOf({ size, fixture }: SizedLog): Promise<number> {
  const before = await memoryUsed();
  await using log = await fixture.open();
  await prove(log, size);
  return ((await memoryUsed()) - before) / MEBIBYTE;
}

function rowsOf({ size, memory, times }: Measured): Figure[] {
  const name = size.toLocaleString('en-US');
  return [
    { what: `proof at ${name}`, value: median(times) * 1_000, unit: 'µs' },
    { what: `memory of the open log at ${name}`, value: memory, unit: 'MiB' },
  ];
}

/** Each log to the smallest, round by round. */
function ratiosOf([smallest, ...larger]: readonly Measured[]): Figure[] {
  return larger.map(({ size, times }) => ({
    what: `proof at ${size.toLocaleString('en-US')} to the smallest`,
    value: median(times.map((time, round) => time / (smallest?.times[round] ?? Number.NaN))),
    unit: 'ratio',
    target: '<= 2 (at 10 million)',
  }));
}

/** Bytes in use after what nobody holds is collected, buffers too. */
async function memoryUsed(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let times = 0; times < 4; times += 1) {
    collect();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
