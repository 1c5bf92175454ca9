/** Compares the hash tiles with the tree: they are derived, but proofs are made of them. */
import type { LedgerBreak } from '#contracts/ledger.ts';
import { TILE_WIDTH, tileItems, tileNodes } from './tiles.ts';

export interface DerivedReader {
  /** How many pages are derived. */
  pages(): Promise<number>;
  /** Items of a tile as stored; `undefined` when it is missing or cannot be read. */
  tile(level: number, tile: number): Promise<Uint8Array | undefined>;
}

interface Grown {
  /** `seq` of the first leaf. */
  readonly first: number;
  readonly leaves: readonly Buffer[];
  /** Entries named as altered already: their tiles are right to differ. */
  readonly altered: ReadonlySet<number>;
  /** False behind a gap: the page in which it lies cannot be compared. */
  readonly isKnown: boolean;
}

export function openDerivedCheck(reader: DerivedReader, start: number) {
  let page: (Buffer | undefined)[] = [];
  /** Root of each page, as the leaves make it; `undefined` where not all are known. */
  const roots: (Buffer | undefined)[] = [];
  const firstPage = Math.ceil(start / TILE_WIDTH);
  let pages: number | undefined;

  async function finishPage(number: number): Promise<LedgerBreak[]> {
    const leaves = page;
    page = [];
    if (number < firstPage) return [];
    const isWhole = leaves.length === TILE_WIDTH && leaves.every((leaf) => leaf !== undefined);
    roots[number] = isWhole ? tileNodes(leaves).at(-1)?.[0] : undefined;
    pages ??= await reader.pages();
    if (number >= pages) return [];
    return compareTile(reader, { level: 0, tile: number, items: leaves });
  }

  return {
    async grown({ first, leaves, altered, isKnown }: Grown): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      // What lies in a gap is unknown; only the page in which it ends is gone on with.
      if (!isKnown) page = Array.from({ length: first % TILE_WIDTH });
      for (const [index, leaf] of leaves.entries()) {
        const seq = first + index;
        page[seq % TILE_WIDTH] = altered.has(seq) ? undefined : leaf;
        if (seq % TILE_WIDTH !== TILE_WIDTH - 1) continue;
        breaks.push(...(await finishPage(Math.floor(seq / TILE_WIDTH))));
      }
      return breaks;
    },
    /** Tiles above the pages, once all of them are known. */
    async finish(): Promise<LedgerBreak[]> {
      const breaks: LedgerBreak[] = [];
      let items = roots.slice(0, (await reader.pages()) || 0);
      for (let level = 1; items.length > 0; level += 1) {
        const above: (Buffer | undefined)[] = [];
        for (let tile = 0; tile * TILE_WIDTH < items.length; tile += 1) {
          const part = items.slice(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH);
          breaks.push(...(await compareTile(reader, { level, tile, items: part })));
          if (part.length === TILE_WIDTH) above.push(rootOfItems(part));
        }
        items = above;
      }
      return breaks;
    },
  };
}

function rootOfItems(items: readonly (Buffer | undefined)[]): Buffer | undefined {
  const known = items.filter((item) => item !== undefined);
  return known.length === items.length ? tileNodes(known).at(-1)?.[0] : undefined;
}

/** Items that are `undefined` are not compared. */
async function compareTile(
  reader: DerivedReader,
  expected: {
    readonly level: number;
    readonly tile: number;
    readonly items: readonly (Buffer | undefined)[];
  },
): Promise<LedgerBreak[]> {
  const { level, tile, items } = expected;
  const span = TILE_WIDTH ** level;
  const begin = tile * TILE_WIDTH * span;
  const name = `hash tile ${level}/${tile}`;
  const stored = await reader.tile(level, tile);
  if (stored === undefined || stored.length % 32 !== 0) {
    const lastSeq = begin + items.length * span - 1;
    return [{ seq: begin, lastSeq, kind: 'missing', detail: `index: ${name} cannot be read` }];
  }
  const found = tileItems(stored);
  return items.flatMap((item, index): LedgerBreak[] => {
    if (item === undefined || found[index]?.equals(item)) return [];
    const seq = begin + index * span;
    const detail = `index: item ${index} of ${name} is not the hash of its entries`;
    const range = span === 1 ? {} : { lastSeq: seq + span - 1 };
    return [{ seq, ...range, kind: 'altered', detail }];
  });
}
