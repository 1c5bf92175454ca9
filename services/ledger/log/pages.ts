/**
 * Derives the rows of full pages, behind the commits: one write for each page.
 *
 * 1. The page itself, only if there is none, with its hash tile, the growing tiles above it, and
 *    the times of its ids.
 * 2. The view lets go of the page.
 *
 * A crash before 1 leaves nothing, after it everything. Two processes that derive the same page
 * write the same rows, and the page's row decides who was first. Without page rows all of it is
 * made again from the blocks, by the same functions.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import { encodeTimes, type IdTimes, idTimesOf, makePage } from '../chain/page.ts';
import {
  MIDDLE_LEVELS,
  MIDDLE_WIDTH,
  storedTile,
  TILE_LEVELS,
  TILE_WIDTH,
  type Tile,
  tileOf,
} from '../chain/tiles.ts';
import { numberId, tileId, timesValue, UNAUDITED } from './store.ts';
import { dropPage, nodeName, tailBegin, type View } from './view.ts';

type Put = Extract<Change, { put: unknown }>;

/** `again`: rows that are there are replaced. `once`: a page that is there is somebody else's. */
export type StoreMode = 'once' | 'again';

/** A race with another process ends after a few rounds, since both write the same rows. */
const ROUNDS_MAX = 16;

/** Stores pages until less than one is left in the view. */
export async function storePages(
  tables: TenantTables,
  view: View,
  mode: StoreMode = 'once',
): Promise<void> {
  while (view.leaves.length >= TILE_WIDTH) {
    const { puts, times, partial } = pageRows(view);
    await putDerived(tables, puts, mode);
    dropPage(view, times, partial);
  }
}

function pageRows(view: View) {
  const number = view.pages;
  const end = tailBegin(view) + TILE_WIDTH;
  const marks = view.marks.slice(0, TILE_WIDTH);
  const blocks = view.blocks.filter(([first]) => first < end);
  const page: Put = {
    put: { kind: 'page', id: numberId(number), ...makePage(marks, blocks) },
    expect: 0,
  };
  const times = idTimesOf(marks);
  const leaves = view.leaves.slice(0, TILE_WIDTH);
  const tile = tilePut(view, { level: 0, tile: number, items: leaves, had: 0 });
  const { tiles, partial } = tilesAbove(view);
  return { puts: [page, tile, ...tiles, timesPut(view, times)], times, partial };
}

/** The page's root becomes an item one level up; where that fills a tile, its root goes on upward. */
function tilesAbove(view: View): { tiles: Put[]; partial: Buffer[][] } {
  const tiles: Put[] = [];
  const partial = view.partial.map((items) => [...items]);
  let index = view.pages;
  for (let level = 1; ; level += 1) {
    const before = partial[level - 1] ?? [];
    const items = [...before, nodeOf(view, level * TILE_LEVELS, index)];
    const tile = Math.floor(index / TILE_WIDTH);
    tiles.push(tilePut(view, { level, tile, items, had: before.length }));
    const isFull = items.length === TILE_WIDTH;
    partial[level - 1] = isFull ? [] : items;
    if (!isFull) return { tiles, partial };
    index = tile;
  }
}

/** A growing tile is put once for each item: its version is the number of its items. */
function tilePut(
  view: View,
  about: {
    readonly level: number;
    readonly tile: number;
    readonly items: readonly Buffer[];
    readonly had: number;
  },
): Put {
  const { level, tile, items, had } = about;
  const bytes = level === 0 ? storedTile(pageTile(view, tile, items)) : upperTile(items);
  return { put: { kind: 'tile', id: tileId(level, tile), value: {}, bytes }, expect: had };
}

/** Nothing is stored behind the items of a tile that still grows. */
function upperTile(items: readonly Buffer[]): Buffer {
  return items.length < TILE_WIDTH ? Buffer.concat(items) : storedTile(tileOf(items));
}

/** The nodes half-way up were made when the blocks were: no need to hash them again. */
function pageTile(view: View, tile: number, leaves: readonly Buffer[]): Tile {
  const middle = Array.from({ length: MIDDLE_WIDTH }, (_, index) =>
    nodeOf(view, MIDDLE_LEVELS, tile * MIDDLE_WIDTH + index),
  );
  return { items: Buffer.concat(leaves), middle: Buffer.concat(middle) };
}

function nodeOf(view: View, level: number, index: number): Buffer {
  const node = view.nodes.get(nodeName(level, index));
  if (node === undefined) throw new Error(`node ${level}/${index} is not in the view`);
  return node;
}

/** Times of up to 256 pages in one row, which grows as a tile does. */
function timesPut(view: View, times: IdTimes): Put {
  const group = Math.floor(view.pages / TILE_WIDTH);
  const before = view.pageTimes.growing;
  const bytes = encodeTimes([...before, times]);
  const put = { kind: 'page-times', id: numberId(group), value: timesValue(bytes), bytes };
  return { put, expect: before.length };
}

/** Puts rows of which some may be there already; the page's own row is the first. */
async function putDerived(
  tables: TenantTables,
  puts: readonly Put[],
  mode: StoreMode,
): Promise<void> {
  let waiting = puts;
  for (let round = 0; round < ROUNDS_MAX && waiting.length > 0; round += 1) {
    const changes = waiting;
    const result = await tables.write({ changes, events: [], unaudited: UNAUDITED });
    if (result.ok) return;
    const rows = await Promise.all(puts.map(({ put }) => tables.get(put)));
    if (mode === 'once' && rows[0] !== undefined) return;
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
