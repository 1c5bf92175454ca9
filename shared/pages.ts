import { BUS_MESSAGE_BYTES_MAX, LIST_ROWS_MAX } from '#contracts/limits.ts';
import { cursorAfter, rowIdIn, scopeOf } from './cursor.ts';
import type { ListRequest, Row, TenantTables } from './ports/tables.ts';

/** Rows looked at for one page, at most: a filter that hits nothing must not read the whole store. */
const SCAN_ROWS_MAX = 1_000;
/** Rows fetched at a time; one of them can have hundreds of kilobytes. */
const CHUNK_ROWS = Math.min(100, LIST_ROWS_MAX);
/** Half of a bus message: the rest is room for the envelope, and for one item over the bound. */
const PAGE_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;

export interface ListedPage<Item> {
  items: Item[];
  /** Cursor of the next page; absent when there is nothing more. */
  next?: string;
}

interface PageOfRows<Item> {
  readonly items: Item[];
  /** Row id behind which the next page begins; absent when there is nothing more. */
  readonly after?: string;
}

/**
 * The page of a list that a query asks for. A cursor belongs to its operation and filters; Problem
 * `invalid-cursor` for any other.
 */
export async function listPage<Item>(request: {
  readonly operation: string;
  /** What is asked: the filters, beside limit and cursor. */
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  readonly tables: TenantTables;
  readonly rows: { readonly kind: string; readonly prefix?: string; readonly descending?: boolean };
  /** The item that a row leads to; `undefined` when the list does not show it. */
  itemOf(row: Row): Promise<Item | undefined>;
}): Promise<ListedPage<Item>> {
  const { operation, query, rows, ...rest } = request;
  const scope = scopeOf(operation, query);
  const begin = rowIdIn(scope, query.cursor);
  const { items, after } = await collectPage({
    ...rest,
    limit: query.limit,
    rows: { ...rows, ...(begin === undefined ? {} : { after: begin }) },
  });
  return after === undefined ? { items } : { items, next: cursorAfter(scope, after) };
}

/**
 * One page of a list. It ends when it has the items, bytes or rows that it may have, so that it can
 * be short, or even empty, and still not be the last. `after` is always further on than before.
 */
async function collectPage<Item>(request: {
  readonly tables: TenantTables;
  readonly rows: Omit<ListRequest, 'limit'>;
  readonly limit: number;
  /** The item that a row leads to; `undefined` when the list does not show it. */
  itemOf(row: Row): Promise<Item | undefined>;
}): Promise<PageOfRows<Item>> {
  const items: Item[] = [];
  let bytes = 0;
  let scanned = 0;
  let after = '';
  // A filter that hits little needs more than the first rows.
  for await (const row of rowsOf(request.tables, request.rows, request.limit + 1)) {
    if (items.length === request.limit || scanned === SCAN_ROWS_MAX) return { items, after };
    const item = await request.itemOf(row);
    if (item !== undefined) {
      bytes += Buffer.byteLength(JSON.stringify(item));
      if (items.length > 0 && bytes > PAGE_BYTES_MAX) return { items, after };
      items.push(item);
    }
    scanned += 1;
    after = row.id;
  }
  return { items };
}

/**
 * Rows in their order, for as long as whoever asks goes on, read a few at a time. `first` is how many
 * are enough as a rule: no more are read at first.
 */
export async function* rowsOf(
  tables: TenantTables,
  rows: {
    readonly kind: string;
    readonly prefix?: string | undefined;
    readonly after?: string | undefined;
    readonly descending?: boolean | undefined;
  },
  first = CHUNK_ROWS,
): AsyncGenerator<Row> {
  const { kind, prefix, descending } = rows;
  const asked = { kind, ...(prefix && { prefix }), ...(descending && { descending }) };
  let { after } = rows;
  let limit = Math.min(first, CHUNK_ROWS);
  for (;;) {
    const chunk = await tables.list({ ...asked, ...(after && { after }), limit });
    yield* chunk;
    after = chunk.at(-1)?.id;
    if (after === undefined || chunk.length < limit) return;
    limit = CHUNK_ROWS;
  }
}
