import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '#shared/problem.ts';
import { makeFolder } from './durable.ts';

/**
 * SQLite itself waits this long for another process, and everything here waits with it: short, so
 * that the longer wait is the one between tries, which stops nobody.
 */
const BUSY_WAIT_MS = 5;
const BUSY_PAUSE_MS = 10;
const BUSY_DEADLINE_MS = 5_000;
/** A write-ahead log that grew in a rush is cut back to this. */
const WAL_BYTES_KEPT_MAX = 16 * 1024 * 1024;
const CACHE_KIBIBYTES = 16 * 1024;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** The version of the file's layout; a newer program may know how to go on from an older one. */
const SCHEMA_VERSION = 1;

/**
 * Opens the file, making it and its folder if need be. A committed transaction is on the disk
 * (`synchronous = FULL` syncs the write-ahead log at each commit). What is deleted is overwritten
 * (`secure_delete`): audit events carry values that must be gone once the ledger has them, so that
 * an expungement does not leave copies in free pages.
 */
export async function openSqlite(file: string, schema: string): Promise<DatabaseSync> {
  await makeFolder(dirname(file));
  const db = new DatabaseSync(file, { timeout: BUSY_WAIT_MS });
  try {
    await whenFree(db, () => {
      db.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        PRAGMA trusted_schema = OFF;
        PRAGMA cache_size = -${CACHE_KIBIBYTES};
        PRAGMA journal_size_limit = ${WAL_BYTES_KEPT_MAX};
      `);
    });
    await whenFree(db, () => transaction(db, () => installSchema(db, file, schema)));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Runs it all or not at all. Nothing else can come between: SQLite is called synchronously. */
export function transaction<Result>(db: DatabaseSync, run: () => Result): Result {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Runs it, again and again while another process has the file locked. What is run MUST change
 * nothing when it throws. Problem `unavailable` when the lock stays, or the file is closed.
 */
export async function whenFree<Result>(db: DatabaseSync, run: () => Result): Promise<Result> {
  const startedAt = performance.now();
  for (;;) {
    if (!db.isOpen) throw new Problem('unavailable', { detail: 'The store is closed.' });
    try {
      return run();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() - startedAt > BUSY_DEADLINE_MS) throw busyProblem();
    }
    await sleep(BUSY_PAUSE_MS);
  }
}

/**
 * Empties the write-ahead log, which holds older images of pages until it is written over. Problem
 * `unavailable` when another process keeps reading from it.
 */
export async function emptyLog(db: DatabaseSync): Promise<void> {
  const startedAt = performance.now();
  const truncate = () => db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  while ((await whenFree(db, truncate))?.busy !== 0) {
    if (performance.now() - startedAt > BUSY_DEADLINE_MS) throw busyProblem();
    await sleep(BUSY_PAUSE_MS);
  }
}

function installSchema(db: DatabaseSync, file: string, schema: string): void {
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new Error(`${file} has layout ${version}; this program knows ${SCHEMA_VERSION}`);
  }
  db.exec(`${schema}; PRAGMA user_version = ${SCHEMA_VERSION}`);
}

/** The primary result code is the low byte; the rest says which kind of busy. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  if (typeof error.errcode !== 'number') return false;
  const primary = error.errcode & 0xff;
  return primary === SQLITE_BUSY || primary === SQLITE_LOCKED;
}

function busyProblem(): Problem {
  return new Problem('unavailable', {
    detail: 'The store is held by another process. Try again soon.',
    retryAfterSeconds: 1,
  });
}
