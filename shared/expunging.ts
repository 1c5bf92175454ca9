/**
 * What every service does when values are destroyed by order. An event holds the values that it
 * changed until the ledger has it, and a store keeps older images of its rows for a while; so a
 * service is done only when both are gone.
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import { LIST_ROWS_MAX, WRITE_BYTES_MAX, WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import type { Change, ListRequest, Row, Tables, TenantTables } from './ports/tables.ts';

const UNAUDITED = 'an expungement, which is an event already, goes on';
/** Rows changed in one write; the rest of it is room for what comes beside. */
const CHANGES_MAX = WRITE_ITEMS_MAX - 10;
/** Of rows as they were before; what is left of one is about as long at most. */
const CHANGED_BYTES_MAX = WRITE_BYTES_MAX / 2;
const RACE_TRIES_MAX = 8;

/** True while an event that holds values of one of these objects waits for the ledger. */
export async function waitsForLedger(
  tables: Tables,
  isAbout: (event: AuditEvent) => boolean,
): Promise<boolean> {
  let after = 0;
  for (;;) {
    const rows = await tables.outbox({ after, limit: LIST_ROWS_MAX });
    if (rows.some(({ event }) => isAbout(event))) return true;
    const last = rows.at(-1);
    if (last === undefined) return false;
    after = last.position;
  }
}

/** Resolves when what was removed or replaced before is in no file of the store any more. */
export async function eraseTraces(tables: TenantTables): Promise<void> {
  // Some stores take no write without a change.
  const nothing = { check: { kind: 'erasure', id: 'none' }, expect: 0 };
  await tables.write({ changes: [nothing], events: [], unaudited: UNAUDITED, erase: true });
}

/**
 * Goes through the rows and writes what `changeOf` makes of each; a row that it leaves alone is
 * `undefined`. A row that somebody else changed meanwhile is asked about again.
 */
export async function changeRows(
  tables: TenantTables,
  rows: Omit<ListRequest, 'limit' | 'after'>,
  changeOf: (row: Row) => Change | undefined,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const found = await tables.list({
      ...rows,
      limit: CHANGES_MAX,
      ...(after === undefined ? {} : { after }),
    });
    for (const rows of writable(found)) await changeAll(tables, rows, changeOf);
    after = found.at(-1)?.id;
    if (found.length < CHANGES_MAX) return;
  }
}

/** The rows in their order, as many together as one write takes. */
function writable(rows: readonly Row[]): Row[][] {
  const writes: Row[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(row.value));
    if (bytes + size > CHANGED_BYTES_MAX) {
      writes.push([]);
      bytes = 0;
    }
    writes.at(-1)?.push(row);
    bytes += size;
  }
  return writes;
}

async function changeAll(
  tables: TenantTables,
  found: readonly Row[],
  changeOf: (row: Row) => Change | undefined,
): Promise<void> {
  let rows: readonly Row[] = found;
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const changes = rows.flatMap((row) => changeOf(row) ?? []);
    if (changes.length === 0) return;
    const written = await tables.write({ changes, events: [], unaudited: UNAUDITED });
    if (written.ok) return;
    const again = await Promise.all(rows.map(({ kind, id }) => tables.get({ kind, id })));
    rows = again.filter((row) => row !== undefined);
  }
  throw new Error('rows were changed by others again and again');
}
