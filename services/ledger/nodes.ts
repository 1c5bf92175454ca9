import type { TenantTables } from '#shared/ports/tables.ts';
import {
  placeOf,
  TILE_LEVELS,
  TILE_WIDTH,
  type TileItems,
  tileItems,
  tileNodes,
} from './chain/tiles.ts';
import { type NodeReader, nodeHash } from './chain/tree.ts';
import { type Lru, openLru } from './lru.ts';
import { tileId } from './store.ts';
import { tailBegin, type View } from './view.ts';

/** Full tiles with their inner nodes, about 60 KB each, shared by the logs of a process. */
const TILES_KEPT_MAX = 128;

export type TileCache = Lru<readonly TileItems[]>;

export function openTileCache(): TileCache {
  return openLru(TILES_KEPT_MAX);
}

/**
 * Nodes of the log's tree: from full tiles in the tables, from growing tiles and leaves in the view.
 * A node that lies across both is made of its two halves; so is one higher than its tile, which is
 * why a proof reads a tile for each factor of 256 and no more.
 */
export function openNodes(about: {
  readonly tenant: string;
  readonly tables: TenantTables;
  readonly view: View;
  readonly tiles: TileCache;
}): NodeReader {
  const { tenant, tables, view, tiles } = about;

  async function read(level: number, index: number): Promise<Buffer> {
    const width = 2 ** level;
    if ((index + 1) * width > view.head.edge.size) throw new RangeError('no such node yet');
    const begin = tailBegin(view);
    if ((index + 1) * width <= begin) return fromTile(level, index);
    const leaf = view.leaves[index - begin];
    if (level === 0 && leaf !== undefined) return leaf;
    const [left, right] = await Promise.all([
      read(level - 1, 2 * index),
      read(level - 1, 2 * index + 1),
    ]);
    return nodeHash(left, right);
  }

  async function fromTile(level: number, index: number): Promise<Buffer> {
    const { tileLevel, tile, first, width } = placeOf(level, index);
    const growing = growingItems(view, tileLevel, tile);
    const nodes =
      growing === undefined
        ? await fullTile(tileLevel, tile)
        : tileNodes(growing.slice(first, first + width));
    const at = growing === undefined ? first / width : 0;
    const node = nodes[level % TILE_LEVELS]?.[at];
    if (node === undefined) throw new Error(`hash tile ${tileLevel}/${tile} is too short`);
    return node;
  }

  async function fullTile(level: number, tile: number): Promise<readonly TileItems[]> {
    const name = `${tenant}/${level}/${tile}`;
    const kept = tiles.get(name);
    if (kept !== undefined) return kept;
    const row = await tables.get({ kind: 'tile', id: tileId(level, tile) });
    if (row?.bytes === undefined) throw new Error(`hash tile ${level}/${tile} is missing`);
    const nodes = tileNodes(tileItems(row.bytes));
    tiles.put(name, nodes);
    return nodes;
  }

  return read;
}

/** Items of the tile where it is the one that still grows. */
function growingItems(view: View, level: number, tile: number): TileItems | undefined {
  if (level === 0) return undefined;
  const full = Math.floor(view.pages / TILE_WIDTH ** level);
  return tile >= full ? (view.partial[level - 1] ?? []) : undefined;
}
