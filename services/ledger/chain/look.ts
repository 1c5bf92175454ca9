/**
 * What can be said of a stored block by itself, before it is known how the log comes to it. Nearly
 * every block is sound, and this is nearly all of the work on it, so that it is what threads do.
 */
import {
  type Block,
  type BlockHeader,
  blockHeader,
  bundleIn,
  endsIn,
  isIntact,
  isSoundHeader,
  LENGTH_BYTES,
  sealedStarts,
} from './block.ts';
import { prevIn, standingIn } from './entry.ts';
import { KEY_ID_BYTES } from './seal.ts';
import { type Subtrees, subtreesOf } from './subtrees.ts';
import { HASH_BYTES, putLeafHash } from './tree.ts';

export interface StoredBlock {
  readonly header: unknown;
  readonly body: Uint8Array;
  /** Absent when nobody has looked into it yet. */
  readonly look?: Look;
}

export interface Look {
  /** `undefined` for a block that is not what was written. */
  readonly sound: SoundBlock | undefined;
}

/**
 * Header and body are those that were written: each fits its hash, every entry stands in its place
 * with the leaf hash of the one before, and the last one's leaf hash is that of the header.
 */
export interface SoundBlock {
  readonly header: BlockHeader;
  /** Of the first entry: only who knows the block before can say whether it is right. */
  readonly prev: string;
  /** Leaf hashes, one behind the other, in memory of their own: they may go to another thread. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  readonly subtrees: Subtrees;
  /** Key ids of the sealed values, one behind the other; absent when those cannot be told apart. */
  readonly keyIds?: Uint8Array<ArrayBuffer>;
}

export function lookInto(tenant: string, stored: StoredBlock): SoundBlock | undefined {
  const header = blockHeader.safeParse(stored.header).data;
  if (header === undefined || !isSoundHeader(header)) return undefined;
  const block = { header, body: stored.body };
  const bundle = isIntact(block) ? bundleOrNone(block) : undefined;
  const found = bundle && chainIn(tenant, header, bundle);
  return found && { header, ...found, ...keyIdsIn(block) };
}

function bundleOrNone(block: Block): Cut | undefined {
  try {
    const bundle = bundleIn(block);
    // Bytes of it are overwritten on the way; those of the row are not ours.
    const own = block.header.packing === 'raw' ? Buffer.from(bundle) : bundle;
    return { bundle: own, ends: endsIn(own, block.header.count) };
  } catch {
    return undefined;
  }
}

interface Cut {
  readonly bundle: Buffer;
  /** Where each entry ends; the first one begins behind its length. */
  readonly ends: Uint32Array;
}

/** Follows `prev` from the first entry to the last. */
function chainIn(
  tenant: string,
  header: BlockHeader,
  { bundle, ends }: Cut,
): Pick<SoundBlock, 'prev' | 'leaves' | 'subtrees'> | undefined {
  const prev = prevIn(bundle.subarray(LENGTH_BYTES, ends[0]));
  if (prev === undefined) return undefined;
  /** The leaf hash before the block, and those of its entries. */
  const hashes = Buffer.allocUnsafe((1 + ends.length) * HASH_BYTES);
  hashes.write(prev, 'hex');
  const stands = standingIn({ bytes: bundle, tenant, hashes });
  let begin = LENGTH_BYTES;
  for (const [index, end] of ends.entries()) {
    const at = index * HASH_BYTES;
    if (!stands({ begin, end }, header.first + index, at)) return undefined;
    putLeafHash(hashes, at + HASH_BYTES, { buffer: bundle, begin, end });
    begin = end + LENGTH_BYTES;
  }
  if (hashes.toString('hex', ends.length * HASH_BYTES) !== header.leaf) return undefined;
  const leaves = new Uint8Array(hashes.subarray(HASH_BYTES));
  return { prev, leaves, subtrees: subtreesOf(header.first, leaves) };
}

function keyIdsIn(block: Block): Pick<SoundBlock, 'keyIds'> {
  try {
    return { keyIds: sealedStarts(block, KEY_ID_BYTES) };
  } catch {
    return {};
  }
}
