import type { DatabaseSync } from 'node:sqlite';
import { emptyLog } from './disk/sqlite.ts';

/** While somebody reads from the write-ahead log it cannot be emptied: then it is tried again. */
const TRY_AGAIN_MS = 1_000;

/** Empties the write-ahead log, which holds older images of pages, and goes on until it was empty. */
export interface Eraser {
  /** Problem `unavailable` when others keep reading from it; it is emptied behind that. */
  run(): Promise<void>;
  stop(): void;
}

export function openEraser(db: DatabaseSync): Eraser {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function run(): Promise<void> {
    try {
      await emptyLog(db);
    } catch (error) {
      if (!stopped) timer ??= setTimeout(again, TRY_AGAIN_MS).unref();
      throw error;
    }
  }

  function again(): void {
    timer = undefined;
    // Whoever has asked heard of the first failure.
    run().catch(() => undefined);
  }

  return {
    run,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
