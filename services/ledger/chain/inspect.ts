/**
 * Looks at one stored block: is it the one that was written, and does it go on from the one before?
 * A block that is not is looked at more closely, to name what was altered: the header ("head"), the
 * bytes of an entry ("entry"), or sealed values ("values").
 *
 * The header carries the leaf hash of its last entry, and each entry that of the one before. So the
 * entries of a block whose header is sound are told apart from its end: an entry whose leaf hash is
 * the one that follows it is authentic, and so is the hash in it for the one before.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
import {
  asBuffer,
  type Block,
  type BlockHeader,
  blockHeader,
  entriesOf,
  isIntact,
  isSoundHeader,
  type SealedValues,
  sealedOf,
} from './block.ts';
import { prevIn, tryParseEntry, withPrev } from './entry.ts';
import { edgeOf } from './head.ts';
import { lookInto, type SoundBlock, type StoredBlock } from './look.ts';
import { sealIndex } from './seal-block.ts';
import { growBySubtrees } from './subtrees.ts';
import { type Edge, growEdge, HASH_BYTES, leafHash, rootOf, type TreeNode } from './tree.ts';

/** Where a walk stands. What is `undefined` is not known, behind a block that could not be read. */
export interface Position {
  readonly blockNo: number;
  /** Entries before the block; behind a gap, where the gap begins. */
  readonly size: number;
  readonly edge: Edge | undefined;
  readonly leaf: string | undefined;
  readonly blockHash: string | undefined;
}

export interface Inspection {
  readonly breaks: readonly LedgerBreak[];
  /** Absent when unreadable. */
  readonly found?: Found;
  /** Sequence numbers whose bytes are not those that were written. */
  readonly altered: ReadonlySet<number>;
  /** Where the walk goes on: by what was written, as far as that is known. */
  readonly next: Position;
}

/** What is in a block as it is now. */
export interface Found {
  /** `seq` of the first entry. */
  readonly first: number;
  /** Leaf hashes, one behind the other. */
  readonly leaves: Buffer;
  /** Inner nodes that tiles are made of; none unless the block is the one that was written. */
  readonly nodes: readonly TreeNode[];
}

/** What stands for the blocks that a purge has removed. */
export interface PurgedPrefix {
  readonly behind: Position & { readonly edge: Edge };
  /** Why the chain does not bear it out. */
  readonly fault: string | undefined;
}

/** The blocks from here on are gone by a purge: the walk goes on behind them. */
export function purgedBlocks(at: Position, { behind, fault }: PurgedPrefix): Inspection {
  const detail = `head: the row that tells where the log begins is altered: ${fault}`;
  const range = { seq: at.size, lastSeq: behind.size - 1 };
  return {
    breaks: fault === undefined ? [] : [{ ...range, kind: 'altered', detail }],
    altered: new Set(),
    next: behind,
  };
}

export function inspectBlock(tenant: string, at: Position, stored: StoredBlock): Inspection {
  const { sound } = stored.look ?? { sound: lookInto(tenant, stored) };
  return (sound && passed(at, sound)) ?? inspectClosely(at, stored);
}

/** A sound block that goes on from where the walk stands; `undefined` when it does not. */
function passed(
  at: Position,
  { header, prev, leaves, subtrees }: SoundBlock,
): Inspection | undefined {
  if (header.blockNo !== at.blockNo || !follows(at, header)) return undefined;
  if (at.leaf !== undefined && at.leaf !== prev) return undefined;
  const count = leaves.length / HASH_BYTES;
  const grown = at.edge && growBySubtrees(at.edge, count, subtrees);
  const edge = grown?.edge ?? edgeOf(header);
  if (edge.size !== header.size || rootOf(edge) !== header.root) return undefined;
  const found = { first: header.first, leaves: asBuffer(leaves), nodes: grown?.nodes ?? [] };
  return { breaks: [], found, altered: new Set(), next: behind(at, header, edge) };
}

function inspectClosely(at: Position, stored: StoredBlock): Inspection {
  const parsed = blockHeader.safeParse(stored.header);
  if (!parsed.success) return gap(at, 'altered', `head: the header of block ${at.blockNo} is none`);
  const block: Block = { header: parsed.data, body: stored.body };
  const isSound = isSoundHeader(block.header);
  if (isSound && block.header.blockNo !== at.blockNo) return misplaced(at, block.header);
  const entries = readEntries(block);
  if (entries === undefined) return unpackable(at, block.header, isSound);
  const leaves = entries.map((entry) => leafHash(entry));
  return diagnose({ at, block, isSound, entries, leaves });
}

/** Nothing can be said about this block's entries, nor about how the next one goes on. */
export function gap(at: Position, kind: LedgerBreak['kind'], detail: string): Inspection {
  const next = { ...unknown, blockNo: at.blockNo + 1, size: at.size };
  return { breaks: [{ seq: at.size, kind, detail }], altered: new Set(), next };
}

/** The header of a block whose body is lost still says how the log goes on. */
function unpackable(at: Position, header: BlockHeader, isSound: boolean): Inspection {
  if (!isSound || !follows(at, header)) {
    return gap(at, 'altered', `head: neither header nor body of block ${at.blockNo} can be read`);
  }
  const detail = `entry: the entries of block ${at.blockNo} cannot be unpacked`;
  const range = { seq: header.first, lastSeq: header.size - 1 };
  return {
    breaks: [{ ...range, kind: 'altered', detail }],
    altered: new Set(),
    next: behind(at, header),
  };
}

const unknown = { edge: undefined, leaf: undefined, blockHash: undefined };

interface Looked {
  readonly at: Position;
  readonly block: Block;
  readonly isSound: boolean;
  readonly entries: readonly Buffer[];
  readonly leaves: readonly Buffer[];
}

function misplaced(at: Position, { blockNo, first, size }: BlockHeader): Inspection {
  const what = `entries ${first} to ${size - 1}`;
  return gap(at, 'reordered', `head: row ${at.blockNo} holds block ${blockNo} with ${what}`);
}

function readEntries(block: Block): readonly Buffer[] | undefined {
  try {
    return entriesOf(block);
  } catch {
    return undefined;
  }
}

/** Behind a gap there is nothing to compare with: the header's word is taken. */
function follows(at: Position, header: BlockHeader): boolean {
  if (at.blockHash !== undefined && header.prevBlockHash !== at.blockHash) return false;
  return at.edge === undefined ? header.first >= at.size : header.first === at.size;
}

function behind(at: Position, header: BlockHeader, edge = edgeOf(header)): Position {
  return {
    blockNo: at.blockNo + 1,
    size: header.size,
    edge,
    leaf: header.leaf,
    blockHash: header.hash,
  };
}

function diagnose(looked: Looked): Inspection {
  const { at, block, isSound, leaves } = looked;
  const first = at.edge === undefined ? block.header.first : at.size;
  const found = { first, leaves: Buffer.concat(leaves), nodes: [] };
  if (!isSound) return diagnoseHead(looked, found);
  const indexes = alteredEntries(looked, block.header.leaf);
  const altered = new Set(indexes.map((index) => first + index));
  const breaks = indexes.map((index) => alteredEntry(looked, first, index));
  if (breaks.length === 0) breaks.push(...otherBreaks(looked, first));
  return { breaks, found, altered, next: behind(at, block.header) };
}

/** The header's own hash does not fit it. Its body may still be what was written. */
function diagnoseHead(looked: Looked, found: Found): Inspection {
  const { at, block, leaves } = looked;
  const { first } = found;
  const last = first + leaves.length - 1;
  const detail = `head: the header of block ${at.blockNo} is not the one that was written`;
  const head: LedgerBreak = { seq: first, lastSeq: last, kind: 'altered', detail };
  const leaf = leaves.at(-1)?.toString('hex') ?? '';
  const indexes = isIntact(block) ? [] : alteredEntries(looked, leaf);
  const isWhole = indexes.length === 0 && at.edge !== undefined;
  const next = isWhole
    ? {
        blockNo: at.blockNo + 1,
        size: last + 1,
        edge: growEdge(at.edge, leaves),
        leaf,
        blockHash: undefined,
      }
    : { ...unknown, blockNo: at.blockNo + 1, size: last + 1 };
  return {
    breaks: [head, ...indexes.map((index) => alteredEntry(looked, first, index))],
    found,
    altered: new Set(indexes.map((index) => first + index)),
    next,
  };
}

/** Indexes of entries that are not what was written, told from the leaf hash of the last one. */
function alteredEntries(looked: Looked, lastLeaf: string): number[] {
  const { entries, leaves } = looked;
  const altered: number[] = [];
  const authentic = new Map(leaves.map((leaf, at) => [leaf.toString('hex'), entries[at]]));
  let expected: string | undefined = lastLeaf;
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const isAltered: boolean =
      expected !== undefined && leaves[index]?.toString('hex') !== expected;
    if (isAltered) altered.push(index);
    // The entry of this place may stand in another one: what it says of the one before holds.
    const own: Buffer | undefined = expected === undefined ? undefined : authentic.get(expected);
    expected = own === undefined ? expectedBefore(looked, index, expected) : prevIn(own);
  }
  return altered.reverse();
}

/** The leaf hash that the entry before must have, by what stands in this place; if that can say. */
function expectedBefore(
  { at, block, entries, leaves }: Looked,
  index: number,
  expected: string | undefined,
): string | undefined {
  const entry = entries[index] ?? Buffer.alloc(0);
  const before = leaves[index - 1]?.toString('hex');
  // Where only `prev` was altered, putting the right one back gives the expected hash.
  if (before !== undefined && leafWithPrev(entry, before) === expected) return before;
  const seq = (at.edge === undefined ? block.header.first : at.size) + index;
  // One of another place speaks of the one before it there.
  const isStranger = (tryParseEntry(entry)?.seq ?? seq) !== seq;
  return isStranger ? undefined : prevIn(entry);
}

function leafWithPrev(entry: Buffer, prev: string): string {
  return leafHash(withPrev(entry, prev)).toString('hex');
}

function alteredEntry(looked: Looked, first: number, index: number): LedgerBreak {
  const { at, entries } = looked;
  const seq = first + index;
  const entry = tryParseEntry(entries[index] ?? Buffer.alloc(0));
  if (entry !== undefined && entry.seq !== seq && isCommitted(looked, index)) {
    const detail = `entry: block ${at.blockNo} has entry ${entry.seq} in this place`;
    return { seq, kind: 'reordered', detail };
  }
  const detail = `entry: its bytes in block ${at.blockNo} are not those that were written`;
  return { seq, kind: 'altered', detail };
}

/** Something in the block commits to these bytes: they are authentic, in the wrong place. */
function isCommitted({ block, entries, leaves }: Looked, index: number): boolean {
  const leaf = leaves[index]?.toString('hex');
  return block.header.leaf === leaf || entries.some((entry) => prevIn(entry) === leaf);
}

/** Every entry is the one that the header commits to; something around them is not. */
function otherBreaks(looked: Looked, first: number): LedgerBreak[] {
  const { at, block, leaves } = looked;
  const { header } = block;
  const range = { seq: first, lastSeq: first + leaves.length - 1 };
  if (!isIntact(block)) return alteredValues(block, range);
  if (!follows(at, header) || !prevFits(looked)) {
    const detail = `head: block ${at.blockNo} goes on from another block than the one before it`;
    return [{ ...range, kind: 'forked', detail }];
  }
  const detail = `head: the root of block ${at.blockNo} is not that of its entries`;
  return [{ ...range, kind: 'altered', detail }];
}

function prevFits({ at, entries }: Looked): boolean {
  return at.leaf === undefined || prevIn(entries[0] ?? new Uint8Array()) === at.leaf;
}

function alteredValues(block: Block, range: { seq: number; lastSeq: number }): LedgerBreak[] {
  const { blockNo } = block.header;
  const detail = `values: sealed values in block ${blockNo} are not those that were written`;
  const whole: LedgerBreak = { ...range, kind: 'altered', detail };
  try {
    const values = sealedOf(block);
    const isLost = ({ bytes, intact }: SealedValues, index: number) =>
      !intact || values[sealIndex(bytes, index)]?.intact !== true;
    const hit = values.flatMap((each, index) => (isLost(each, index) ? [range.seq + index] : []));
    return hit.length === 0 ? [whole] : hit.map((seq) => ({ seq, kind: 'altered', detail }));
  } catch {
    return [whole];
  }
}
