/** Where a log stands, and the one step from there: by making a block, or by following one. */
import { ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import {
  type Block,
  type BlockHeader,
  cutBundle,
  encodeBundle,
  entriesOf,
  headerHash,
  isIntact,
  LENGTH_BYTES,
} from './block.ts';
import { type ContentText, entryText, NO_LEAF } from './entry.ts';
import { growBySubtrees, subtreesOf } from './subtrees.ts';
import { splitHashes } from './tiles.ts';
import {
  type Edge,
  EMPTY_EDGE,
  HASH_BYTES,
  leafHash,
  leafHashIn,
  rootOf,
  type TreeNode,
} from './tree.ts';

export interface Head {
  /** Number of the last block; -1 before the first. */
  readonly blockNo: number;
  readonly edge: Edge;
  /** Leaf hash of the last entry, and hash of the last block, hex. */
  readonly leaf: string;
  readonly blockHash: string;
  readonly writer: string;
  readonly epoch: number;
}

export const EMPTY_HEAD: Head = {
  blockNo: -1,
  edge: EMPTY_EDGE,
  leaf: NO_LEAF,
  blockHash: NO_LEAF,
  writer: '',
  epoch: 0,
};

/** A block with all that follows from it. */
export interface Step extends Block {
  readonly head: Head;
  readonly entries: readonly Buffer[];
  readonly leaves: readonly Buffer[];
  /** Nodes that the leaves completed and that tiles are made of. */
  readonly nodes: readonly TreeNode[];
}

export function makeBlock(request: {
  readonly head: Head;
  readonly contents: readonly ContentText[];
  /** In the order of the contents. */
  readonly sealed: readonly Uint8Array[];
  readonly recordedAt: string;
  readonly writer: string;
}): Step {
  const { head, contents, sealed, recordedAt, writer } = request;
  const { bundle, leaves, last } = chainOf(head, contents, recordedAt);
  const { edge, nodes } = growTiled(head.edge, leaves);
  const { body, ...packed } = encodeBundle({ bundle, sealed });
  const unhashed = {
    v: 1 as const,
    blockNo: head.blockNo + 1,
    first: head.edge.size,
    count: contents.length,
    size: edge.size,
    root: rootOf(edge),
    edge: edge.hashes.map((hash) => hash.toString('hex')),
    leaf: last,
    ...packed,
    prevBlockHash: head.blockHash,
    writer,
    epoch: head.writer === writer ? head.epoch : head.epoch + 1,
    hash: NO_LEAF,
  };
  const header = { ...unhashed, hash: headerHash(unhashed) };
  const entries = cutBundle(bundle, contents.length);
  return { header, body, head: { ...headAfter(header), edge }, entries, leaves, nodes };
}

/**
 * The entries, each with the leaf hash of the one before: written where they stay, in the bundle of
 * the block, and hashed there.
 */
function chainOf(head: Head, contents: readonly ContentText[], recordedAt: string) {
  const bound = contents.reduce((sum, each) => sum + LENGTH_BYTES + each.entryBytes, 0);
  const buffer = Buffer.allocUnsafe(bound);
  const joined = Buffer.allocUnsafe(contents.length * HASH_BYTES);
  let prev = head.leaf;
  let end = 0;
  for (const [index, content] of contents.entries()) {
    const begin = end + LENGTH_BYTES;
    const seq = head.edge.size + index;
    const length = buffer.write(entryText(content, { seq, recordedAt, prev }), begin);
    if (length > ENTRY_BYTES_MAX) throw new RangeError('the entry is too long');
    end = begin + length;
    prev = leafHashIn({ buffer, begin, end });
    joined.write(prev, index * HASH_BYTES, 'hex');
    // After the hash, which takes the byte before the entry.
    buffer.writeUInt16BE(length, begin - LENGTH_BYTES);
  }
  return { bundle: buffer.subarray(0, end), leaves: splitHashes(joined), last: prev };
}

/**
 * Follows a stored block. Throws when it is altered or does not go on from the head: then the log
 * is damaged, and nothing more may be built on it.
 */
export function followBlock(head: Head, block: Block): Step {
  const { header } = block;
  const follows = header.blockNo === head.blockNo + 1 && header.prevBlockHash === head.blockHash;
  if (!follows || header.first !== head.edge.size || headerHash(header) !== header.hash) {
    throw new DamagedLog(header.blockNo, 'its header does not follow');
  }
  if (!isIntact(block)) throw new DamagedLog(header.blockNo, 'its body is not the one written');
  const entries = entriesOf(block);
  const leaves = entries.map((entry) => leafHash(entry));
  const { edge, nodes } = growTiled(head.edge, leaves);
  const last = leaves.at(-1)?.toString('hex');
  if (edge.size !== header.size || rootOf(edge) !== header.root || last !== header.leaf) {
    throw new DamagedLog(header.blockNo, 'its entries do not lead to its root');
  }
  return { ...block, head: headAfter(header), entries, leaves, nodes };
}

export class DamagedLog extends Error {
  constructor(blockNo: number, how: string) {
    super(`block ${blockNo} is damaged: ${how}`);
    this.name = 'DamagedLog';
  }
}

export function edgeOf({ size, edge }: BlockHeader): Edge {
  return { size, hashes: edge.map((hex) => Buffer.from(hex, 'hex')) };
}

export function headAfter(header: BlockHeader): Head {
  return {
    blockNo: header.blockNo,
    edge: edgeOf(header),
    leaf: header.leaf,
    blockHash: header.hash,
    writer: header.writer,
    epoch: header.epoch,
  };
}

/** The edge after these leaves, and the inner nodes that are stored in tiles. */
export function growTiled(edge: Edge, leaves: readonly Buffer[]) {
  return growBySubtrees(edge, leaves.length, subtreesOf(edge.size, Buffer.concat(leaves)));
}
