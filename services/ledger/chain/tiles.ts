/**
 * Hash tiles of C2SP tlog-tiles: item i of tile (L, N) is the node (8 * L, N * 256 + i), the root
 * over `256^L` entries. A full tile has 256 items, and its own root is an item one level higher.
 */
import { HASH_BYTES, nodeHash } from './tree.ts';

export const TILE_WIDTH = 256;
/** Tree levels that one tile holds: 2^8 items at its foot. */
export const TILE_LEVELS = 8;

/** Items of a tile, at most TILE_WIDTH. */
export type TileItems = readonly Buffer[];

/** Where the leaves of a node begin among the items of its tile, and how many they are. */
export interface TilePlace {
  readonly tileLevel: number;
  readonly tile: number;
  readonly first: number;
  readonly width: number;
}

/** The lowest tile that has the node within it. */
export function placeOf(level: number, index: number): TilePlace {
  const tileLevel = Math.floor(level / TILE_LEVELS);
  const width = 2 ** (level % TILE_LEVELS);
  const item = index * width;
  return {
    tileLevel,
    tile: Math.floor(item / TILE_WIDTH),
    first: item % TILE_WIDTH,
    width,
  };
}

export function tileBytes(items: TileItems): Uint8Array {
  return Buffer.concat(items);
}

export function tileItems(bytes: Uint8Array): Buffer[] {
  if (bytes.length % HASH_BYTES !== 0) throw new Error('a hash tile holds whole hashes');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, index) =>
    buffer.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  );
}

/** All complete nodes within a tile, from its items (level 0) upward; made once, read many times. */
export function tileNodes(items: TileItems): readonly TileItems[] {
  const levels: Buffer[][] = [[...items]];
  for (let below = levels[0] ?? []; below.length > 1; ) {
    const above: Buffer[] = [];
    for (let index = 0; index + 1 < below.length; index += 2) {
      const [left, right] = [below[index], below[index + 1]];
      if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
    }
    levels.push(above);
    below = above;
  }
  return levels;
}

/** Path of a tile under the log's prefix: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits. */
export function tilePath(level: number, tile: number, width = TILE_WIDTH): string {
  const digits = String(tile).padStart(Math.ceil(String(tile).length / 3) * 3, '0');
  const groups = digits.match(/.{3}/g) ?? [];
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group));
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${number.join('/')}${partial}`;
}
