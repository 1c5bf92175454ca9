import type { TenantTables } from '#shared/ports/tables.ts';
import {
  keptNodes,
  type NodesOfTile,
  nodeIn,
  parseTile,
  placeOf,
  TILE_WIDTH,
  type TilePlace,
} from '../chain/tiles.ts';
import { type NodeReader, nodeHash } from '../chain/tree.ts';
import { type Lru, openLru } from './lru.ts';
import { tileId } from './store.ts';
import { nodeName, tailBegin, type View } from './view.ts';

/** Full tiles, 9 KB each, shared by the logs of a process. */
const TILES_KEPT_MAX = 64;
/**
 * Those above the leaves, 16 KB each, have a place of their own: one leads to 256 others, and proofs
 * of entries here and there would drive it out. These are enough for 16 million entries.
 */
const UPPER_TILES_KEPT_MAX = 256;

export interface TileCache {
  readonly foot: Lru<NodesOfTile>;
  readonly upper: Lru<NodesOfTile>;
}

export function openTileCache(): TileCache {
  return { foot: openLru(TILES_KEPT_MAX), upper: openLru(UPPER_TILES_KEPT_MAX) };
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
  const growing = new Map<number, { tile: number; count: number; open: NodesOfTile }>();
  /** The last tile of each level: the nodes of a proof come tile by tile, eight of each. */
  const lasts: Record<
    number,
    { readonly tile: number; readonly open: NodesOfTile | Promise<NodesOfTile> }
  > = {};
  /** Rows that are being read. */
  const loading = new Map<string, Promise<NodesOfTile>>();

  function read(level: number, index: number): Buffer | Promise<Buffer> {
    try {
      return node(level, index);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function node(level: number, index: number): Buffer | Promise<Buffer> {
    const width = 2 ** level;
    if ((index + 1) * width > view.head.edge.size) throw new RangeError('no such node yet');
    const begin = tailBegin(view);
    if ((index + 1) * width <= begin) return fromTile(level, index);
    if (index * width >= begin) return fromTail(level, index);
    const [left, right] = [read(level - 1, 2 * index), read(level - 1, 2 * index + 1)];
    return left instanceof Promise || right instanceof Promise
      ? Promise.all([left, right]).then((halves) => nodeHash(...halves))
      : nodeHash(left, right);
  }

  /** Every fourth level is known since the block was made. */
  function fromTail(level: number, index: number): Buffer {
    const known =
      level === 0 ? view.leaves[index - tailBegin(view)] : view.nodes.get(nodeName(level, index));
    if (known !== undefined) return known;
    if (level === 0) throw new RangeError('no such leaf yet');
    return nodeHash(fromTail(level - 1, 2 * index), fromTail(level - 1, 2 * index + 1));
  }

  function fromTile(level: number, index: number): Buffer | Promise<Buffer> {
    const place = placeOf(level, index);
    const tile = growingTile(place) ?? fullTile(place);
    return tile instanceof Promise
      ? tile.then((loaded) => nodeAt(loaded, place))
      : nodeAt(tile, place);
  }

  /** The tile where it is the one that still grows; its nodes are made anew for each size. */
  function growingTile({ tileLevel, tile }: TilePlace): NodesOfTile | undefined {
    if (tileLevel === 0) return undefined;
    if (tile < Math.floor(view.pages / TILE_WIDTH ** tileLevel)) return undefined;
    const items = view.partial[tileLevel - 1] ?? [];
    const made = growing.get(tileLevel);
    if (made?.tile === tile && made.count === items.length) return made.open;
    const open = keptNodes({ items: Buffer.concat(items), middle: Buffer.alloc(0) });
    growing.set(tileLevel, { tile, count: items.length, open });
    return open;
  }

  function fullTile(place: TilePlace): NodesOfTile | Promise<NodesOfTile> {
    const { tileLevel, tile } = place;
    const last = lasts[tileLevel];
    if (last?.tile === tile) return last.open;
    const name = `${tenant}/${tileLevel}/${tile}`;
    let open = cacheOf(place).get(name) ?? loading.get(name);
    if (open === undefined) {
      open = load(name, place);
      loading.set(name, open);
    }
    lasts[tileLevel] = { tile, open };
    return open;
  }

  async function load(name: string, place: TilePlace): Promise<NodesOfTile> {
    const { tileLevel, tile } = place;
    try {
      const row = await tables.get({ kind: 'tile', id: tileId(tileLevel, tile) });
      if (row?.bytes === undefined) throw new Error(`hash tile ${tileLevel}/${tile} is missing`);
      const open = tileLevel === 0 ? footTile(row.bytes) : keptNodes(parseTile(row.bytes));
      cacheOf(place).put(name, open);
      return open;
    } finally {
      loading.delete(name);
      if (lasts[tileLevel]?.tile === tile) delete lasts[tileLevel];
    }
  }

  function cacheOf({ tileLevel }: TilePlace): Lru<NodesOfTile> {
    return tileLevel === 0 ? tiles.foot : tiles.upper;
  }

  return read;
}

function nodeAt(tile: NodesOfTile, { tileLevel, tile: number, level, index }: TilePlace): Buffer {
  const node = tile(level, index);
  if (node !== undefined) return node;
  throw new Error(`hash tile ${tileLevel}/${number} is too short`);
}

/** Proofs of other entries go elsewhere: its nodes are hashed when they are asked for, and not kept. */
function footTile(bytes: Uint8Array): NodesOfTile {
  const tile = parseTile(bytes);
  return (level, index) => nodeIn(tile, level, index);
}
