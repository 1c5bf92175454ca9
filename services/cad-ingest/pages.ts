import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import { rowId } from '#contracts/primitives.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

/** Half of a bus message: the rest is room for the envelope, and for one item over the bound. */
const PAGE_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;

/**
 * One page of a list: `limit` items, or as many as a bus message holds. `next` is the cursor of the
 * page behind it, absent when nothing follows.
 */
export async function collectPage<Item>(request: {
  readonly tables: TenantTables;
  /** Rows whose id is the prefix and the id of a record. */
  readonly rows: { readonly kind: string; readonly prefix?: string; readonly descending?: boolean };
  readonly limit: number;
  readonly cursor: string | undefined;
  /** `undefined` where the row leads to nothing that the list shows any more. */
  itemOf(id: string, row: Row): Promise<Item | undefined>;
}): Promise<{ readonly items: Item[]; readonly next?: string }> {
  const { kind, prefix = '', descending = false } = request.rows;
  const begun = idIn(request.cursor);
  const rows = await request.tables.list({
    kind,
    descending,
    limit: request.limit + 1,
    ...(prefix === '' ? {} : { prefix }),
    ...(begun === undefined ? {} : { after: prefix + begun }),
  });
  const items: Item[] = [];
  let bytes = 0;
  let last: string | undefined;
  for (const row of rows) {
    const id = row.id.slice(prefix.length);
    const item = await request.itemOf(id, row);
    bytes += Buffer.byteLength(JSON.stringify(item ?? ''));
    const full = items.length === request.limit || bytes > PAGE_BYTES_MAX;
    if (last !== undefined && full) return { items, next: cursorOf(last) };
    if (item !== undefined) items.push(item);
    last = id;
  }
  if (rows.length <= request.limit || last === undefined) return { items };
  return { items, next: cursorOf(last) };
}

/** Opaque to clients; a list goes on behind the record with this id. */
function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** The record id in a cursor; throws Problem `invalid-cursor` for anything else. */
function idIn(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const parsed = rowId.safeParse(Buffer.from(cursor, 'base64url').toString());
  if (parsed.success) return parsed.data;
  throw new Problem('invalid-cursor', {
    detail: 'The cursor does not belong to this list. Begin again without one.',
  });
}
