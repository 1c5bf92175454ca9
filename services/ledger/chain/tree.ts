/**
 * The RFC 9162 Merkle tree, for sizes up to 2^53. A node is named by its level (0 is the leaves)
 * and its index there: node (l, i) is the root over leaves `[i * 2^l, (i + 1) * 2^l)`. Only complete
 * subtrees have nodes; everything else is folded from them.
 *
 * Counts pass 2^31, where the bit operators of the language end: halves and powers are made by
 * division and multiplication.
 */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;

/** RFC 9162 section 2.1.1: `MTH({}) = HASH()`. */
export const EMPTY_ROOT = hash('sha256', '', 'hex');

/** Where the length is given, `hash` does not look the algorithm up by its name each time. */
const AS_LATIN1 = { outputEncoding: 'latin1', outputLength: HASH_BYTES } as const;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** `MTH({d(0)}) = HASH(0x00 || d(0))`. */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + entry.length);
  input[0] = LEAF_PREFIX;
  input.set(entry, 1);
  return sha256(input);
}

/** `HASH(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return nodeHashWith(nodeInput(), left, right);
}

/**
 * Root over hashes that stand one behind the other, as many as a power of two. It is folded in one
 * piece of memory, without a buffer for each child: the two children of a node stand side by side,
 * and the byte before them, of a child that was hashed already, takes the prefix.
 */
export function rootOver(hashes: Uint8Array): Buffer {
  const work = Buffer.allocUnsafe(1 + hashes.length);
  work.set(hashes, 1);
  for (let bytes = hashes.length; bytes > HASH_BYTES; bytes /= 2) {
    for (let begin = 0; begin < bytes; begin += 2 * HASH_BYTES) {
      putNodeHash(work, 1 + begin, 1 + begin / 2);
    }
  }
  return work.subarray(1, 1 + HASH_BYTES);
}

/** Where the input of a node's hash is put together; many nodes can use one, one after the other. */
function nodeInput(): Buffer {
  const input = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  input[0] = NODE_PREFIX;
  return input;
}

/**
 * Puts the hash of the node over two hashes, which stand one behind the other in longer memory, there
 * too: nothing is copied. Offsets in bytes; the byte before the two is lost to the prefix.
 */
export function putNodeHash(memory: Buffer, from: number, to: number): void {
  memory[from - 1] = NODE_PREFIX;
  putDigest(memory, to, memory.subarray(from - 1, from + 2 * HASH_BYTES));
}

function nodeHashWith(input: Buffer, left: Uint8Array, right: Uint8Array): Buffer {
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return sha256(input);
}

/**
 * A digest as a string and from there into pooled memory: memory of its own, as the output `buffer`
 * has it, takes longer than the hash of a node.
 */
function sha256(input: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HASH_BYTES);
  putDigest(bytes, 0, input);
  return bytes;
}

function putDigest(target: Uint8Array, offset: number, input: Uint8Array): void {
  const digest = hash('sha256', input, AS_LATIN1);
  for (let at = 0; at < HASH_BYTES; at += 1) target[offset + at] = digest.charCodeAt(at);
}

/**
 * The leaf hash, hex, of an entry that stands in a longer buffer: nothing is copied. The byte before
 * the entry is lost to the prefix.
 */
export function leafHashIn(at: {
  readonly buffer: Buffer;
  readonly begin: number;
  readonly end: number;
}): string {
  const { buffer, begin, end } = at;
  buffer[begin - 1] = LEAF_PREFIX;
  return hash('sha256', buffer.subarray(begin - 1, end), 'hex');
}

/** The same as bytes, into other memory. */
export function putLeafHash(
  target: Uint8Array,
  offset: number,
  at: { readonly buffer: Buffer; readonly begin: number; readonly end: number },
): void {
  const { buffer, begin, end } = at;
  buffer[begin - 1] = LEAF_PREFIX;
  putDigest(target, offset, buffer.subarray(begin - 1, end));
}

/**
 * The right edge of a tree: the roots of its complete subtrees, largest first, one for each bit that
 * is set in the size. It is all that is needed to go on.
 */
export interface Edge {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

export const EMPTY_EDGE: Edge = { size: 0, hashes: [] };

/** The root of a complete subtree. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Buffer;
}

/** The edge after these leaves. */
export function growEdge(edge: Edge, leaves: readonly Buffer[]): Edge {
  return joinSubtrees(
    edge,
    leaves.map((hash, at) => ({ level: 0, index: edge.size + at, hash })),
  );
}

/**
 * The edge after these complete subtrees, each of which goes on from the one before. `completed`
 * hears of each node that they complete with what stands before them.
 */
export function joinSubtrees(
  edge: Edge,
  subtrees: readonly TreeNode[],
  completed: (node: TreeNode) => void = () => undefined,
): Edge {
  const hashes = [...edge.hashes];
  const input = nodeInput();
  let { size } = edge;
  for (const subtree of subtrees) {
    let { level, index, hash } = subtree;
    size += 2 ** level;
    // Each trailing one of the index is a complete left sibling that waits for this node.
    while (index % 2 === 1) {
      const left = hashes.pop();
      if (left === undefined) throw new Error('the edge does not fit its size');
      hash = nodeHashWith(input, left, hash);
      level += 1;
      index = (index - 1) / 2;
      completed({ level, index, hash });
    }
    hashes.push(hash);
  }
  return { size, hashes };
}

/** Root of the tree, hex. */
export function rootOf({ hashes }: Edge): string {
  const root = fold(hashes);
  return root === undefined ? EMPTY_ROOT : root.toString('hex');
}

/**
 * Gives the hash of a complete subtree; at once where nothing has to be read for it. Rejects where
 * there is none, and never throws: who asks for many would leave promises behind.
 */
export type NodeReader = (level: number, index: number) => Buffer | Promise<Buffer>;

/** Leaves `[begin, end)`, as the recursion of RFC 9162 cuts them. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** RFC 9162 section 2.1.3.1: the subtrees whose roots prove the leaf, from its sibling upward. */
export function inclusionPath(index: number, size: number): LeafRange[] {
  if (index < 0 || index >= size) throw new RangeError('the leaf is not in the tree');
  const path: LeafRange[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + largestPowerBelow(end - begin);
    if (index < middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  return path.reverse();
}

/** RFC 9162 section 2.1.4.1: the subtrees whose roots prove that the tree of `to` goes on from `from`. */
export function consistencyPath(from: number, to: number): LeafRange[] {
  if (from < 1 || from > to) throw new RangeError('a proof leads from 1 or more to a later size');
  const path: LeafRange[] = [];
  let [begin, end] = [0, to];
  while (end !== from) {
    const middle = begin + largestPowerBelow(end - begin);
    if (from <= middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  // The verifier has the older root already when that is the subtree at which the way ends.
  if (begin > 0) path.push({ begin, end });
  return path.reverse();
}

/**
 * Hashes over ranges that are no single node, by `begin-end`. They never change: the right edge of a
 * tree is in every proof for its size.
 */
export interface KeptRanges {
  get(name: string): Buffer | undefined;
  put(name: string, hash: Buffer): void;
}

/**
 * Hash over the leaves of each range: of one node, or folded from the complete subtrees in it. All
 * nodes are asked for before one is waited for, so that their rows are read side by side; what is in
 * memory costs no promise.
 */
export async function rangeHashes(
  read: NodeReader,
  ranges: readonly LeafRange[],
  kept?: KeptRanges,
): Promise<Buffer[]> {
  const hashes = ranges.map((range) => rangeHash(read, range, kept));
  if (hashes.every(isKnown)) return hashes;
  // A proof waits for one row as a rule: a promise for each hash in memory would cost as much again.
  await Promise.all(hashes.filter((hash) => !isKnown(hash)));
  const all: Buffer[] = [];
  for (const hash of hashes) all.push(isKnown(hash) ? hash : await hash);
  return all;
}

/** Root over the first `size` leaves, hex. */
export async function rootAt(read: NodeReader, size: number): Promise<string> {
  if (size === 0) return EMPTY_ROOT;
  return (await rangeHash(read, { begin: 0, end: size })).toString('hex');
}

function rangeHash(
  read: NodeReader,
  { begin, end }: LeafRange,
  kept?: KeptRanges,
): Buffer | Promise<Buffer> {
  const first = largestPowerUpTo(end - begin);
  if (first === end - begin) return read(levelOf(first), begin / first);
  const name = `${begin}-${end}`;
  const before = kept?.get(name);
  if (before !== undefined) return before;
  const nodes = subtreesIn({ begin, end }).map(([level, index]) => read(level, index));
  if (!nodes.every(isKnown)) return Promise.all(nodes).then(folded);
  const hash = folded(nodes);
  // Memory of its own: a piece of the pool would keep all of it alive.
  kept?.put(name, Buffer.alloc(HASH_BYTES, hash));
  return hash;
}

/** Level and index of the complete subtrees in the range, from left to right. */
function subtreesIn(range: LeafRange): [number, number][] {
  const subtrees: [number, number][] = [];
  for (let { begin } = range; begin < range.end; ) {
    const width = largestPowerUpTo(range.end - begin);
    subtrees.push([levelOf(width), begin / width]);
    begin += width;
  }
  return subtrees;
}

function isKnown(node: Buffer | Promise<Buffer>): node is Buffer {
  return !(node instanceof Promise);
}

function folded(hashes: readonly Buffer[]): Buffer {
  const hash = fold(hashes);
  if (hash === undefined) throw new RangeError('an empty range has no hash');
  return hash;
}

function fold(hashes: readonly Buffer[]): Buffer | undefined {
  let folded: Buffer | undefined;
  for (const hash of hashes.toReversed()) {
    folded = folded === undefined ? hash : nodeHash(hash, folded);
  }
  return folded;
}

/** Largest power of two strictly below `count`, which is 2 or more. */
function largestPowerBelow(count: number): number {
  return largestPowerUpTo(count - 1);
}

function largestPowerUpTo(count: number): number {
  let power = 1;
  while (power * 2 <= count) power *= 2;
  return power;
}

function levelOf(power: number): number {
  let level = 0;
  for (let rest = power; rest > 1; rest /= 2) level += 1;
  return level;
}
