/**
 * What can be said of a stored block by itself, before it is known how the log comes to it. Nearly
 * every block is sound, and this is nearly all of the work on it, so that it is what threads do.
 */
import {
  type Block,
  type BlockHeader,
  blockHeader,
  bundleIn,
  cutBundle,
  isIntact,
  isSoundHeader,
  LENGTH_BYTES,
  sealedIn,
} from './block.ts';
import { prevIn, standingIn } from './entry.ts';
import { KEY_ID_BYTES, keyIdOf } from './seal.ts';
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
    return { bundle: own, entries: cutBundle(own, block.header.count) };
  } catch {
    return undefined;
  }
}

interface Cut {
  readonly bundle: Buffer;
  readonly entries: readonly Buffer[];
}

/** Follows `prev` from the first entry to the last. */
function chainIn(
  tenant: string,
  header: BlockHeader,
  { bundle, entries }: Cut,
): Pick<SoundBlock, 'prev' | 'leaves'> | undefined {
  // As one text: making one for each entry takes longer than what is looked for in it.
  const stands = standingIn(bundle.toString('latin1'), tenant);
  const leaves = Buffer.from(new ArrayBuffer(entries.length * HASH_BYTES));
  const first = prevIn(entries[0] ?? new Uint8Array()) ?? '';
  let prev = first;
  let end = 0;
  for (const [index, entry] of entries.entries()) {
    const begin = end + LENGTH_BYTES;
    end = begin + entry.length;
    if (!stands({ begin, end }, header.first + index, prev)) return undefined;
    const at = index * HASH_BYTES;
    putLeafHash({ buffer: bundle, begin, end }, leaves, at);
    prev = leaves.toString('hex', at, at + HASH_BYTES);
  }
  return prev === header.leaf ? { prev: first, leaves } : undefined;
}

function keyIdsIn(block: Block): Pick<SoundBlock, 'keyIds'> {
  try {
    const sealed = sealedIn(block);
    const keyIds = new Uint8Array(sealed.length * KEY_ID_BYTES);
    for (const [index, bytes] of sealed.entries()) keyIds.set(keyIdOf(bytes), index * KEY_ID_BYTES);
    return { keyIds };
  } catch {
    return {};
  }
}
