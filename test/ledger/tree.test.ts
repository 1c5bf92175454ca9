import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  keptNodes,
  nodeIn,
  parseTile,
  placeOf,
  storedTile,
  tileOf,
} from '#services/ledger/chain/tiles.ts';
import {
  consistencyPath,
  EMPTY_EDGE,
  EMPTY_ROOT,
  growEdge,
  inclusionPath,
  leafHash,
  type NodeReader,
  nodeHash,
  rangeHashes,
  rootAt,
  rootOf,
} from '#services/ledger/chain/tree.ts';
import * as portable from '#services/ledger/portable/hash.ts';
import { provesConsistency, provesInclusion } from '#services/ledger/portable/proof.ts';

/** RFC 9162 section 2.1.1, word for word. */
function naiveRoot(entries: readonly Uint8Array[]): Buffer {
  const [first] = entries;
  if (first === undefined) return hash('sha256', '', 'buffer');
  if (entries.length === 1) return leafHash(first);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return nodeHash(naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

function entriesOf(size: number): Buffer[] {
  return Array.from({ length: size }, (_, index) => Buffer.from(`entry ${index}`));
}

/** Complete subtrees only: asking for another one is a fault of the code under test. */
function readerOver(entries: readonly Buffer[]): NodeReader {
  return async (level, index) => {
    const [begin, end] = [index * 2 ** level, (index + 1) * 2 ** level];
    if (end > entries.length) throw new Error(`node ${level}/${index} is not complete`);
    return naiveRoot(entries.slice(begin, end));
  };
}

function isPower(width: number): boolean {
  return Number.isInteger(Math.log2(width));
}

describe('tree', () => {
  test('the edge grown in any steps has the root of the recursive definition', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, (steps) => {
        const entries = entriesOf(steps.reduce((sum, step) => sum + step, 0));
        let edge = EMPTY_EDGE;
        for (const step of steps) {
          const leaves = entries.slice(edge.size, edge.size + step).map((each) => leafHash(each));
          edge = growEdge(edge, leaves);
        }
        expect(rootOf(edge)).toBe(naiveRoot(entries).toString('hex'));
        // One complete subtree for each bit that is set in the size.
        const ones = edge.size.toString(2).replaceAll('0', '').length;
        expect(edge.hashes.length).toBe(ones);
      }),
    );
  });

  test('every inclusion proof up to 70 entries holds, and for no other leaf, index or size', async () => {
    const entries = entriesOf(70);
    const read = readerOver(entries);
    for (let size = 1; size <= 70; size += 1) {
      const root = naiveRoot(entries.slice(0, size));
      expect(await rootAt(read, size)).toBe(root.toString('hex'));
      for (let index = 0; index < size; index += 1) {
        const path = inclusionPath(index, size);
        const hashes = await rangeHashes(read, path);
        const leaf = leafHash(entries[index] ?? Buffer.alloc(0));
        const proof = { index, size, leafHash: leaf, root, hashes };
        expect(provesInclusion(proof)).toBe(true);
        expect(provesInclusion({ ...proof, index: (index + 1) % (size + 1) })).toBe(false);
        expect(provesInclusion({ ...proof, hashes: [...hashes, leaf] })).toBe(false);
        expect(provesInclusion({ ...proof, leafHash: nodeHash(leaf, leaf) })).toBe(false);
      }
    }
  });

  test('every consistency proof up to 70 entries holds, and not for another older root', async () => {
    const entries = entriesOf(70);
    const read = readerOver(entries);
    const roots = Array.from({ length: 71 }, (_, size) => naiveRoot(entries.slice(0, size)));
    for (let to = 1; to <= 70; to += 1) {
      for (let from = 1; from <= to; from += 1) {
        const path = consistencyPath(from, to);
        const hashes = await rangeHashes(read, path);
        const [fromRoot = Buffer.alloc(0), toRoot = Buffer.alloc(0)] = [roots[from], roots[to]];
        expect(provesConsistency({ from, to, fromRoot, toRoot, hashes })).toBe(true);
        const other = roots[from - 1] ?? Buffer.alloc(0);
        expect(provesConsistency({ from, to, fromRoot: other, toRoot, hashes })).toBe(false);
      }
    }
  });

  test('paths at sizes near 2^53 have the length and the ends that the definition gives', () => {
    const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(size, fc.double({ min: 0, max: 1, noNaN: true }), (count, share) => {
        const index = Math.min(count - 1, Math.floor(count * share));
        const path = inclusionPath(index, count);
        // The ranges and the leaf cover the tree without gap or overlap.
        const covered = path.reduce((sum, { begin, end }) => sum + (end - begin), 1);
        expect(covered).toBe(count);
        expect(path.length).toBeLessThanOrEqual(53);
        expect(path.every(({ begin, end }) => index < begin || index >= end)).toBe(true);
        const older = index + 1;
        const proof = consistencyPath(older, count);
        expect(proof.every(({ begin, end }) => begin >= 0 && end > begin && end <= count)).toBe(
          true,
        );
        // No range lies across the older size: each is old or new as a whole.
        expect(proof.every(({ begin, end }) => end <= older || begin >= older)).toBe(true);
      }),
    );
  });

  test('every node of a proof is asked for before one is waited for', async () => {
    const asked: string[] = [];
    const waiting = Promise.withResolvers<Buffer>();
    const known = leafHash(Buffer.from('known'));
    const hashes = rangeHashes(
      (level, index) => {
        asked.push(`${level}/${index}`);
        return index % 2 === 0 ? known : waiting.promise;
      },
      inclusionPath(2, 11),
    );
    expect(asked).toEqual(['0/3', '1/0', '2/1', '1/4', '0/10']);
    waiting.resolve(leafHash(Buffer.from('read')));
    expect(await hashes).toHaveLength(4);
  });

  test('what was folded over the edge of a tree is asked for once, and is right in larger ones', async () => {
    const entries = entriesOf(30);
    const kept = new Map<string, Buffer>();
    const ranges = {
      get: (name: string) => kept.get(name),
      put: (name: string, hash: Buffer) => void kept.set(name, hash),
    };
    let asked = 0;
    const read: NodeReader = (level, index) => {
      asked += 1;
      return naiveRoot(entries.slice(index * 2 ** level, (index + 1) * 2 ** level));
    };
    for (let size = 1; size <= 30; size += 1) {
      const root = naiveRoot(entries.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const path = inclusionPath(index, size);
        const hashes = await rangeHashes(read, path, ranges);
        const leaf = leafHash(entries[index] ?? Buffer.alloc(0));
        expect(provesInclusion({ index, size, leafHash: leaf, root, hashes })).toBe(true);
        asked = 0;
        expect(await rangeHashes(read, path, ranges)).toEqual(hashes);
        expect(asked).toBe(path.filter(({ begin, end }) => isPower(end - begin)).length);
      }
    }
  });

  test('a tree of 2^53 - 1 equal entries is proved by its equal subtrees', async () => {
    const leaf = leafHash(Buffer.from('same'));
    const byLevel = [leaf];
    for (let level = 1; level <= 53; level += 1) {
      const below = byLevel[level - 1] ?? leaf;
      byLevel.push(nodeHash(below, below));
    }
    const read: NodeReader = async (level) => byLevel[level] ?? leaf;
    const size = Number.MAX_SAFE_INTEGER;
    const root = Buffer.from(await rootAt(read, size), 'hex');
    const index = size - 2 ** 40 - 3;
    const hashes = await rangeHashes(read, inclusionPath(index, size));
    expect(provesInclusion({ index, size, leafHash: leaf, root, hashes })).toBe(true);
    const from = 2 ** 52 + 12_345;
    const fromRoot = Buffer.from(await rootAt(read, from), 'hex');
    const path = await rangeHashes(read, consistencyPath(from, size));
    expect(provesConsistency({ from, to: size, fromRoot, toRoot: root, hashes: path })).toBe(true);
  });

  test('a leaf outside of the tree, and a proof from nothing, are bugs', () => {
    expect(() => inclusionPath(3, 3)).toThrow(RangeError);
    expect(() => inclusionPath(-1, 3)).toThrow(RangeError);
    expect(() => consistencyPath(0, 3)).toThrow(RangeError);
    expect(() => consistencyPath(4, 3)).toThrow(RangeError);
  });
});

describe('tiles', () => {
  const entries = entriesOf(600);
  const leaves = entries.map((entry) => leafHash(entry));

  test('every node within a tile is found where the tree has it, stored or not', () => {
    const full = tileOf(leaves.slice(256, 512));
    const stored = parseTile(storedTile(full));
    for (let level = 0; level <= 7; level += 1) {
      for (let index = 2 ** (8 - level); index < 2 * 2 ** (8 - level); index += 1) {
        const place = placeOf(level, index);
        expect(place).toMatchObject({ tileLevel: 0, tile: 1, level });
        const expected = naiveRoot(entries.slice(index * 2 ** level, (index + 1) * 2 ** level));
        expect(nodeIn(full, place.level, place.index)).toEqual(expected);
        expect(nodeIn(stored, place.level, place.index)).toEqual(expected);
      }
    }
    expect(nodeIn(full, 8, 0)).toEqual(naiveRoot(entries.slice(256, 512)));
  });

  test('a growing tile has its complete nodes and no others', () => {
    const tile = tileOf(leaves.slice(0, 37));
    expect(nodeIn(tile, 5, 0)).toEqual(naiveRoot(entries.slice(0, 32)));
    expect(nodeIn(tile, 2, 8)).toEqual(naiveRoot(entries.slice(32, 36)));
    expect(nodeIn(tile, 2, 9)).toBeUndefined();
    expect(nodeIn(tile, 5, 1)).toBeUndefined();
    expect(parseTile(storedTile(tile)).items).toEqual(tile.items);
  });

  test('all nodes that are kept of a tile, growing or full, are those of the tree, in any order', () => {
    const upward = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((level) =>
      Array.from({ length: 256 / 2 ** level }, (_, index) => ({ level, index })),
    );
    for (const count of [0, 1, 2, 37, 255, 256]) {
      const tile = parseTile(storedTile(tileOf(leaves.slice(0, count))));
      for (const places of [upward, upward.toReversed()]) {
        const nodes = keptNodes(tile);
        const made = places.map(({ level, index }) => nodes(level, index));
        const expected = places.map(({ level, index }) => {
          const [begin, end] = [index * 2 ** level, (index + 1) * 2 ** level];
          return end > count ? undefined : naiveRoot(entries.slice(begin, end));
        });
        expect(made).toEqual(expected);
        expect(places.map(({ level, index }) => nodes(level, index))).toEqual(expected);
      }
    }
  });

  test('nodes of higher levels are in the tiles above', () => {
    expect(placeOf(8, 5)).toEqual({ tileLevel: 1, tile: 0, level: 0, index: 5 });
    expect(placeOf(17, 130)).toEqual({ tileLevel: 2, tile: 1, level: 1, index: 2 });
    expect(placeOf(52, 1)).toEqual({ tileLevel: 6, tile: 0, level: 4, index: 1 });
  });

  test('half a hash, and a full tile without its middle, are no tiles', () => {
    expect(() => parseTile(Buffer.alloc(33))).toThrow('whole hashes');
    expect(() => parseTile(Buffer.alloc(8_192))).toThrow('whole hashes');
  });
});

test('the portable hashes are those of the server, and the empty root is that of RFC 9162', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (entry, other) => {
        expect(portable.leafHash(entry).toHex()).toBe(leafHash(entry).toString('hex'));
        expect(portable.nodeHash(other, other).toHex()).toBe(
          nodeHash(other, other).toString('hex'),
        );
      },
    ),
  );
  expect(EMPTY_ROOT).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
