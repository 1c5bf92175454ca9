/**
 * Compares what is derived from the entries with them: hash tiles, because proofs are made of them,
 * and pages, because they tell a repeated event from a new one.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
import { asBuffer } from './block.ts';
import { readPage } from './page.ts';
import {
  MIDDLE_LEVELS,
  MIDDLE_WIDTH,
  nodeIn,
  placeOf,
  splitHashes,
  TILE_LEVELS,
  TILE_WIDTH,
  tileOf,
} from './tiles.ts';
import {
  type Edge,
  EMPTY_EDGE,
  growEdge,
  HASH_BYTES,
  type NodeReader,
  type TreeNode,
} from './tree.ts';

/** Of a full tile: its items, and the nodes half-way up. */
const EXPECTED_HASHES = TILE_WIDTH + MIDDLE_WIDTH;

export interface DerivedReader {
  /** How many pages are derived. */
  pages(): Promise<number>;
  /** Rows as they are; `undefined` when missing or unreadable. */
  page(
    number: number,
  ): Promise<{ readonly value: unknown; readonly bytes?: Uint8Array } | undefined>;
  tile(level: number, tile: number): Promise<Uint8Array | undefined>;
}

interface Grown {
  /** `seq` of the first leaf. */
  readonly first: number;
  /** Leaf hashes, one behind the other. */
  readonly leaves: Buffer;
  /** Inner nodes that tiles are made of; none where the leaves are not all those that were written. */
  readonly nodes: readonly TreeNode[];
  /** Entries named as altered already: their tiles are right to differ. */
  readonly altered: ReadonlySet<number>;
  /** False behind a gap: the page in which it lies cannot be compared as a whole. */
  readonly isKnown: boolean;
}

type Hashes = readonly (Buffer | undefined)[];

/** What a tile must hold: hashes one behind the other. One that is not known is not compared. */
interface Expected {
  readonly hashes: Buffer;
  isKnown(index: number): boolean;
}

export function openDerivedCheck(reader: DerivedReader, start: number) {
  const firstPage = Math.ceil(start / TILE_WIDTH);
  /** Of the page that is not full yet. */
  const expected = openExpected();
  let page = 0;
  /** Root of each page. */
  const roots: (Buffer | undefined)[] = [];
  let pages: number | undefined;
  /** Of the tree over entries that are gone. */
  let keptEdge: Edge | undefined;

  /** Goes on with a page: leaves of it, one behind the other, and all nodes that there are. */
  function take(first: number, leaves: Buffer, nodes: readonly TreeNode[]): void {
    const number = Math.floor(first / TILE_WIDTH);
    if (number !== page) expected.forget(0, EXPECTED_HASHES);
    page = number;
    expected.put(first % TILE_WIDTH, leaves);
    for (const { level, index, hash } of nodes) {
      // A copy with memory of its own: what is kept for long must not keep that of a whole block.
      if (level === TILE_LEVELS) roots[index] = Buffer.alloc(HASH_BYTES, hash);
      if (level !== MIDDLE_LEVELS || Math.floor(index / MIDDLE_WIDTH) !== page) continue;
      expected.put(TILE_WIDTH + (index % MIDDLE_WIDTH), hash);
    }
  }

  async function finishPage(number: number): Promise<LedgerBreak[]> {
    pages ??= await reader.pages();
    if (number < firstPage || number >= pages) return [];
    const tile = await compareTile(reader, { level: 0, tile: number, expected });
    return [...(await comparePage(reader, number)), ...tile];
  }

  return {
    async grown({ first, leaves, nodes, altered, isKnown }: Grown): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      if (!isKnown) expected.forget(0, TILE_WIDTH);
      const end = first + leaves.length / HASH_BYTES;
      for (let begin = first; begin < end; ) {
        const stop = Math.min(end, begin - (begin % TILE_WIDTH) + TILE_WIDTH);
        const [from, to] = [(begin - first) * HASH_BYTES, (stop - first) * HASH_BYTES];
        take(begin, leaves.subarray(from, to), nodes);
        for (const seq of altered) {
          if (begin <= seq && seq < stop) expected.forget(seq % TILE_WIDTH, (seq % TILE_WIDTH) + 1);
        }
        if (stop % TILE_WIDTH === 0) breaks.push(...(await finishPage(page)));
        begin = stop;
      }
      return breaks;
    },
    /** Hashes of entries that are gone, out of the tiles that are left of them. */
    nodes: nodesIn(reader),
    /**
     * Entries before the edge are gone, from `from` on without having been walked over: their tiles
     * are all there is of them. Each must fit together in itself, with those above it, and all of
     * them with the edge.
     */
    async kept(purged: {
      readonly from: number;
      readonly edge: Edge;
      pause(): Promise<void> | undefined;
    }): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      expected.forget(0, EXPECTED_HASHES);
      const end = purged.edge.size / TILE_WIDTH;
      for (let number = Math.floor(purged.from / TILE_WIDTH); number < end; number += 1) {
        await purged.pause();
        const { root, expected: tile } = await keptTile(reader, number);
        roots[number] = root;
        breaks.push(...(await comparePage(reader, number)));
        breaks.push(...(await compareTile(reader, { level: 0, tile: number, expected: tile })));
      }
      keptEdge = purged.edge;
      return breaks;
    },
    /** Tiles above the pages, once all of them are known. */
    async finish(): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      let items: Hashes = roots.slice(0, await reader.pages());
      for (let level = 1; items.length > 0; level += 1) {
        const above: (Buffer | undefined)[] = [];
        for (let tile = 0; tile * TILE_WIDTH < items.length; tile += 1) {
          const part = items.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH);
          breaks.push(...(await compareUpper(reader, level, tile, part)));
          if (part.length === TILE_WIDTH) above.push(rootOfItems(part));
        }
        items = above;
      }
      const isNamed = breaks.some(({ seq }) => seq < (keptEdge?.size ?? 0));
      return isNamed ? breaks : [...breaks, ...otherEdge(roots, keptEdge)];
    },
  };
}

/** The hashes that a tile must have by its own leaves, and their root. */
async function keptTile(reader: DerivedReader, number: number) {
  const stored = await reader.tile(0, number);
  const bytes = Buffer.from(stored ?? []);
  if (bytes.length < TILE_WIDTH * HASH_BYTES) {
    return { root: undefined, expected: expectedOf(Array.from({ length: EXPECTED_HASHES })) };
  }
  const tile = tileOf(splitHashes(bytes.subarray(0, TILE_WIDTH * HASH_BYTES)));
  const expected = expectedOf([...splitHashes(tile.items), ...splitHashes(tile.middle)]);
  return { root: nodeIn(tile, TILE_LEVELS, 0), expected };
}

/** Every tile fits those above it, and yet they are not of the tree that was removed. */
function otherEdge(roots: Hashes, edge: Edge | undefined): LedgerBreak[] {
  if (edge === undefined) return [];
  const pages = edge.size / TILE_WIDTH;
  const known = roots.slice(0, pages).filter((root) => root !== undefined);
  // The tree over whole pages is the upper part of that over their entries.
  const grown = known.length === pages ? growEdge(EMPTY_EDGE, known).hashes : edge.hashes;
  const isSame = grown.every((hash, index) => edge.hashes[index]?.equals(hash));
  if (isSame && grown.length === edge.hashes.length) return [];
  const detail = 'index: the hash tiles of removed entries do not lead to the root behind them';
  return [{ seq: 0, lastSeq: edge.size - 1, kind: 'altered', detail }];
}

/** Nodes out of tiles as they are stored. Rejects for one that is not there. */
function nodesIn(reader: DerivedReader): NodeReader {
  return async (level, index) => {
    const place = placeOf(level, index);
    const stored = Buffer.from((await reader.tile(place.tileLevel, place.tile)) ?? []);
    const items = splitHashes(stored.subarray(0, TILE_WIDTH * HASH_BYTES));
    const node = nodeIn(tileOf(items), place.level, place.index);
    if (node === undefined) throw new RangeError('no hash tile has this node');
    return node;
  };
}

async function compareUpper(
  reader: DerivedReader,
  level: number,
  tile: number,
  items: Hashes,
): Promise<LedgerBreak[]> {
  const isFull = items.length === TILE_WIDTH;
  const known = items.filter((item) => item !== undefined);
  const middle = known.length === items.length ? splitHashes(tileOf(known).middle) : [];
  const expected = expectedOf(isFull ? [...items, ...middle] : items);
  return compareTile(reader, { level, tile, expected });
}

function rootOfItems(items: Hashes): Buffer | undefined {
  const known = items.filter((item) => item !== undefined);
  return known.length === items.length ? nodeIn(tileOf(known), TILE_LEVELS, 0) : undefined;
}

/** The hashes are those of the items, and behind the items of a full tile those half-way up. */
async function compareTile(
  reader: DerivedReader,
  about: { readonly level: number; readonly tile: number; readonly expected: Expected },
): Promise<LedgerBreak[]> {
  const { level, tile } = about;
  const { hashes, isKnown } = about.expected;
  const count = hashes.length / HASH_BYTES;
  const span = TILE_WIDTH ** level;
  const begin = tile * TILE_WIDTH * span;
  const name = `hash tile ${level}/${tile}`;
  const stored = await reader.tile(level, tile);
  if (stored === undefined || stored.length < hashes.length) {
    const lastSeq = begin + Math.min(count, TILE_WIDTH) * span - 1;
    return [{ seq: begin, lastSeq, kind: 'missing', detail: `index: ${name} cannot be read` }];
  }
  const found = asBuffer(stored).subarray(0, hashes.length);
  // All at once: nearly every tile is right.
  if (found.equals(hashes)) return [];
  const wanted = splitHashes(hashes);
  return splitHashes(found).flatMap((hash, index): LedgerBreak[] => {
    if (!isKnown(index) || wanted[index]?.equals(hash)) return [];
    // Behind the items come nodes that stand for 16 of them each.
    const width = index < TILE_WIDTH ? span : span * MIDDLE_WIDTH;
    const seq = begin + (index < TILE_WIDTH ? index : index - TILE_WIDTH) * width;
    const detail = `index: hash ${index} of ${name} is not that of its entries`;
    return [{ seq, ...(width === 1 ? {} : { lastSeq: seq + width - 1 }), kind: 'altered', detail }];
  });
}

/** Of the leaves of a page and the nodes half-way up; nothing is known at first. */
function openExpected() {
  const hashes = Buffer.alloc(EXPECTED_HASHES * HASH_BYTES);
  const known = new Uint8Array(EXPECTED_HASHES);
  return {
    hashes,
    isKnown: (index: number) => known[index] === 1,
    /** Hashes one behind the other, from that index on. */
    put(index: number, joined: Buffer): void {
      hashes.set(joined, index * HASH_BYTES);
      known.fill(1, index, index + joined.length / HASH_BYTES);
    },
    /** Those from one index to before another are not known. */
    forget(begin: number, end: number): void {
      known.fill(0, begin, end);
    },
  };
}

function expectedOf(hashes: Hashes): Expected {
  const none = Buffer.alloc(HASH_BYTES);
  return {
    hashes: Buffer.concat(Array.from(hashes, (hash) => hash ?? none)),
    isKnown: (index) => hashes[index] !== undefined,
  };
}

/** A page carries a checksum of its own; that it was made of these entries its maker has seen to. */
async function comparePage(reader: DerivedReader, number: number): Promise<LedgerBreak[]> {
  const row = await reader.page(number);
  if (readPage(row) !== undefined) return [];
  const range = { seq: number * TILE_WIDTH, lastSeq: (number + 1) * TILE_WIDTH - 1 };
  const kind = row === undefined ? 'missing' : 'altered';
  return [{ ...range, kind, detail: `index: page ${number} is not what was written` }];
}
