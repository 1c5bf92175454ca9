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
import { HASH_BYTES, type NodeReader, nodeHash } from '../chain/tree.ts';
import { type Lru, openLru } from './lru.ts';
import { tileId } from './store.ts';
import { nodeName, tailBegin, type View } from './view.ts';

/** Full tiles, 9 KB each, shared by the logs of a process. */
const TILES_KEPT_MAX = 64;
/**
 * Those above the leaves have a place of their own: one leads to 256 others, and proofs of entries
 * here and there would drive it out. These are enough for 16 million entries.
 */
const UPPER_TILES_KEPT_MAX = 256;

export interface TileCache {
  readonly foot: Lru<OpenTile>;
  readonly upper: Lru<OpenTile>;
}

/** Many proofs go through the same nodes of a tile above the leaves: what was hashed once is kept. */
interface OpenTile {
  readonly tile: Tile;
  /** Absent for a tile at the foot. */
  readonly made?: MadeNodes;
}

/**
 * Nodes within one tile, in one piece of memory: a small buffer for each would keep the pool alive
 * that it was cut from. The nodes of a level stand behind those of the level above.
 */
interface MadeNodes {
  readonly hashes: Buffer;
  readonly isMade: Uint8Array;
}

function noNodes(): MadeNodes {
  return { hashes: Buffer.alloc(TILE_WIDTH * HASH_BYTES), isMade: new Uint8Array(TILE_WIDTH) };
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
  const growing = new Map<number, { tile: number; count: number; built: OpenTile }>();
  /** Rows that are being read: the nodes of one proof ask for the same few. */
  const loading = new Map<string, Promise<OpenTile>>();

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

  /** The tile where it is the one that still grows; its middle is made once for each size. */
  function growingTile({ tileLevel, tile }: TilePlace): OpenTile | undefined {
    if (tileLevel === 0) return undefined;
    if (tile < Math.floor(view.pages / TILE_WIDTH ** tileLevel)) return undefined;
    const items = view.partial[tileLevel - 1] ?? [];
    const made = growing.get(tileLevel);
    if (made?.tile === tile && made.count === items.length) return made.built;
    const built = { tile: tileOf(items), made: noNodes() };
    growing.set(tileLevel, { tile, count: items.length, built });
    return built;
  }

  function fullTile(place: TilePlace): OpenTile | Promise<OpenTile> {
    const name = `${tenant}/${place.tileLevel}/${place.tile}`;
    const kept = place.tileLevel === 0 ? tiles.foot : tiles.upper;
    const tile = kept.get(name) ?? loading.get(name);
    if (tile !== undefined) return tile;
    const loaded = load(place).then((found) => {
      kept.put(name, found);
      return found;
    });
    loading.set(name, loaded);
    return loaded.finally(() => loading.delete(name));
  }

  async function load({ tileLevel, tile }: TilePlace): Promise<OpenTile> {
    const row = await tables.get({ kind: 'tile', id: tileId(tileLevel, tile) });
    if (row?.bytes === undefined) throw new Error(`hash tile ${tileLevel}/${tile} is missing`);
    const parsed = parseTile(row.bytes);
    return tileLevel === 0 ? { tile: parsed } : { tile: parsed, made: noNodes() };
  }

  return read;
}

function nodeAt(tile: OpenTile, place: TilePlace): Buffer {
  const node = nodeOf(tile, place);
  if (node !== undefined) return node;
  throw new Error(`hash tile ${place.tileLevel}/${place.tile} is too short`);
}

function nodeOf({ tile, made }: OpenTile, { level, index }: TilePlace): Buffer | undefined {
  if (made === undefined || level === 0) return nodeIn(tile, level, index);
  const slot = TILE_WIDTH / 2 ** level + index;
  const kept = made.hashes.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
  if (made.isMade[slot] === 1) return kept;
  const node = nodeIn(tile, level, index);
  if (node === undefined) return undefined;
  kept.set(node);
  made.isMade[slot] = 1;
  return kept;
}
