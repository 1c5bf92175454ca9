/** What is said of hash tiles and pages that are not those of the entries: on hashes in memory. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openDerivedCheck } from '#services/ledger/chain/derived.ts';
import { growTiled } from '#services/ledger/chain/head.ts';
import { makePage } from '#services/ledger/chain/page.ts';
import { nodeIn, storedTile, TILE_LEVELS, tileOf } from '#services/ledger/chain/tiles.ts';
import {
  type Edge,
  EMPTY_EDGE,
  growEdge,
  rangeHashes,
  rootAt,
  rootOf,
} from '#services/ledger/chain/tree.ts';
import { plainEvents } from './plain.ts';

const PAGE = 256;
const leafAt = (index: number) => hash('sha256', `leaf ${index}`, 'buffer');
const rowOfPage = makePage(plainEvents(1), [[0, 0]]);

/** What a log of that many pages has derived, from leaves that are any hashes. */
function derivedOf(pages: number, more = 0) {
  const leaves = Array.from({ length: pages * PAGE + more }, (_, index) => leafAt(index));
  const tiles = new Map<string, Buffer>();
  const rows = new Map(Array.from({ length: pages }, (_, page) => [page, rowOfPage] as const));
  let items: Buffer[] = leaves;
  for (let level = 0; items.length >= (level === 0 ? PAGE : 1); level += 1) {
    const above: Buffer[] = [];
    for (let tile = 0; tile * PAGE < items.length; tile += 1) {
      const part = tileOf(items.slice(tile * PAGE, (tile + 1) * PAGE));
      const root = nodeIn(part, TILE_LEVELS, 0);
      if (level > 0 || root !== undefined) tiles.set(`${level}/${tile}`, storedTile(part));
      if (root !== undefined) above.push(root);
    }
    items = above;
  }
  const reader = {
    pages: async () => pages,
    page: async (number: number) => rows.get(number),
    tile: async (level: number, tile: number) => tiles.get(`${level}/${tile}`),
  };
  return { leaves, tiles, rows, reader };
}

type Derived = ReturnType<typeof derivedOf>;

/** Walks over all of it, in blocks of that many entries. */
async function walked(
  derived: Derived,
  about: { block?: number; start?: number; altered?: Set<number> } = {},
) {
  const { block = 100, start = 0, altered = new Set<number>() } = about;
  const check = openDerivedCheck(derived.reader, start);
  const breaks = [];
  let edge: Edge = growEdge(EMPTY_EDGE, derived.leaves.slice(0, start));
  for (let first = start; first < derived.leaves.length; first += block) {
    const leaves = derived.leaves.slice(first, first + block);
    const { edge: grown, nodes } = growTiled(edge, leaves);
    edge = grown;
    breaks.push(
      ...(await check.grown({
        first,
        leaves: Buffer.concat(leaves),
        nodes,
        altered,
        isKnown: true,
      })),
    );
  }
  return { check, breaks, edge };
}

async function allBreaks(derived: Derived, about: Parameters<typeof walked>[1] = {}) {
  const { check, breaks } = await walked(derived, about);
  return [...breaks, ...(await check.finish())];
}

function flipIn(derived: Derived, tile: string, at: number): void {
  const bytes = Buffer.from(derived.tiles.get(tile) ?? Buffer.alloc(0));
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  derived.tiles.set(tile, bytes);
}

const HASH = 32;
const altered = (seq: number, hashNo: number, tile: string, lastSeq?: number) => ({
  seq,
  ...(lastSeq === undefined ? {} : { lastSeq }),
  kind: 'altered',
  detail: `index: hash ${hashNo} of hash tile ${tile} is not that of its entries`,
});
const unreadable = (seq: number, lastSeq: number, tile: string) => ({
  seq,
  lastSeq,
  kind: 'missing',
  detail: `index: hash tile ${tile} cannot be read`,
});

describe('tiles and pages', () => {
  test('of the entries, however these are cut into blocks, are no break', async () => {
    for (const block of [1, 100, 256, 700]) {
      expect(await allBreaks(derivedOf(2, 30), { block })).toEqual([]);
    }
    expect(await allBreaks(derivedOf(0, 30))).toEqual([]);
    expect(await allBreaks(derivedOf(0))).toEqual([]);
  });

  test('of which one hash is another are named by the entries that it stands for', async () => {
    const derived = derivedOf(3, 5);
    flipIn(derived, '0/1', 7 * HASH);
    flipIn(derived, '0/1', (PAGE + 3) * HASH + 31);
    flipIn(derived, '0/2', 255 * HASH);
    flipIn(derived, '1/0', 2 * HASH);
    expect(await allBreaks(derived)).toEqual([
      altered(263, 7, '0/1'),
      altered(304, 259, '0/1', 319),
      altered(767, 255, '0/2'),
      altered(512, 2, '1/0', 767),
    ]);
  });

  test('that are missing or cut short are named with all their entries', async () => {
    const derived = derivedOf(3);
    derived.tiles.delete('0/1');
    derived.tiles.set('0/2', (derived.tiles.get('0/2') ?? Buffer.alloc(0)).subarray(0, -1));
    derived.tiles.delete('1/0');
    derived.rows.delete(0);
    derived.rows.set(1, { value: { ...rowOfPage.value, crc: 1 }, bytes: rowOfPage.bytes });
    const page = (number: number, kind: string) => ({
      seq: number * PAGE,
      lastSeq: number * PAGE + 255,
      kind,
      detail: `index: page ${number} is not what was written`,
    });
    expect(await allBreaks(derived)).toEqual([
      page(0, 'missing'),
      page(1, 'altered'),
      unreadable(256, 511, '0/1'),
      unreadable(512, 767, '0/2'),
      unreadable(0, 767, '1/0'),
    ]);
  });

  test('that are not derived yet are not missed', async () => {
    const derived = derivedOf(3);
    for (const name of ['0/2', '1/0']) derived.tiles.delete(name);
    const two = derivedOf(2);
    derived.tiles.set('1/0', two.tiles.get('1/0') ?? Buffer.alloc(0));
    derived.reader.pages = async () => 2;
    expect(await allBreaks(derived)).toEqual([]);
  });

  test('are right to differ where an entry was altered, and nowhere else', async () => {
    const derived = derivedOf(2);
    derived.leaves[3] = leafAt(-1);
    derived.leaves[300] = leafAt(-2);
    const check = openDerivedCheck(derived.reader, 0);
    // An altered block has no nodes that could be compared.
    const leaves = Buffer.concat(derived.leaves);
    const grown = { first: 0, leaves, nodes: [], isKnown: true };
    const breaks = await check.grown({ ...grown, altered: new Set([3]) });
    expect(breaks).toEqual([altered(300, 44, '0/1')]);
    expect(await check.finish()).toEqual([]);
  });

  test('of a page that a range begins within are left to a walk from before it', async () => {
    const derived = derivedOf(3);
    flipIn(derived, '0/0', 0);
    flipIn(derived, '0/1', 255 * HASH);
    flipIn(derived, '0/2', 0);
    expect((await walked(derived, { start: 300 })).breaks).toEqual([altered(512, 0, '0/2')]);
    expect((await walked(derived, { start: 256 })).breaks).toEqual([
      altered(511, 255, '0/1'),
      altered(512, 0, '0/2'),
    ]);
  });

  test('behind a gap are compared as far as their leaves are known', async () => {
    const derived = derivedOf(2);
    flipIn(derived, '0/1', 10 * HASH);
    flipIn(derived, '0/1', 60 * HASH);
    const check = openDerivedCheck(derived.reader, 0);
    const of = (first: number, end: number, isKnown: boolean) =>
      check.grown({
        first,
        leaves: Buffer.concat(derived.leaves.slice(first, end)),
        nodes: [],
        altered: new Set(),
        isKnown,
      });
    expect(await of(0, 250, true)).toEqual([]);
    expect(await of(300, 512, false)).toEqual([altered(316, 60, '0/1')]);
  });

  test('are compared around a gap by the nodes half-way up that are known, each in its own page', async () => {
    const derived = derivedOf(2);
    flipIn(derived, '0/1', (PAGE + 1) * HASH);
    const known = async (
      check: ReturnType<typeof openDerivedCheck>,
      first: number,
      end: number,
    ) => {
      const edge = growEdge(EMPTY_EDGE, derived.leaves.slice(0, first));
      const { nodes } = growTiled(edge, derived.leaves.slice(first, end));
      const leaves = Buffer.concat(derived.leaves.slice(first, end));
      return check.grown({ first, leaves, nodes, altered: new Set(), isKnown: true });
    };
    const rest = {
      first: 310,
      leaves: Buffer.concat(derived.leaves.slice(310)),
      nodes: [],
      altered: new Set<number>(),
      isKnown: false,
    };
    const within = openDerivedCheck(derived.reader, 256);
    expect(await known(within, 256, 300)).toEqual([]);
    expect(await within.grown(rest)).toEqual([altered(272, 257, '0/1', 287)]);
    const across = openDerivedCheck(derived.reader, 0);
    expect(await known(across, 0, 250)).toEqual([]);
    expect(await across.grown(rest)).toEqual([]);
  });

  test('above a full tile of pages are compared up to the top', async () => {
    const derived = derivedOf(257);
    expect(await allBreaks(derived, { block: 4_096 })).toEqual([]);
    flipIn(derived, '2/0', 0);
    flipIn(derived, '1/0', (PAGE + 1) * HASH);
    derived.tiles.delete('1/1');
    expect(await allBreaks(derived, { block: 4_096 })).toEqual([
      altered(16 * PAGE, 257, '1/0', 32 * PAGE - 1),
      unreadable(PAGE * PAGE, 257 * PAGE - 1, '1/1'),
      altered(0, 0, '2/0', PAGE * PAGE - 1),
    ]);
  });
});

describe('tiles of entries that are gone', () => {
  async function kept(derived: Derived, pages: number, edge?: Edge, from = 0) {
    const check = openDerivedCheck(derived.reader, 0);
    let pauses = 0;
    const pause = async () => {
      pauses += 1;
    };
    const behind = edge ?? growEdge(EMPTY_EDGE, derived.leaves.slice(0, pages * PAGE));
    const breaks = await check.kept({ from, edge: behind, pause });
    const first = pages * PAGE;
    const leaves = derived.leaves.slice(first);
    const { nodes } = growTiled(behind, leaves);
    const joined = Buffer.concat(leaves);
    const grown = { first, leaves: joined, nodes, altered: new Set<number>(), isKnown: true };
    const rest = await check.grown(grown);
    return { breaks: [...breaks, ...rest, ...(await check.finish())], pauses };
  }

  test('that lead to the root behind them are no break, and others run in between', async () => {
    for (const pages of [1, 2, 3]) {
      expect(await kept(derivedOf(3), pages)).toEqual({ breaks: [], pauses: pages });
    }
  });

  test('that fit together and are of another tree are named as a whole', async () => {
    const derived = derivedOf(3);
    const other = growEdge(EMPTY_EDGE, derived.leaves.slice(1, 2 * PAGE + 1));
    const detail = 'index: the hash tiles of removed entries do not lead to the root behind them';
    expect((await kept(derived, 2, other)).breaks).toContainEqual({
      seq: 0,
      lastSeq: 511,
      kind: 'altered',
      detail,
    });
  });

  test('of which one does not fit in itself or with those above is named, and not the whole', async () => {
    const middle = derivedOf(3);
    flipIn(middle, '0/0', (PAGE + 1) * HASH);
    expect((await kept(middle, 2)).breaks).toEqual([altered(16, 257, '0/0', 31)]);
    const gone = derivedOf(3);
    gone.tiles.delete('0/1');
    expect((await kept(gone, 2)).breaks).toEqual([unreadable(256, 511, '0/1')]);
    const leaf = derivedOf(3);
    flipIn(leaf, '0/0', 5 * HASH);
    const { breaks } = await kept(leaf, 2);
    expect(breaks).toEqual([altered(0, 256, '0/0', 15), altered(0, 0, '1/0', 255)]);
    const page = derivedOf(3);
    page.rows.delete(1);
    expect((await kept(page, 2)).breaks).toMatchObject([{ seq: 256, kind: 'missing' }]);
  });

  test('from where the walk came to them', async () => {
    const derived = derivedOf(3);
    flipIn(derived, '0/0', 5 * HASH);
    const { breaks } = await kept(derived, 2, undefined, 256);
    expect(breaks.filter(({ detail }) => detail.includes('0/0'))).toEqual([]);
  });

  test('give the nodes of any level, and none that they do not have', async () => {
    const { reader, leaves } = derivedOf(3);
    const { nodes } = openDerivedCheck(reader, 0);
    for (const size of [1, 255, 256, 300, 600, 768]) {
      expect(await rootAt(nodes, size)).toBe(rootOf(growEdge(EMPTY_EDGE, leaves.slice(0, size))));
    }
    const range = { begin: 256, end: 768 };
    expect((await rangeHashes(nodes, [range]))[0]?.equals(leafAt(0))).toBe(false);
    await expect(nodes(0, 768)).rejects.toThrow(RangeError);
    await expect(nodes(8, 3)).rejects.toThrow('no hash tile has this node');
  });
});
