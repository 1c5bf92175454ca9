/**
 * Compares what is derived from the entries with them: hash tiles, because proofs are made of them,
 * and pages, because they tell a repeated event from a new one.
 */
import type { LedgerBreak } from '#contracts/ledger.ts';
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
  readonly leaves: readonly Buffer[];
  /** Inner nodes that tiles are made of; none where the leaves are not all those that were written. */
  readonly nodes: readonly TreeNode[];
  /** Entries named as altered already: their tiles are right to differ. */
  readonly altered: ReadonlySet<number>;
  /** False behind a gap: the page in which it lies cannot be compared as a whole. */
  readonly isKnown: boolean;
}

/** A hash that is not known is not compared. */
type Hashes = readonly (Buffer | undefined)[];

export function openDerivedCheck(reader: DerivedReader, start: number) {
  const firstPage = Math.ceil(start / TILE_WIDTH);
  /** Of the page that is not full yet. */
  let leaves: (Buffer | undefined)[] = [];
  /** Nodes half-way up a page, by their index, and the root of each page. */
  const middle = new Map<number, Buffer>();
  const roots: (Buffer | undefined)[] = [];
  let pages: number | undefined;
  /** Of the tree over entries that are gone. */
  let keptEdge: Edge | undefined;

  function take(nodes: readonly TreeNode[]): void {
    for (const { level, index, hash } of nodes) {
      if (level === MIDDLE_LEVELS) middle.set(index, hash);
      if (level === TILE_LEVELS) roots[index] = hash;
    }
  }

  async function finishPage(number: number): Promise<LedgerBreak[]> {
    const indexes = Array.from(
      { length: MIDDLE_WIDTH },
      (_, index) => number * MIDDLE_WIDTH + index,
    );
    const hashes = [...leaves, ...indexes.map((index) => middle.get(index))];
    leaves = [];
    for (const index of indexes) middle.delete(index);
    pages ??= await reader.pages();
    if (number < firstPage || number >= pages) return [];
    const tile = await compareTile(reader, { level: 0, tile: number, hashes });
    return [...(await comparePage(reader, number)), ...tile];
  }

  return {
    async grown({ first, leaves: added, nodes, altered, isKnown }: Grown): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      if (!isKnown) leaves = Array.from({ length: first % TILE_WIDTH });
      take(nodes);
      for (const [index, leaf] of added.entries()) {
        const seq = first + index;
        leaves[seq % TILE_WIDTH] = altered.has(seq) ? undefined : leaf;
        if (seq % TILE_WIDTH !== TILE_WIDTH - 1) continue;
        breaks.push(...(await finishPage(Math.floor(seq / TILE_WIDTH))));
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
      leaves = [];
      middle.clear();
      const end = purged.edge.size / TILE_WIDTH;
      for (let number = Math.floor(purged.from / TILE_WIDTH); number < end; number += 1) {
        await purged.pause();
        const { root, hashes } = await keptTile(reader, number);
        roots[number] = root;
        breaks.push(...(await comparePage(reader, number)));
        breaks.push(...(await compareTile(reader, { level: 0, tile: number, hashes })));
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
    const unknown: Hashes = Array.from({ length: TILE_WIDTH + MIDDLE_WIDTH });
    return { root: undefined, hashes: unknown };
  }
  const tile = tileOf(splitHashes(bytes.subarray(0, TILE_WIDTH * HASH_BYTES)));
  const hashes: Hashes = [...splitHashes(tile.items), ...splitHashes(tile.middle)];
  return { root: nodeIn(tile, TILE_LEVELS, 0), hashes };
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
  return compareTile(reader, { level, tile, hashes: isFull ? [...items, ...middle] : items });
}

function rootOfItems(items: Hashes): Buffer | undefined {
  const known = items.filter((item) => item !== undefined);
  return known.length === items.length ? nodeIn(tileOf(known), TILE_LEVELS, 0) : undefined;
}

/** The hashes are those of the items, and behind the items of a full tile those half-way up. */
async function compareTile(
  reader: DerivedReader,
  expected: { readonly level: number; readonly tile: number; readonly hashes: Hashes },
): Promise<LedgerBreak[]> {
  const { level, tile, hashes } = expected;
  const span = TILE_WIDTH ** level;
  const begin = tile * TILE_WIDTH * span;
  const name = `hash tile ${level}/${tile}`;
  const stored = await reader.tile(level, tile);
  if (stored === undefined || stored.length < hashes.length * HASH_BYTES) {
    const lastSeq = begin + Math.min(hashes.length, TILE_WIDTH) * span - 1;
    return [{ seq: begin, lastSeq, kind: 'missing', detail: `index: ${name} cannot be read` }];
  }
  const found = splitHashes(Buffer.from(stored));
  return hashes.flatMap((hash, index): LedgerBreak[] => {
    if (hash === undefined || found[index]?.equals(hash)) return [];
    // Behind the items come nodes that stand for 16 of them each.
    const width = index < TILE_WIDTH ? span : span * MIDDLE_WIDTH;
    const seq = begin + (index < TILE_WIDTH ? index : index - TILE_WIDTH) * width;
    const detail = `index: hash ${index} of ${name} is not that of its entries`;
    return [{ seq, ...(width === 1 ? {} : { lastSeq: seq + width - 1 }), kind: 'altered', detail }];
  });
}

/** A page carries a checksum of its own; that it was made of these entries its maker has seen to. */
async function comparePage(reader: DerivedReader, number: number): Promise<LedgerBreak[]> {
  const row = await reader.page(number);
  if (readPage(row) !== undefined) return [];
  const range = { seq: number * TILE_WIDTH, lastSeq: (number + 1) * TILE_WIDTH - 1 };
  const kind = row === undefined ? 'missing' : 'altered';
  return [{ ...range, kind, detail: `index: page ${number} is not what was written` }];
}
