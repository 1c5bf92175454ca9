/**
 * Compares the tree with the heads that were signed. They come from two places, and whoever changes
 * one of them leaves the other.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
import type { SignedHead } from './checkpoint.ts';
import { splitHashes } from './tiles.ts';
import { type Edge, growEdge, type NodeReader, rootAt, rootOf } from './tree.ts';

export const places = ['beside the blocks', 'in the second place'] as const;
export type SignedPlace = (typeof places)[number];

export interface Signed {
  readonly place: SignedPlace;
  /** For people: `number 4`, `size 1200`. */
  readonly name: string;
  /** Entries that it speaks of; 0 when it cannot be read. */
  readonly size: number;
  /** `undefined` when it cannot be read as a checkpoint of this log. */
  readonly head: SignedHead | undefined;
  /** Signed by a key of ours. */
  readonly isSigned: boolean;
}

export interface SignedSource {
  /** All that are to be compared, ascending by size. */
  heads(from: number): AsyncIterable<Signed>;
  /** The newest of each place. Is looked up before the log is. */
  newest(): Promise<readonly Signed[]>;
}

export interface PassedBlock {
  /**
   * The tree before it, and its leaf hashes, one behind the other; absent when they are not those
   * that were written.
   */
  readonly before?: Edge | undefined;
  readonly leaves?: Buffer | undefined;
  /** The tree behind it, and how many entries that has. */
  readonly after: Edge | undefined;
  readonly size: number;
  /** Given where the entries are gone and only their hash tiles are left. */
  readonly nodes?: NodeReader | undefined;
}

/** Root of the tree of that size, which ends in the block or at its end; `undefined` if not known. */
async function rootWithin(
  { before, leaves, after, size, nodes }: PassedBlock,
  at: number,
): Promise<string | undefined> {
  if (at === size) return after && rootOf(after);
  // A tile that cannot be read is named by its own check.
  if (nodes !== undefined) return rootAt(nodes, at).catch(() => undefined);
  if (before === undefined || leaves === undefined || at < before.size) return undefined;
  return rootOf(growEdge(before, splitHashes(leaves).slice(0, at - before.size)));
}

export async function openSignedCheck(source: SignedSource, start: number) {
  const newest = await source.newest();
  const heads = source.heads(start)[Symbol.asyncIterator]();
  const breaks: LedgerBreak[] = [];
  /** Size of the last head that the tree agreed with. */
  let agreed = start;
  /** Places whose heads are not those of this log any more. */
  const differing = new Set<SignedPlace>();
  let next = await heads.next();

  /** Heads of at most that size, in order. */
  async function* upTo(size: number): AsyncGenerator<Signed> {
    while (!next.done && next.value.size <= size) {
      yield next.value;
      next = await heads.next();
    }
  }

  function compare(signed: Signed, root: string | undefined): void {
    const fault = faultOf(signed, root);
    if (fault === undefined) {
      agreed = root === undefined ? agreed : signed.size;
      return;
    }
    // Every later head of a rewritten log differs too: the first one says where it begins.
    if (fault === OTHER_ROOT && differing.has(signed.place)) return;
    if (fault === OTHER_ROOT) differing.add(signed.place);
    const detail = `checkpoint: ${signed.name} ${signed.place} ${fault}`;
    const lastSeq = Math.max(agreed, signed.size - 1);
    breaks.push({ seq: agreed, lastSeq, kind: 'checkpoint-mismatch', detail });
  }

  return {
    /** The most entries that a good signature speaks of. */
    largest: () => Math.max(0, ...newest.filter(isGood).map(({ size }) => size)),
    /** The walk has passed a block, or a gap. */
    async passed(block: PassedBlock): Promise<void> {
      for await (const signed of upTo(block.size)) {
        compare(signed, await rootWithin(block, signed.size));
      }
    },
    /** The log ends here. `isEnd` is false for the end of a range, `isOpen` true after a gap. */
    async finish(end: {
      readonly size: number;
      readonly isEnd: boolean;
      readonly isOpen: boolean;
    }): Promise<LedgerBreak[]> {
      if (!end.isEnd) return breaks;
      return [...breaks, ...forks(newest), ...truncation(newest, end), ...missingElsewhere(newest)];
    },
  };
}

function isGood({ head, isSigned }: Signed): boolean {
  return head !== undefined && isSigned;
}

const OTHER_ROOT = 'has another root than the entries';

function faultOf({ head, isSigned }: Signed, root: string | undefined): string | undefined {
  if (head === undefined) return 'cannot be read as a checkpoint of this log';
  if (!isSigned) return 'is not signed by a key of this log';
  if (root !== undefined && head.root !== root) return OTHER_ROOT;
  return undefined;
}

/** Two heads of one size with different roots: somebody signed two logs. */
function forks(newest: readonly Signed[]): LedgerBreak[] {
  const [one, other] = newest.filter(isGood);
  if (one === undefined || other === undefined || one.size !== other.size) return [];
  if (one.head?.root === other.head?.root) return [];
  const detail = `checkpoint: two of size ${one.size} are signed, with different roots`;
  return [{ seq: one.size - 1, kind: 'forked', detail }];
}

function truncation(
  newest: readonly Signed[],
  end: { readonly size: number; readonly isOpen: boolean },
): LedgerBreak[] {
  const [largest] = newest
    .filter((signed) => isGood(signed) && signed.size > end.size)
    .toSorted((one, other) => other.size - one.size);
  // Blocks that cannot be read are named already.
  if (largest === undefined || end.isOpen) return [];
  const detail = `checkpoint: one of size ${largest.size} is ${largest.place}, the log ends at ${end.size}`;
  return [{ seq: end.size, lastSeq: largest.size - 1, kind: 'truncated', detail }];
}

/** What is beside the blocks was published before. */
function missingElsewhere(newest: readonly Signed[]): LedgerBreak[] {
  const stored = newest.find(({ place }) => place === 'beside the blocks');
  const published = newest.find(({ place }) => place === 'in the second place');
  if (stored === undefined || (published !== undefined && published.size >= stored.size)) return [];
  const detail = `checkpoint: that of size ${stored.size} beside the blocks is not in the second place`;
  return [{ seq: Math.max(0, stored.size - 1), kind: 'checkpoint-mismatch', detail }];
}
