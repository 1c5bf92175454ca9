import type { DatabaseSync } from 'node:sqlite';
import { Problem } from '#shared/problem.ts';
import { transaction, whenFree } from './disk/sqlite.ts';

/** Bounds how long one commit may keep everything else waiting. */
const COMMIT_JOBS_MAX = 128;

/** `relaxed`: losing it in a power cut does no harm, so it does not wait for the disk by itself. */
export type Durability = 'durable' | 'relaxed';

/**
 * Group commit: what is asked for in one turn of the event loop shares a transaction, and so one
 * fsync. Each job sees what those before it did; to the outside they happen at once.
 */
export interface Commits {
  /** Resolves after the commit. A job MUST be done again safely when it throws. */
  run<Result>(job: () => Result, durability: Durability): Promise<Result>;
  /** Refuses new jobs, ends those that wait. */
  close(): Promise<void>;
}

interface Pending {
  readonly job: () => unknown;
  readonly durability: Durability;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export function openCommits(db: DatabaseSync): Commits {
  let waiting: Pending[] = [];
  let draining: Promise<void> | undefined;
  let closed = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // A turn of the event loop for each commit: time for more to join it, and for all else.
      await new Promise(setImmediate);
      const batch = waiting.slice(0, COMMIT_JOBS_MAX);
      waiting = waiting.slice(COMMIT_JOBS_MAX);
      await commitBatch(db, batch);
    }
    draining = undefined;
  }

  return {
    run<Result>(job: () => Result, durability: Durability): Promise<Result> {
      if (closed) return Promise.reject(new Problem('unavailable'));
      const { promise, resolve, reject } = Promise.withResolvers<Result>();
      // The result that comes back is the one that this very job gave.
      waiting.push({ job, durability, resolve: (result) => resolve(result as Result), reject });
      draining ??= drain();
      return promise;
    },
    async close() {
      closed = true;
      await draining;
    },
  };
}

/** Never rejects: each job hears its own end. */
async function commitBatch(db: DatabaseSync, batch: readonly Pending[]): Promise<void> {
  const progress = { inJob: false };
  try {
    const results = await whenFree(db, () => commitJobs(db, batch, progress));
    for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
  } catch (error) {
    if (!progress.inJob || batch.length === 1) {
      for (const { reject } of batch) reject(error);
      return;
    }
    // One job failed and took the others with it: each alone, so that only its own caller hears.
    for (const pending of batch) await commitBatch(db, [pending]);
  }
}

/** `progress` tells whether a job failed, or the transaction around them all. */
function commitJobs(
  db: DatabaseSync,
  batch: readonly Pending[],
  progress: { inJob: boolean },
): unknown[] {
  const relaxed = batch.every(({ durability }) => durability === 'relaxed');
  if (relaxed) db.exec('PRAGMA synchronous = NORMAL');
  try {
    return transaction(db, () => {
      progress.inJob = true;
      const results = batch.map(({ job }) => job());
      progress.inJob = false;
      return results;
    });
  } finally {
    if (relaxed) db.exec('PRAGMA synchronous = FULL');
  }
}
