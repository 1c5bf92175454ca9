/**
 * What the leaves of a block make of themselves, whatever tree stands before them: nearly all nodes
 * that they complete lie over them alone. What is left to whoever knows the edge is to join a few
 * subtrees to it.
 *
 * Leaves `[first, end)` are cut into the largest complete subtrees, from left to right. Roots of these
 * and nodes that tiles are made of stand in bytes, one behind the other, so that they may go to
 * another thread; which node each is follows from `first` and `end` alone.
 */
import { MIDDLE_LEVELS } from './tiles.ts';
import { type Edge, HASH_BYTES, joinSubtrees, putNodeHash, type TreeNode } from './tree.ts';

export interface Subtrees {
  readonly roots: Uint8Array<ArrayBuffer>;
  /** Nodes at and below the roots that tiles are made of: one level after the other, upward. */
  readonly tiled: Uint8Array<ArrayBuffer>;
}

/** `leaves` are hashes one behind the other; the first one is leaf `first` of the tree. */
export function subtreesOf(first: number, leaves: Uint8Array): Subtrees {
  // Every level is hashed in the place of the one below; the first byte is for a prefix.
  const memory = Buffer.allocUnsafe(1 + leaves.length);
  memory.set(leaves, 1);
  const hashes = (from: number, to: number) =>
    memory.subarray(1 + from * HASH_BYTES, 1 + to * HASH_BYTES);
  const left: Uint8Array[] = [];
  const right: Uint8Array[] = [];
  const tiled: Uint8Array[] = [];
  let [begin, end] = [first, first + leaves.length / HASH_BYTES];
  for (let level = 0; begin < end; level += 1) {
    if (isTiled(level)) tiled.push(new Uint8Array(hashes(0, end - begin)));
    const skipped = begin % 2;
    const pairs = Math.floor((end - begin - skipped) / 2);
    const used = skipped + 2 * pairs;
    // A right child whose sibling stands before the leaves, and a left one whose is still to come.
    left.push(new Uint8Array(hashes(0, skipped)));
    right.push(new Uint8Array(hashes(used, end - begin)));
    for (let pair = 0; pair < pairs; pair += 1) {
      const from = 1 + (skipped + 2 * pair) * HASH_BYTES;
      putNodeHash(memory, from, 1 + pair * HASH_BYTES);
    }
    begin = (begin + skipped) / 2;
    end = begin + pairs;
  }
  return { roots: joined([...left, ...right.reverse()]), tiled: joined(tiled) };
}

/** The edge after the leaves, of which there are `count`, and all nodes of tiles that they complete. */
export function growBySubtrees(
  edge: Edge,
  count: number,
  subtrees: Subtrees,
): { readonly edge: Edge; readonly nodes: readonly TreeNode[] } {
  const end = edge.size + count;
  const roots = named(subtrees.roots, rootsIn(edge.size, end));
  const nodes = named(subtrees.tiled, tiledIn(edge.size, end));
  const grown = joinSubtrees(edge, roots, (node) => {
    if (isTiled(node.level)) nodes.push(node);
  });
  return { edge: grown, nodes };
}

type Place = Omit<TreeNode, 'hash'>;

function named(hashes: Uint8Array, places: readonly Place[]): TreeNode[] {
  return places.map((place, at) => {
    const hash = Buffer.from(hashes.buffer, hashes.byteOffset + at * HASH_BYTES, HASH_BYTES);
    return { ...place, hash };
  });
}

/** The largest complete subtrees, from left to right. */
function rootsIn(first: number, end: number): Place[] {
  const places: Place[] = [];
  for (let begin = first; begin < end; ) {
    let [level, width] = [0, 1];
    while (begin % (2 * width) === 0 && begin + 2 * width <= end) {
      level += 1;
      width *= 2;
    }
    places.push({ level, index: begin / width });
    begin += width;
  }
  return places;
}

function tiledIn(first: number, end: number): Place[] {
  const places: Place[] = [];
  for (let level = MIDDLE_LEVELS; ; level += MIDDLE_LEVELS) {
    const width = 2 ** level;
    const before = places.length;
    for (let index = Math.ceil(first / width); (index + 1) * width <= end; index += 1) {
      places.push({ level, index });
    }
    if (places.length === before) return places;
  }
}

function isTiled(level: number): boolean {
  return level > 0 && level % MIDDLE_LEVELS === 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
