/**
 * Hash tiles of C2SP tlog-tiles: item i of tile (L, N) is the node (8 * L, N * 256 + i), the root
 * over `256^L` entries. A full tile has 256 items, and its own root is an item one level higher.
 *
 * A full tile is stored with the 16 nodes half-way up behind its items, so that any node within it
 * is at most 15 hashes away. The first 8,192 bytes are the tile as the specification has it.
 */
import { HASH_BYTES, nodeHash, rootOver } from './tree.ts';

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

/** A node within a tile, by its level above the items and its index there; `undefined` past the end. */
export type NodesOfTile = (level: number, index: number) => Buffer | undefined;

/** Nodes that a few proofs ask a tile for, at eight each. */
const ASKED_BY_FEW = 24;

/**
 * The nodes of a tile that many proofs go through: each is hashed when it is first asked for, and
 * kept. Once more than a few proofs came, all others are hashed too, for those to come; a tile that
 * nobody comes back to, among more of them than are kept, never costs that. They are in one piece
 * of memory, those of a level behind those of the level above: a small buffer for each would keep
 * the pool alive that it was cut from.
 */
export function keptNodes(tile: Tile): NodesOfTile {
  const nodes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  const isMade = new Uint8Array(TILE_WIDTH);
  let asked = 0;

  function nodeOf(level: number, index: number): Buffer | undefined {
    const isStored = level === 0 || (level === MIDDLE_LEVELS && tile.middle.length > 0);
    if (isStored) return nodeIn(tile, level, index);
    const slot = TILE_WIDTH / 2 ** level + index;
    const kept = hashAt(nodes, slot);
    if (isMade[slot] === 1) return kept;
    const left = nodeOf(level - 1, 2 * index);
    const right = nodeOf(level - 1, 2 * index + 1);
    if (left === undefined || right === undefined) return undefined;
    kept.set(nodeHash(left, right));
    isMade[slot] = 1;
    return kept;
  }

  function makeAll(): void {
    for (let level = 1; level <= TILE_LEVELS; level += 1) {
      for (let index = 0; index < TILE_WIDTH / 2 ** level; index += 1) nodeOf(level, index);
    }
  }

  return (level, index) => {
    if (asked === ASKED_BY_FEW) makeAll();
    asked += 1;
    return nodeOf(level, index);
  };
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
