/**
 * Derives the rows of full pages, behind the commits.
 *
 * 1. Event ids of the page, in a few writes.
 * 2. In one write: its hash tile, the growing tiles above it, and last the page's own row, only if
 *    there is none.
 * 3. The view lets go of the page.
 *
 * A crash after 1 leaves ids that are written once more; after 2 nothing is missing. Two processes
 * that derive the same page write the same rows, and the page's row decides who was first. Without
 * page rows all of it is made again from the blocks, by the same functions.
 */
import { isDeepStrictEqual } from 'node:util';
import { WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import { filterOf } from './chain/marks.ts';
import { TILE_LEVELS, TILE_WIDTH, tileBytes } from './chain/tiles.ts';
import { numberId, tileId, UNAUDITED } from './store.ts';
import { dropPage, nodeName, tailBegin, type View } from './view.ts';

type Put = Extract<Change, { put: unknown }>;

/** A race with another process ends after a few rounds, since both write the same rows. */
const ROUNDS_MAX = 16;

/** Stores pages until less than one is left in the view. `again`: rows that are there are replaced. */
export async function storePages(
  tables: TenantTables,
  view: View,
  mode: 'once' | 'again' = 'once',
): Promise<void> {
  while (view.leaves.length >= TILE_WIDTH) {
    const { ids, rest, partial } = pageRows(view);
    for (let at = 0; at < ids.length; at += WRITE_ITEMS_MAX) {
      await putDerived(tables, ids.slice(at, at + WRITE_ITEMS_MAX), 'again');
    }
    await putDerived(tables, rest, mode);
    dropPage(view, partial);
  }
}

interface PageRows {
  readonly ids: readonly Put[];
  /** The page's own row is the last. */
  readonly rest: readonly Put[];
  /** Items of the tiles that are not full, after this page. */
  readonly partial: readonly (readonly Buffer[])[];
}

function pageRows(view: View): PageRows {
  const number = view.pages;
  const begin = tailBegin(view);
  const marks = view.marks.slice(0, TILE_WIDTH);
  const ids = marks.map(({ id }, index) => ({
    put: { kind: 'event-id', id, value: { seq: begin + index } },
    expect: 0,
  }));
  const leaves = view.leaves.slice(0, TILE_WIDTH);
  const { tiles, partial } = tilesAbove(view);
  const times = marks.map(({ at }) => at).sort();
  const value = {
    v: 1,
    blocks: view.blocks.filter(([first]) => first < begin + TILE_WIDTH).map((each) => [...each]),
    from: times.at(0) ?? '',
    to: times.at(-1) ?? '',
  };
  const row = { kind: 'page', id: numberId(number), value, bytes: filterOf(marks) };
  const tile = tilePut({ level: 0, tile: number, items: leaves, had: 0 });
  return { ids, rest: [tile, ...tiles, { put: row, expect: 0 }], partial };
}

/** The page's root becomes an item one level up; where that fills a tile, its root goes on upward. */
function tilesAbove(view: View): { tiles: Put[]; partial: Buffer[][] } {
  const tiles: Put[] = [];
  const partial = view.partial.map((items) => [...items]);
  let index = view.pages;
  for (let level = 1; ; level += 1) {
    const root = view.tileRoots.get(nodeName(level * TILE_LEVELS, index));
    if (root === undefined) throw new Error('the root of a full tile is not known');
    const before = partial[level - 1] ?? [];
    const items = [...before, root];
    tiles.push(tilePut({ level, tile: Math.floor(index / TILE_WIDTH), items, had: before.length }));
    const isFull = items.length === TILE_WIDTH;
    partial[level - 1] = isFull ? [] : items;
    if (!isFull) return { tiles, partial };
    index = Math.floor(index / TILE_WIDTH);
  }
}

/** A growing tile is put once for each item: its version is the number of its items. */
function tilePut(tile: {
  readonly level: number;
  readonly tile: number;
  readonly items: readonly Buffer[];
  readonly had: number;
}): Put {
  const { level, items, had } = tile;
  const id = tileId(level, tile.tile);
  return { put: { kind: 'tile', id, value: {}, bytes: tileBytes(items) }, expect: had };
}

/**
 * Puts rows of which some may be there already. With `once` a last row that is there ends it:
 * somebody else has derived this page.
 */
async function putDerived(
  tables: TenantTables,
  puts: readonly Put[],
  mode: 'once' | 'again',
): Promise<void> {
  let waiting = puts;
  for (let round = 0; round < ROUNDS_MAX && waiting.length > 0; round += 1) {
    const changes = waiting;
    const result = await tables.write({ changes, events: [], unaudited: UNAUDITED });
    if (result.ok) return;
    const rows = await Promise.all(puts.map(({ put }) => tables.get(put)));
    if (mode === 'once' && rows.at(-1) !== undefined) return;
    waiting = puts.flatMap(({ put }, index) =>
      isSame(put, rows[index]) ? [] : [{ put, expect: rows[index]?.version ?? 0 }],
    );
  }
  if (waiting.length > 0) throw new Error('derived rows are being changed by somebody else');
}

function isSame({ value, bytes }: Put['put'], row: Row | undefined): boolean {
  if (row === undefined || !isDeepStrictEqual(row.value, value)) return false;
  const [before, now] = [row.bytes ?? new Uint8Array(), bytes ?? new Uint8Array()];
  return Buffer.compare(before, now) === 0;
}
