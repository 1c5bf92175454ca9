/** The nodes of a tile that is kept: hashed once, from what is stored, a few at first and then all. */
import { describe, expect, test } from 'vitest';
import { keptNodes, splitHashes, tileOf } from '#services/ledger/chain/tiles.ts';
import { nodeHash } from '#services/ledger/chain/tree.ts';

const LEVELS = 8;
/** Questions after which all nodes are hashed. */
const FEW = 24;
const items = (count: number) => Array.from({ length: count }, (_, n) => Buffer.alloc(32, n));

/** All nodes of a tile, from its items to its root. */
function levelsOver(leaves: readonly Buffer[]): Buffer[][] {
  const levels = [[...leaves]];
  for (let level = 1; level <= LEVELS; level += 1) {
    const below = levels[level - 1] ?? [];
    const pairs = Array.from({ length: below.length / 2 }, (_, n) => below.slice(2 * n, 2 * n + 2));
    levels.push(pairs.map(([left = Buffer.alloc(0), right = left]) => nodeHash(left, right)));
  }
  return levels;
}

const whole = levelsOver(items(256));
const full = () => {
  const { items: joined, middle } = tileOf(items(256));
  return { items: Buffer.from(joined), middle: Buffer.from(middle) };
};

describe('nodes of a kept tile', () => {
  test('half-way up are those that are stored', () => {
    const tile = full();
    tile.middle.fill(7, 32, 64);
    const nodes = keptNodes(tile);
    expect(nodes(4, 1)).toEqual(Buffer.alloc(32, 7));
    expect(nodes(4, 0)).toEqual(whole[4]?.[0]);
    expect(nodes(3, 2)).toEqual(whole[3]?.[2]);
    const above = nodeHash(whole[4]?.[0] ?? Buffer.alloc(0), Buffer.alloc(32, 7));
    expect(nodes(5, 0)).toEqual(above);
  });

  test('are hashed once, and only those that are asked for, until a few proofs came', () => {
    const tile = full();
    const nodes = keptNodes(tile);
    for (let asked = 0; asked < FEW; asked += 1) expect(nodes(2, 0)).toEqual(whole[2]?.[0]);
    // What is hashed from here on is of other items.
    tile.items.fill(0);
    const zeros = nodeHash(Buffer.alloc(32), Buffer.alloc(32));
    expect(nodes(2, 0)).toEqual(whole[2]?.[0]);
    expect(nodes(1, 100)).toEqual(zeros);
  });

  test('are all there, hashed beforehand, once more than a few proofs came', () => {
    const tile = full();
    const nodes = keptNodes(tile);
    for (let asked = 0; asked <= FEW; asked += 1) nodes(0, 0);
    tile.items.fill(0);
    tile.middle.fill(0);
    for (const [at, level] of whole.entries()) {
      if (at === 0 || at === 4) continue;
      expect(level.map((_, index) => nodes(at, index))).toEqual(level);
    }
  });
});

test('hashes one behind the other are told apart again', () => {
  expect(splitHashes(Buffer.concat(items(3)))).toEqual(items(3));
  expect(splitHashes(Buffer.alloc(0))).toEqual([]);
});
