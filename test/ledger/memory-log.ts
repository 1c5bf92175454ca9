import { hash } from 'node:crypto';
import { expect } from 'vitest';
import {
  type BlockHeader,
  bundleOf,
  encodeBody,
  entriesOf,
  headerHash,
} from '#services/ledger/chain/block.ts';
import { contentOf, contentText } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, type Head, headAfter, makeBlock } from '#services/ledger/chain/head.ts';
import type { PurgedPrefix } from '#services/ledger/chain/inspect.ts';
import type { StoredBlock } from '#services/ledger/chain/look.ts';
import { makePage } from '#services/ledger/chain/page.ts';
import type { Signed } from '#services/ledger/chain/signed.ts';
import { nodeIn, storedTile, TILE_LEVELS, tileOf } from '#services/ledger/chain/tiles.ts';
import { rootOf } from '#services/ledger/chain/tree.ts';
import { type Verified, type VerifyRequest, verifyLog } from '#services/ledger/chain/verify.ts';
import { plainEvents, TENANT } from './plain.ts';

const PAGE = 256;
const ORIGIN = 'ledger.example/log/0123';

export interface MemoryBlock {
  readonly header: BlockHeader;
  readonly body: Buffer;
}

/** A log as the verification sees it, in memory: what is in the maps is what the store gives. */
export interface MemoryLog {
  readonly tenant: string;
  /** As they were written. */
  readonly blocks: readonly MemoryBlock[];
  /** Where the log stands before each block, and at its end. */
  readonly standing: readonly Head[];
  readonly rows: Map<number, StoredBlock>;
  readonly pages: Map<number, { readonly value: unknown; readonly bytes: Uint8Array }>;
  readonly tiles: Map<string, Buffer>;
  signed: Signed[];
  purged: PurgedPrefix | undefined;
  verify(over?: Partial<VerifyRequest>): Promise<Verified>;
}

/** Entries of the blocks are not packed, so that each byte of a body is one of an entry or value. */
export function memoryLog(counts: readonly number[]): MemoryLog {
  const tenant = TENANT;
  const blocks: MemoryBlock[] = [];
  const standing = [EMPTY_HEAD];
  const leaves: Buffer[] = [];
  const events = plainEvents(counts.reduce((sum, count) => sum + count, 0));
  for (const count of counts) {
    const head = standing.at(-1) ?? EMPTY_HEAD;
    const step = makeBlock({
      head,
      contents: events
        .slice(leaves.length, leaves.length + count)
        .map((event) => contentText(contentOf(event))),
      sealed: Array.from({ length: count }, (_, index) => Buffer.from(`sealed ${index}`)),
      recordedAt: '2031-01-02T10:05:07.000Z',
      writer: 'w',
    });
    leaves.push(...step.leaves);
    const block = blockWith(step.header, step.entries);
    blocks.push(block);
    standing.push(headAfter(block.header));
  }
  const log: MemoryLog = {
    tenant,
    blocks,
    standing,
    rows: new Map(blocks.map((block, blockNo) => [blockNo, block])),
    pages: new Map(),
    tiles: new Map(),
    signed: standing.slice(1).flatMap(signedTwice),
    purged: undefined,
    verify: (over = {}) => verifyLog({ ...requestOf(log), ...over }),
  };
  derive(log, leaves, events);
  return log;
}

/** A header that its own hash fits. */
export function rehashed(header: BlockHeader): BlockHeader {
  return { ...header, hash: headerHash(header) };
}

/** A block of these entries, with the hashes of its header made to fit. */
export function blockWith(header: BlockHeader, entries: readonly Buffer[]): MemoryBlock {
  const sealed = entries.map((_, index) => Buffer.from(`sealed ${index}`));
  const bundle = bundleOf(entries);
  const body = Buffer.concat([bundle, encodeBody({ entries: [], sealed }).body]);
  const sizes = { entriesBytes: bundle.length, bodyBytes: body.length };
  const bodyHash = hash('sha256', body, 'hex');
  return { header: rehashed({ ...header, ...sizes, packing: 'raw', bodyHash }), body };
}

export function entriesIn(block: MemoryBlock): Buffer[] {
  return entriesOf(block);
}

function signedTwice(head: Head, index: number): Signed[] {
  const { size } = head.edge;
  const of = {
    size,
    head: { origin: ORIGIN, size, root: rootOf(head.edge), note: '' },
    isSigned: true,
  };
  return [
    { place: 'beside the blocks', name: `number ${index}`, ...of },
    { place: 'in the second place', name: `size ${size}`, ...of },
  ];
}

function derive(log: MemoryLog, leaves: readonly Buffer[], events: ReturnType<typeof plainEvents>) {
  const roots: Buffer[] = [];
  for (let page = 0; (page + 1) * PAGE <= leaves.length; page += 1) {
    const [begin, end] = [page * PAGE, (page + 1) * PAGE];
    const tile = tileOf(leaves.slice(begin, end));
    log.tiles.set(`0/${page}`, storedTile(tile));
    log.pages.set(page, makePage(events.slice(begin, end), [[begin, 0]]));
    roots.push(nodeIn(tile, TILE_LEVELS, 0) ?? Buffer.alloc(0));
  }
  if (roots.length > 0) log.tiles.set('1/0', storedTile(tileOf(roots)));
}

function requestOf(log: MemoryLog): VerifyRequest {
  const { tenant, rows, pages, tiles } = log;
  const numbers = () => [...rows.keys()].toSorted((one, other) => one - other);
  return {
    tenant,
    blocks: {
      last: async () => numbers().at(-1),
      next: async (after) => numbers().find((each) => each > after),
      read: async (blockNo) => rows.get(blockNo),
      purged: async () => log.purged,
    },
    signed: {
      async *heads(from) {
        yield* log.signed.filter(({ size }) => size >= from);
      },
      newest: async () =>
        ['beside the blocks', 'in the second place'].flatMap((place) =>
          log.signed.filter((each) => each.place === place).slice(-1),
        ),
    },
    derived: {
      pages: async () => Math.floor((log.standing.at(-1)?.edge.size ?? 0) / PAGE),
      page: async (number) => pages.get(number),
      tile: async (level, tile) => tiles.get(`${level}/${tile}`),
    },
  };
}

/** The same bytes with the lowest bit of one changed. */
export function flip(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}

/** A break as it is told, to be compared with. */
export const altered = (seq: number, detail: string, lastSeq?: number) => ({
  seq,
  ...(lastSeq === undefined ? {} : { lastSeq }),
  kind: 'altered',
  detail,
});

export function expectBreaks({ ok, breaks }: Verified, expected: readonly object[]): void {
  expect(breaks).toEqual(expected);
  expect(ok).toBe(expected.length === 0);
}
