import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server commits within milliseconds; whoever holds a file longer than that is no server. */
const LOCK_WAIT_MS = 5_000;
/** Times of files come from a clock that stands still for some milliseconds at a time. */
const CLOCK_MARGIN_MS = 50;

/** Several SQLite files as they are at one instant, whatever is written to them meanwhile. */
export interface Instant extends Disposable {
  /** Milliseconds since the epoch. What was written to other files by then belongs to it. */
  readonly at: number;
  /** One of the files, to be copied. */
  reader(file: string): DatabaseSync;
}

/**
 * 1. Each file is locked against writers; throws a sentence where somebody keeps one. Nobody waits for one of them while holding another one, so
 *    that all of them can be had.
 * 2. A read transaction is begun on each: it will see the file as it is now.
 * 3. The locks are let go. Writers have waited for a few dozen milliseconds.
 *
 * Until it is disposed the write-ahead logs grow, and nothing in them can be overwritten.
 */
export async function holdInstant(files: readonly string[]): Promise<Instant> {
  using opened = new DisposableStack();
  const readers = new Map(files.map((file) => [file, opened.adopt(new DatabaseSync(file), end)]));
  const at = await whileLocked(files, () => {
    for (const reader of readers.values()) {
      reader.exec('BEGIN');
      // The transaction begins with the first read.
      reader.prepare('SELECT count(*) FROM sqlite_schema').get();
    }
  });
  const held = opened.move();
  return {
    at,
    reader(file) {
      const reader = readers.get(file);
      if (reader === undefined) throw new Error(`${file} is none of the files that are held`);
      return reader;
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

async function whileLocked(files: readonly string[], work: () => void): Promise<number> {
  using locks = new DisposableStack();
  for (const file of files) {
    const lock = locks.adopt(new DatabaseSync(file, { timeout: LOCK_WAIT_MS }), end);
    begin(lock, file);
  }
  const at = Date.now();
  work();
  await sleep(CLOCK_MARGIN_MS);
  return at;
}

function begin(lock: DatabaseSync, file: string): void {
  try {
    lock.exec('BEGIN IMMEDIATE');
  } catch (cause) {
    throw new Error(`${file} cannot be locked: ${cause}. End what holds it and try again.`, {
      cause,
    });
  }
}

function end(database: DatabaseSync): void {
  if (database.isTransaction) database.exec('ROLLBACK');
  database.close();
}
