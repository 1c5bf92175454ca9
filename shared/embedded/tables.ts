/**
 * The tables port on one SQLite file.
 *
 * 1. A write is checked and turned into text and bytes before anything is locked.
 * 2. It joins the commit of this turn of the event loop (tables-commits.ts).
 * 3. There, all its expectations are looked at first. One that does not hold ends it: nothing of
 *    this write has been done yet.
 * 4. Rows, directory and outbox change; the commit is synced; then the write resolves.
 *
 * Reads go through the same connection. A commit runs without a pause, so that no read falls into
 * the middle of one.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type {
  DirectoryEntry,
  Json,
  OutboxEvent,
  Row,
  Tables,
  TenantTables,
} from '#shared/ports/tables.ts';
import { openSqlite, whenFree } from './disk/sqlite.ts';
import { type Commits, openCommits } from './tables-commits.ts';
import { type Eraser, openEraser } from './tables-eraser.ts';
import { assertKey, assertTenant, planList, planWrite } from './tables-plan.ts';
import { applyWrite, prepareWrites, type WriteStatements } from './tables-write.ts';

/**
 * `rows` has rowids although it is found by its key alone: a record of 1 to 2 KB does not fit into
 * a page of a b-tree of keys, and `WITHOUT ROWID` would spill each into a page of its own (measured:
 * twice the time of an insert and three times the file).
 */
const schema = `
  CREATE TABLE rows (
    tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    version INTEGER NOT NULL, value TEXT NOT NULL, bytes BLOB,
    PRIMARY KEY (tenant, kind, id)
  ) STRICT;
  CREATE TABLE directory (
    kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, row_id TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;
`;

export async function openTables(settings: {
  readonly file: string;
  readonly clock: () => number;
}): Promise<Tables> {
  const db = await openSqlite(settings.file, schema);
  const store: Store = {
    db,
    commits: openCommits(db),
    eraser: openEraser(db),
    reads: prepareReads(db),
    writes: prepareWrites(db),
    clock: settings.clock,
  };
  const { commits, eraser, reads, writes } = store;
  // An earlier process may have been killed between a commit and the overwriting of what it erased.
  eraser.run().catch(() => undefined);
  return {
    forTenant: (tenant) => openTenantTables(store, tenant),
    async find(key) {
      assertKey(key);
      const found = await whenFree(db, () => reads.find.get(key.kind, key.id));
      // The column names and types are those of the schema above, here and below.
      return found && { ...(found as unknown as DirectoryEntry) };
    },
    outbox: ({ after, limit }) =>
      whenFree(db, () => reads.outbox.all(after, limit).map(outboxEventOf)),
    async outboxDone(positions) {
      if (positions.length === 0) return;
      // A power cut may bring them back; the ledger then recognises them by their ids.
      await commits.run(() => {
        for (const position of positions) writes.forgetEvent.run(position);
      }, 'relaxed');
    },
    outboxDepth: () => whenFree(db, () => depthOf(reads.depth.get())),
    async [Symbol.asyncDispose]() {
      await commits.close();
      eraser.stop();
      if (db.isOpen) db.close();
    },
  };
}

interface Store {
  readonly db: DatabaseSync;
  readonly commits: Commits;
  readonly eraser: Eraser;
  readonly reads: ReadStatements;
  readonly writes: WriteStatements;
  readonly clock: () => number;
}

function openTenantTables(store: Store, tenant: TenantId): TenantTables {
  assertTenant(tenant);
  const { db, reads, writes, commits, eraser, clock } = store;
  return {
    async get(key) {
      assertKey(key);
      const found = await whenFree(db, () => reads.get.get(tenant, key.kind, key.id));
      return found && rowOf(key.kind, found);
    },
    async list(request) {
      const { kind, limit, from, after, before } = planList(request);
      const found = await whenFree(db, () => {
        if (request.descending) return reads.listDown.all(tenant, kind, from, before, limit);
        if (after !== undefined) return reads.listAfter.all(tenant, kind, after, before, limit);
        return reads.listFrom.all(tenant, kind, from, before, limit);
      });
      return found.map((each) => rowOf(kind, each));
    },
    async write(write) {
      const plan = planWrite(tenant, write);
      const apply = () => applyWrite(writes, plan, Math.trunc(clock()));
      const result = await commits.run(apply, 'durable');
      if (result.ok && write.erase === true) await eraser.run();
      return result;
    },
  };
}

type ReadStatements = ReturnType<typeof prepareReads>;

function prepareReads(db: DatabaseSync) {
  /** Rows come as arrays of their columns: an object with names costs a sixth of a small read. */
  const rows = (rest: string) =>
    db.prepare(
      `SELECT id, version, value, bytes FROM rows WHERE tenant = ? AND kind = ? AND ${rest}`,
      { returnArrays: true },
    );
  return {
    get: rows('id = ?'),
    listFrom: rows('id >= ? AND id < ? ORDER BY id LIMIT ?'),
    listAfter: rows('id > ? AND id < ? ORDER BY id LIMIT ?'),
    listDown: rows('id >= ? AND id < ? ORDER BY id DESC LIMIT ?'),
    find: db.prepare('SELECT tenant, row_id AS id FROM directory WHERE kind = ? AND id = ?'),
    outbox: db.prepare(
      'SELECT position, event FROM outbox WHERE position > ? ORDER BY position LIMIT ?',
    ),
    depth: db.prepare(
      `SELECT count(*) AS events,
         (SELECT at FROM outbox ORDER BY position LIMIT 1) AS oldestAt FROM outbox`,
    ),
  };
}

function rowOf(kind: string, found: object): Row {
  const [id, version, text, bytes] = found as readonly [string, number, string, Uint8Array | null];
  const value = JSON.parse(text) as Json;
  return bytes === null ? { kind, id, version, value } : { kind, id, version, value, bytes };
}

function outboxEventOf(found: object): OutboxEvent {
  const { position, event } = found as { readonly position: number; readonly event: string };
  return { position, event: JSON.parse(event) as AuditEvent };
}

function depthOf(found: object | undefined) {
  const { events, oldestAt } = found as {
    readonly events: number;
    readonly oldestAt: number | null;
  };
  return { events, oldestAt: oldestAt ?? undefined };
}
