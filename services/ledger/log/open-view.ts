/**
 * Opens the view of a log from the tables, by the functions of the live path.
 *
 * 1. The last page row says how far the derived rows reach.
 * 2. The head before the block in which the next entry stands, and the growing tiles.
 * 3. Every block from there is followed; full pages are stored on the way.
 * 4. The root over tiles and leaves must be the one in the last header. If it is not, the derived
 *    rows are wrong, and all of them are made again from the blocks; of entries that a purge has
 *    removed they are all there is, and must fit the boundary.
 * 5. A block that is damaged, or missing before others, is where the view ends, and it says so: what
 *    is before it can be read, and nothing may be appended. Into an empty slot another log would grow.
 */
import { isDeepStrictEqual } from 'node:util';
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { type Boundary, headAt, LOG_PURGED } from '../chain/boundary.ts';
import { parseEntry } from '../chain/entry.ts';
import { DamagedLog, EMPTY_HEAD, followBlock, type Head, headAfter } from '../chain/head.ts';
import { decodeTimes, type IdTimes, readPage } from '../chain/page.ts';
import { parseTile, splitHashes, TILE_WIDTH } from '../chain/tiles.ts';
import { rootAt, rootOf } from '../chain/tree.ts';
import { openNodes, openTileCache } from './nodes.ts';
import { storePages } from './pages.ts';
import {
  lastBlockNo,
  numberId,
  numberOf,
  readBlock,
  readBoundary,
  tileId,
  timesValue,
} from './store.ts';
import { advance, emptyView, type View } from './view.ts';

export async function openView(tenant: string, tables: TenantTables): Promise<View> {
  const boundary = await readBoundary(tables);
  const pages = await storedPages(tables);
  const isReached = pages * TILE_WIDTH > (boundary?.size ?? -1);
  const view = isReached ? await latestView(tables, pages, boundary) : undefined;
  if (view !== undefined) {
    await followSound(tables, view, () => storePages(tables, view));
    if (await fits(tenant, tables, view)) return view;
  }
  const again = boundary === undefined ? emptyView() : await viewAt(tenant, tables, boundary);
  await followSound(tables, again, () => storePages(tables, again, 'again'));
  return again;
}

/** From the last page, or from the one before where the block in front of that page is the missing one. */
async function latestView(
  tables: TenantTables,
  pages: number,
  boundary: Boundary | undefined,
): Promise<View | undefined> {
  try {
    return await viewFrom(tables, pages, boundary);
  } catch (error) {
    const before = pages - 1;
    if (!(error instanceof DamagedLog) || before * TILE_WIDTH <= (boundary?.size ?? -1))
      throw error;
    return viewFrom(tables, before, boundary);
  }
}

/** Nothing but what a purge has left of the entries that it removed. */
async function viewAt(tenant: string, tables: TenantTables, boundary: Boundary): Promise<View> {
  const pages = boundary.size / TILE_WIDTH;
  const times = await storedTimes(tables, pages);
  if (times === undefined) throw new DamagedLog(boundary.blockNo, 'the times of its page are lost');
  const partial = await growingTiles(tables, pages);
  const head = headAt(boundary);
  const view = { ...emptyView(times), head, pages, partial, purged: boundary };
  if (await fits(tenant, tables, view)) return view;
  throw new DamagedLog(boundary.blockNo, 'the hash tiles up to it do not lead to its root');
}

/** Follows the log to its end, or to the first block that is damaged or missing. True when there was one. */
export async function followSound(
  tables: TenantTables,
  view: View,
  taken: () => Promise<void>,
): Promise<boolean> {
  const before = view.head.blockNo;
  try {
    await followBlocks(tables, view, taken);
    while (((await lastBlockNo(tables)) ?? -1) > view.head.blockNo) {
      // Another process may have appended just now.
      const isLonger = await followBlocks(tables, view, taken);
      if (!isLonger) throw new DamagedLog(view.head.blockNo + 1, 'it is missing');
    }
    view.broken = undefined;
  } catch (error) {
    if (!(error instanceof DamagedLog)) throw error;
    view.broken = error;
  }
  return view.head.blockNo > before;
}

/** Takes in every block behind the head; true when there was one. */
export async function followBlocks(
  tables: TenantTables,
  view: View,
  taken: () => Promise<void>,
): Promise<boolean> {
  let followed = false;
  for (;;) {
    const block = await readBlock(tables, view.head.blockNo + 1);
    if (block === undefined) return followed;
    // Taken in meanwhile by whoever wrote it here.
    if (block.header.blockNo <= view.head.blockNo) continue;
    const step = followBlock(view.head, block);
    const entries = step.entries.map(parseEntry);
    advance(view, step, entries);
    const isPurged = entries.some(({ action }) => action === LOG_PURGED);
    if (isPurged) view.purged = await readBoundary(tables);
    followed = true;
    await taken();
  }
}

async function storedPages(tables: TenantTables): Promise<number> {
  const [last] = await tables.list({ kind: 'page', limit: 1, descending: true });
  return last === undefined ? 0 : numberOf(last.id) + 1;
}

/** `undefined` when a derived row is not what was written. */
async function viewFrom(
  tables: TenantTables,
  pages: number,
  boundary: Boundary | undefined,
): Promise<View | undefined> {
  if (pages === 0) return emptyView();
  const last = readPage(await tables.get({ kind: 'page', id: numberId(pages - 1) }));
  const times = await storedTimes(tables, pages);
  const place = last?.value.blocks.at(-1);
  if (place === undefined || times === undefined) return undefined;
  // The last entry of the page stands in its last block, which may go on behind the page.
  const head = await headBefore(tables, place[1], boundary);
  const partial = await growingTiles(tables, pages);
  return { ...emptyView(times), head, pages, partial, purged: boundary };
}

async function storedTimes(tables: TenantTables, pages: number): Promise<IdTimes[] | undefined> {
  const times: IdTimes[] = [];
  for await (const { value, bytes = new Uint8Array() } of rowsOf(tables, { kind: 'page-times' })) {
    if (!isDeepStrictEqual(value, timesValue(bytes))) return undefined;
    times.push(...decodeTimes(bytes));
  }
  return times.length < pages ? undefined : times.slice(0, pages);
}

async function headBefore(
  tables: TenantTables,
  blockNo: number,
  boundary: Boundary | undefined,
): Promise<Head> {
  if (blockNo === 0) return EMPTY_HEAD;
  if (blockNo - 1 === boundary?.blockNo) return headAt(boundary);
  const before = await readBlock(tables, blockNo - 1);
  if (before === undefined) throw new DamagedLog(blockNo - 1, 'it is missing');
  return headAfter(before.header);
}

async function growingTiles(tables: TenantTables, pages: number): Promise<Buffer[][]> {
  const tiles: Buffer[][] = [];
  for (let count = pages, level = 1; count > 0; count = Math.floor(count / TILE_WIDTH)) {
    const id = tileId(level, Math.floor(count / TILE_WIDTH));
    const row = count % TILE_WIDTH === 0 ? undefined : await tables.get({ kind: 'tile', id });
    const items = splitHashes(parseTile(row?.bytes ?? new Uint8Array()).items);
    tiles.push(items.slice(0, count % TILE_WIDTH));
    level += 1;
  }
  return tiles;
}

async function fits(tenant: string, tables: TenantTables, view: View): Promise<boolean> {
  // Its own cache: tiles that turn out wrong must not stay.
  const nodes = openNodes({ tenant, tables, view, tiles: openTileCache() });
  const { edge } = view.head;
  try {
    return (await rootAt(nodes, edge.size)) === rootOf(edge);
  } catch {
    // A tile that is missing or too short.
    return false;
  }
}
