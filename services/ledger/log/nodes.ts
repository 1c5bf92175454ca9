import type { TenantTables } from '#shared/ports/tables.ts';
import {
  nodeIn,
  parseTile,
  placeOf,
  TILE_WIDTH,
  type Tile,
  type TilePlace,
  tileOf,
} from '../chain/tiles.ts';
import { type NodeReader, nodeHash } from '../chain/tree.ts';
import { type Lru, openLru } from './lru.ts';
import { tileId } from './store.ts';
import { tailBegin, type View } from './view.ts';

/** Full tiles, 9 KB each, shared by the logs of a process. */
const TILES_KEPT_MAX = 128;

export type TileCache = Lru<Tile>;

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
  const growing = new Map<number, { tile: number; count: number; built: Tile }>();

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
    const place = placeOf(level, index);
    const tile = growingTile(place) ?? (await fullTile(place));
    const node = nodeIn(tile, place.level, place.index);
    if (node === undefined)
      throw new Error(`hash tile ${place.tileLevel}/${place.tile} is too short`);
    return node;
  }

  /** The tile where it is the one that still grows; its middle is made once for each size. */
  function growingTile({ tileLevel, tile }: TilePlace): Tile | undefined {
    if (tileLevel === 0) return undefined;
    if (tile < Math.floor(view.pages / TILE_WIDTH ** tileLevel)) return undefined;
    const items = view.partial[tileLevel - 1] ?? [];
    const made = growing.get(tileLevel);
    if (made?.tile === tile && made.count === items.length) return made.built;
    const built = tileOf(items);
    growing.set(tileLevel, { tile, count: items.length, built });
    return built;
  }

  async function fullTile({ tileLevel, tile }: TilePlace): Promise<Tile> {
    const name = `${tenant}/${tileLevel}/${tile}`;
    const kept = tiles.get(name);
    if (kept !== undefined) return kept;
    const row = await tables.get({ kind: 'tile', id: tileId(tileLevel, tile) });
    if (row?.bytes === undefined) throw new Error(`hash tile ${name} is missing`);
    const parsed = parseTile(row.bytes);
    tiles.put(name, parsed);
    return parsed;
  }

  return read;
}
