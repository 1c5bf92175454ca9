/**
 * Hash tiles of C2SP tlog-tiles: item i of tile (L, N) is the node (8 * L, N * 256 + i), the root
 * over `256^L` entries. A full tile has 256 items, and its own root is an item one level higher.
 *
 * A full tile is stored with the 16 nodes half-way up behind its items, so that any node within it
 * is at most 15 hashes away. The first 8,192 bytes are the tile as the specification has it.
 */
import { HASH_BYTES, levelAbove, rootOver } from './tree.ts';

export const TILE_WIDTH = 256;
/** Tree levels that one tile holds: 2^8 items at its foot. */
export const TILE_LEVELS = 8;
/** Half-way up a tile. */
export const MIDDLE_LEVELS = 4;
export const MIDDLE_WIDTH = 2 ** MIDDLE_LEVELS;

/** Hashes one behind the other: the items of a tile, and nodes half-way up where they are known. */
export interface Tile {
  readonly items: Buffer;
  /** One for each MIDDLE_WIDTH items. */
  readonly middle: Buffer;
}

/** Where a node stands: the lowest tile that has it within, and which node it is there. */
export interface TilePlace {
  readonly tileLevel: number;
  readonly tile: number;
  /** Level above the items, and index at that level within the tile. */
  readonly level: number;
  readonly index: number;
}

export function placeOf(level: number, index: number): TilePlace {
  const within = level % TILE_LEVELS;
  const width = TILE_WIDTH / 2 ** within;
  return {
    tileLevel: Math.floor(level / TILE_LEVELS),
    tile: Math.floor(index / width),
    level: within,
    index: index % width,
  };
}

/** The node; `undefined` when the tile does not reach so far. */
export function nodeIn({ items, middle }: Tile, level: number, index: number): Buffer | undefined {
  if (level < MIDDLE_LEVELS) return rootOfRun(items, index * 2 ** level, 2 ** level);
  const width = 2 ** (level - MIDDLE_LEVELS);
  return rootOfRun(middle, index * width, width);
}

/** All nodes within the tile of these items: the items, and each level above them as far as it is complete. */
export function levelsOver(items: Buffer): Buffer[] {
  const levels = [items];
  for (let below = items; levels.length <= TILE_LEVELS; levels.push(below)) {
    below = levelAbove(below);
  }
  return levels;
}

/** A tile with the middle nodes made from its items. */
export function tileOf(items: readonly Buffer[]): Tile {
  const joined = Buffer.concat(items);
  const count = Math.floor(items.length / MIDDLE_WIDTH);
  const middle = Array.from({ length: count }, (_, index) =>
    rootOfRun(joined, index * MIDDLE_WIDTH, MIDDLE_WIDTH),
  );
  return { items: joined, middle: Buffer.concat(middle.filter((each) => each !== undefined)) };
}

export function storedTile({ items, middle }: Tile): Buffer {
  return items.length === TILE_WIDTH * HASH_BYTES ? Buffer.concat([items, middle]) : items;
}

/** Reads what `storedTile` made. Throws for any other length. */
export function parseTile(bytes: Uint8Array): Tile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const full = TILE_WIDTH * HASH_BYTES;
  const isFull = buffer.length === full + MIDDLE_WIDTH * HASH_BYTES;
  if (!isFull && (buffer.length >= full || buffer.length % HASH_BYTES !== 0)) {
    throw new Error('a hash tile holds whole hashes');
  }
  return isFull
    ? { items: buffer.subarray(0, full), middle: buffer.subarray(full) }
    : { items: buffer, middle: Buffer.alloc(0) };
}

export function splitHashes(joined: Buffer): Buffer[] {
  return Array.from({ length: joined.length / HASH_BYTES }, (_, index) => hashAt(joined, index));
}

/** Root over `width` hashes, a power of two; `undefined` when they are not all there. */
function rootOfRun(joined: Buffer, first: number, width: number): Buffer | undefined {
  if ((first + width) * HASH_BYTES > joined.length) return undefined;
  return width === 1
    ? hashAt(joined, first)
    : rootOver(joined.subarray(first * HASH_BYTES, (first + width) * HASH_BYTES));
}

function hashAt(joined: Buffer, index: number): Buffer {
  return joined.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
