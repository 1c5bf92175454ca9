/**
 * Reads blocks for a walk, and looks into them before the walk comes to them.
 *
 * 1. The first blocks are looked into one by one: most walks end there, and threads take a while to
 *    start.
 * 2. Then there are threads. A block is read here, looked into in one of them, and waits until the
 *    walk asks for it; a bounded number of blocks are on this way at a time.
 * 3. A thread that fails takes nothing along: its blocks are looked into here, and so are all that
 *    follow.
 */
import { Worker } from 'node:worker_threads';
import { type Look, lookInto, type StoredBlock } from '../chain/look.ts';
import type { BlockReader } from '../chain/verify.ts';
import type { LookAnswer, LookJob } from './look-thread.ts';

const LOOK_THREAD = new URL('./look-thread.ts', import.meta.url);
/** With fewer the threads would hardly be running when the walk is over. */
const BLOCKS_ALONE = 64;
/** Blocks that wait for the walk, for each thread: a few hundred KB each at most. */
const AHEAD_PER_THREAD = 8;

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

  async function look(blockNo: number): Promise<StoredBlock | undefined> {
    const stored = await blocks.read(blockNo);
    if (stored === undefined) return undefined;
    const found = pool?.isReady() ? await pool.look({ tenant, ...stored }) : undefined;
    return { ...stored, look: found ?? { sound: lookInto(tenant, stored) } };
  }

  function lookAt(blockNo: number): void {
    const looked = look(blockNo);
    // Whoever comes to the block hears of it.
    looked.catch(() => undefined);
    ahead.set(blockNo, looked);
  }

  return {
    ...blocks,
    async read(blockNo) {
      alone += 1;
      if (alone > BLOCKS_ALONE && threads > 0) pool ??= openLookPool(file, threads);
      if (!pool?.isReady()) return look(blockNo);
      for (const passed of [...ahead.keys()].filter((each) => each < blockNo)) ahead.delete(passed);
      const end = blockNo + threads * AHEAD_PER_THREAD;
      for (let next = blockNo; next < end; next += 1) if (!ahead.has(next)) lookAt(next);
      return ahead.get(blockNo);
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
  /** `undefined` when the thread has failed. */
  look(job: Omit<LookJob, 'id'>): Promise<Look | undefined>;
}

function openLookPool(file: URL, threads: number): LookPool {
  const workers = Array.from({ length: threads }, () => new Worker(file));
  const waiting = new Map<number, (look: Look | undefined) => void>();
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
      waiting.get(answer.id)?.({ sound: answer.sound });
      waiting.delete(answer.id);
    });
    worker.on('error', fail).on('exit', fail);
  }
  return {
    isReady: () => started === threads && !failed,
    look(job) {
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
