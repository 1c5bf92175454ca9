/**
 * Reads blocks for a walk, and looks into them before the walk comes to them.
 *
 * 1. The first blocks are looked into one by one: most walks end there, and threads take a while to
 *    start.
 * 2. Then there are threads. Blocks are read here, go to one of them, a few in each message, are
 *    looked into and wait until the walk asks for them; a bounded number are on this way at a time.
 * 3. A thread that fails takes nothing along: its blocks are looked into here, and so are all that
 *    follow.
 */
import { Worker } from 'node:worker_threads';
import { lookInto, type StoredBlock } from '../chain/look.ts';
import type { BlockReader } from '../chain/verify.ts';
import type { LookAnswer, LookJob } from './look-thread.ts';

const LOOK_THREAD = new URL('./look-thread.ts', import.meta.url);
/** With fewer the threads would hardly be running when the walk is over. */
const BLOCKS_ALONE = 64;
/** In one message: for a block of few entries a message costs more than the look. */
const BLOCKS_TOGETHER = 8;
/** Blocks that wait for the walk, for each thread: a few hundred KB each at most. */
const AHEAD_PER_THREAD = 2 * BLOCKS_TOGETHER;

export interface LookAhead extends BlockReader, AsyncDisposable {}

export function openLookAhead(about: {
  readonly tenant: string;
  readonly blocks: BlockReader;
  /** 0: everything in the thread that asks. */
  readonly threads: number;
  /** What runs in them. */
  readonly file?: URL;
}): LookAhead {
  const { tenant, blocks, threads, file = LOOK_THREAD } = about;
  const ahead = new Map<number, Promise<StoredBlock | undefined>>();
  let pool: LookPool | undefined;
  let alone = 0;

  /** Blocks from that one on, each with what a thread says of it; without that when it fails. */
  function lookFrom(first: number): void {
    const rows = Array.from({ length: BLOCKS_TOGETHER }, (_, at) => blocks.read(first + at));
    const looks = lookTogether(rows);
    for (const [at, row] of rows.entries()) {
      const looked = row.then(async (stored) => {
        const look = (await looks)?.[at];
        return stored && look ? { ...stored, look } : stored;
      });
      // Whoever comes to the block hears of it.
      looked.catch(() => undefined);
      ahead.set(first + at, looked);
    }
  }

  async function lookTogether(rows: readonly Promise<StoredBlock | undefined>[]) {
    const settled = await Promise.allSettled(rows);
    const found = settled.map((row) => (row.status === 'fulfilled' ? row.value : undefined));
    return pool?.look({ tenant, blocks: found });
  }

  function readAhead(blockNo: number): Promise<StoredBlock | undefined> | undefined {
    for (const passed of [...ahead.keys()].filter((each) => each < blockNo)) ahead.delete(passed);
    const end = blockNo + threads * AHEAD_PER_THREAD;
    for (let next = blockNo; next < end; next += 1) if (!ahead.has(next)) lookFrom(next);
    return ahead.get(blockNo);
  }

  return {
    ...blocks,
    async read(blockNo) {
      alone += 1;
      if (alone > BLOCKS_ALONE && threads > 0) pool ??= openLookPool(file, threads);
      const stored = await (pool?.isReady() ? readAhead(blockNo) : blocks.read(blockNo));
      return stored && { ...stored, look: stored.look ?? { sound: lookInto(tenant, stored) } };
    },
    async [Symbol.asyncDispose]() {
      await pool?.[Symbol.asyncDispose]();
      await Promise.allSettled(ahead.values());
    },
  };
}

interface LookPool extends AsyncDisposable {
  /** All threads run. */
  isReady(): boolean;
  /** In the order of the blocks; `undefined` when the thread has failed. */
  look(job: Omit<LookJob, 'id'>): Promise<LookAnswer['looks'] | undefined>;
}

function openLookPool(file: URL, threads: number): LookPool {
  const workers = Array.from({ length: threads }, () => new Worker(file));
  const waiting = new Map<number, (looks: LookAnswer['looks'] | undefined) => void>();
  let started = 0;
  let failed = false;
  let nextId = 0;

  function fail(): void {
    failed = true;
    for (const resolve of waiting.values()) resolve(undefined);
    waiting.clear();
  }

  for (const worker of workers) {
    worker.on('message', (answer: LookAnswer | 'ready') => {
      if (answer === 'ready') {
        started += 1;
        return;
      }
      waiting.get(answer.id)?.(answer.looks);
      waiting.delete(answer.id);
    });
    worker.on('error', fail).on('exit', fail);
  }
  return {
    isReady: () => started === threads && !failed,
    async look(job) {
      if (failed) return undefined;
      const id = nextId;
      nextId += 1;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        workers[id % threads]?.postMessage({ id, ...job });
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
