/**
 * Opens the view of a log from the tables, by the functions of the live path.
 *
 * 1. The last page row says how far the derived rows reach.
 * 2. The head before the block in which the next entry stands, and the growing tiles.
 * 3. Every block from there is followed; full pages are stored on the way.
 * 4. The root over tiles and leaves must be the one in the last header. If it is not, the derived
 *    rows are wrong, and all of them are made again from the blocks.
 */
import { isDeepStrictEqual } from 'node:util';
import type { TenantTables } from '#shared/ports/tables.ts';
import { parseEntry } from '../chain/entry.ts';
import { DamagedLog, EMPTY_HEAD, followBlock, type Head, headAfter } from '../chain/head.ts';
import { decodeTimes, type IdTimes, readPage } from '../chain/page.ts';
import { parseTile, splitHashes, TILE_WIDTH } from '../chain/tiles.ts';
import { rootAt, rootOf } from '../chain/tree.ts';
import { openNodes, openTileCache } from './nodes.ts';
import { storePages } from './pages.ts';
import { numberId, numberOf, readBlock, rowsOf, tileId, timesValue } from './store.ts';
import { advance, emptyView, type View } from './view.ts';

export async function openView(tenant: string, tables: TenantTables): Promise<View> {
  const view = await viewFrom(tables, await storedPages(tables));
  if (view !== undefined) {
    await followBlocks(tables, view, () => storePages(tables, view));
    if (await fits(tenant, tables, view)) return view;
  }
  const again = emptyView();
  await followBlocks(tables, again, () => storePages(tables, again, 'again'));
  return again;
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
    advance(view, step, step.entries.map(parseEntry));
    followed = true;
    await taken();
  }
}

async function storedPages(tables: TenantTables): Promise<number> {
  const [last] = await tables.list({ kind: 'page', limit: 1, descending: true });
  return last === undefined ? 0 : numberOf(last.id) + 1;
}

/** `undefined` when a derived row is not what was written. */
async function viewFrom(tables: TenantTables, pages: number): Promise<View | undefined> {
  if (pages === 0) return emptyView();
  const last = readPage(await tables.get({ kind: 'page', id: numberId(pages - 1) }));
  const times = await storedTimes(tables, pages);
  const place = last?.value.blocks.at(-1);
  if (place === undefined || times === undefined) return undefined;
  // The last entry of the page stands in its last block, which may go on behind the page.
  const head = await headBefore(tables, place[1]);
  return { ...emptyView(times), head, pages, partial: await growingTiles(tables, pages) };
}

async function storedTimes(tables: TenantTables, pages: number): Promise<IdTimes[] | undefined> {
  const times: IdTimes[] = [];
  for await (const { value, bytes = new Uint8Array() } of rowsOf(tables, 'page-times')) {
    if (!isDeepStrictEqual(value, timesValue(bytes))) return undefined;
    times.push(...decodeTimes(bytes));
  }
  return times.length < pages ? undefined : times.slice(0, pages);
}

async function headBefore(tables: TenantTables, blockNo: number): Promise<Head> {
  if (blockNo === 0) return EMPTY_HEAD;
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
