/**
 * Verifies a log, block by block, and goes on after every break.
 *
 * 1. Bytes -> leaf hashes -> edge -> root of each block, and both chains: `prev` of the entries and
 *    `prevBlockHash` of the blocks (inspect.ts).
 * 2. The root at the size of every signed head is compared with it: those beside the blocks and
 *    those in the second place (signed.ts).
 * 3. Hash tiles are compared with the leaf hashes (derived.ts).
 * 4. Where a purge has removed blocks, the walk goes on behind them, from what their row says; that
 *    must be what an entry of the chain says, and of the tiles that are left of them, each must be
 *    made of those below it, up to the root there.
 *
 * After a block that is not what was written, the walk goes on from what its header commits to, so
 * that one break is named once and not again with every block behind it. Memory does not grow with
 * the log, but for one hash in 256 entries.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
import { type DerivedReader, openDerivedCheck } from './derived.ts';
import { EMPTY_HEAD } from './head.ts';
import {
  gap,
  type Inspection,
  inspectBlock,
  type Position,
  type PurgedPrefix,
  purgedBlocks,
} from './inspect.ts';
import type { StoredBlock } from './look.ts';
import { openSignedCheck, type SignedSource } from './signed.ts';
import { splitHashes } from './tiles.ts';
import { type Edge, growEdge, HASH_BYTES, rootOf } from './tree.ts';

/** More are counted as a damaged store by anybody. */
const BREAKS_MAX = 1_000;

export interface BlockReader {
  /** Number of the last block row; `undefined` when there is none. */
  last(): Promise<number | undefined>;
  /** Number of the first block row behind that one. */
  next(after: number): Promise<number | undefined>;
  /** `undefined` when it is missing. Rejects when the store cannot give it. */
  read(blockNo: number): Promise<StoredBlock | undefined>;
  /** What stands for the first blocks; `undefined` when none were removed, or it cannot be read. */
  purged(): Promise<PurgedPrefix | undefined>;
}

export interface VerifyRequest {
  readonly tenant: string;
  readonly blocks: BlockReader;
  readonly signed: SignedSource;
  readonly derived: DerivedReader;
  /** Where to begin: the start, or behind a block whose header is sound. */
  readonly start?: Position;
  /** No block is looked at whose entries all stand at or behind this one. */
  readonly to?: number;
  /** Before each block: lets others use the process. A rejection ends the walk. */
  readonly pause?: (progress: Progress) => Promise<void>;
}

/** How far a walk has come; another one can begin where it stands. */
export interface Progress {
  readonly at: Position;
  readonly checkedEntries: number;
  readonly breaks: readonly LedgerBreak[];
}

export interface Verified {
  readonly ok: boolean;
  readonly size: number;
  readonly root: string;
  readonly checkedEntries: number;
  readonly firstKept: number;
  readonly breaks: readonly LedgerBreak[];
}

export const START: Position = {
  blockNo: 0,
  size: 0,
  edge: EMPTY_HEAD.edge,
  leaf: EMPTY_HEAD.leaf,
  blockHash: EMPTY_HEAD.blockHash,
};

interface Walk {
  at: Position;
  /** The tree over the bytes as they are now, where that is another one. */
  standing: Edge | undefined;
  /** The last edge that was known. */
  edge: Edge;
  checkedEntries: number;
  firstKept: number;
  /** Breaks whose end the next readable block tells. */
  open: LedgerBreak[];
  readonly breaks: LedgerBreak[];
}

export async function verifyLog(request: VerifyRequest): Promise<Verified> {
  const { blocks, start = START, to = Number.POSITIVE_INFINITY, pause } = request;
  // Before the last block is looked up: whatever is signed by now must be there then.
  const signed = await openSignedCheck(request.signed, start.size);
  const derived = openDerivedCheck(request.derived, start.size);
  const last = (await blocks.last()) ?? -1;
  const walk: Walk = {
    at: start,
    standing: undefined,
    edge: start.edge ?? EMPTY_HEAD.edge,
    checkedEntries: 0,
    firstKept: 0,
    open: [],
    breaks: [],
  };
  while (walk.at.blockNo <= last && walk.at.size < to) {
    await pause?.(walk);
    const before = walk.at;
    const { kept, ...inspection } = await step(request, before);
    take(walk, before, inspection);
    const { found, altered } = inspection;
    if (kept !== undefined) {
      walk.firstKept = kept.size;
      note(walk, await derived.kept({ from: before.size, edge: kept, pause: () => pause?.(walk) }));
    }
    const { edge: after, size } = walk.at;
    const written = altered.size === 0 ? { before: before.edge, leaves: found?.leaves } : {};
    const nodes = kept && derived.nodes;
    await signed.passed({ ...written, after, size, nodes });
    if (found === undefined) continue;
    note(walk, await derived.grown({ ...found, altered, isKnown: before.edge !== undefined }));
  }
  const isEnd = walk.at.size < to;
  for (const each of walk.open) setEnd(each, signed.largest());
  note(walk, await signed.finish({ size: walk.at.size, isEnd, isOpen: walk.open.length > 0 }));
  note(walk, isEnd ? await derived.finish() : []);
  const edge = walk.standing ?? walk.edge;
  const breaks = walk.breaks.toSorted((one, other) => one.seq - other.seq);
  return {
    ok: breaks.length === 0,
    size: edge.size,
    root: rootOf(edge),
    checkedEntries: walk.checkedEntries,
    firstKept: walk.firstKept,
    breaks,
  };
}

/** Set when the walk has passed what a purge removed: the edge of the tree there. */
type Step = Inspection & { readonly kept?: Edge };

/** One block, or one run of missing ones. */
async function step({ tenant, blocks }: VerifyRequest, at: Position): Promise<Step> {
  let stored: StoredBlock | undefined;
  try {
    stored = await blocks.read(at.blockNo);
  } catch {
    return gap(at, 'altered', `head: the store cannot read the row of block ${at.blockNo}`);
  }
  if (stored !== undefined) return inspectBlock(tenant, at, stored);
  // Looked up here and not before, because a purge may begin while the log is walked over.
  const purged = await blocks.purged();
  if (purged !== undefined && purged.behind.blockNo > at.blockNo) {
    return { ...purgedBlocks(at, purged), kept: purged.behind.edge };
  }
  const next = (await blocks.next(at.blockNo)) ?? at.blockNo + 1;
  const names =
    next - at.blockNo === 1 ? `block ${at.blockNo} is` : `blocks ${at.blockNo} to ${next - 1} are`;
  const missing = gap(at, 'missing', `entry: ${names} not in the store`);
  return { ...missing, next: { ...missing.next, blockNo: next } };
}

function take(walk: Walk, before: Position, inspection: Inspection): void {
  const { found, altered, next } = inspection;
  const breaks = inspection.breaks.map((each) => ({ ...each }));
  const begin = found?.first ?? (next.edge === undefined ? undefined : breaks[0]?.seq);
  if (begin !== undefined) {
    for (const each of walk.open) setEnd(each, begin);
    walk.open = [];
  }
  if (found === undefined && next.edge === undefined) walk.open.push(...breaks);
  note(walk, breaks);
  walk.checkedEntries += found === undefined ? 0 : found.leaves.length / HASH_BYTES;
  walk.standing = standingAfter(walk, before, inspection, altered.size > 0);
  walk.edge = next.edge ?? walk.edge;
  walk.at = next;
}

function setEnd(gap: LedgerBreak, end: number): void {
  if (end > gap.seq) gap.lastSeq = end - 1;
}

/** Grows on its own once an entry was altered; where bytes are missing there is no such tree. */
function standingAfter(
  { standing }: Walk,
  before: Position,
  { found }: Inspection,
  diverges: boolean,
): Edge | undefined {
  if (before.edge === undefined || found === undefined) return undefined;
  if (standing === undefined && !diverges) return undefined;
  return growEdge(standing ?? before.edge, splitHashes(found.leaves));
}

function note(walk: Walk, breaks: readonly LedgerBreak[]): void {
  walk.breaks.push(...breaks.slice(0, BREAKS_MAX - walk.breaks.length));
}
