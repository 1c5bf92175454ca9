import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Block, entriesOf, headerHash, isIntact, sealedIn } from '../chain/block.ts';
import type { Boundary } from '../chain/boundary.ts';
import { eventIdIn } from '../chain/entry.ts';
import { DamagedLog, type Step } from '../chain/head.ts';
import { pageValue } from '../chain/page.ts';
import { groupOf } from '../chain/seal-block.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { type Lru, openLru } from './lru.ts';
import { numberId, readBlock, readBoundary } from './store.ts';
import { tailBegin, type View } from './view.ts';

/** At most a few hundred KB each, shared by the logs of a process. */
const BLOCKS_KEPT_MAX = 64;
const PAGES_KEPT_MAX = 8;

export type OpenBlock = Block & { readonly entries: readonly Buffer[] };
export type BlockCache = Lru<OpenBlock>;

export function openBlockCache(): BlockCache {
  return openLru(BLOCKS_KEPT_MAX);
}

export interface StoredEntry {
  readonly seq: number;
  readonly bytes: Buffer;
}

/** A seal, the events of its block that it is of, and which of them the entry is. */
export interface SealedEntry {
  readonly sealed: Uint8Array;
  readonly eventIds: readonly string[];
  readonly index: number;
}

/**
 * Entries by their number. Every block is checked against its hash when it is read. Problem `gone`
 * for an entry that a purge has removed.
 */
export interface Blocks {
  /** `undefined` past the end. Throws DamagedLog for bytes that are missing or not those written. */
  entry(seq: number): Promise<Buffer | undefined>;
  /** Entries `[begin, end)`, as far as there are. */
  range(begin: number, end: number): AsyncGenerator<StoredEntry>;
  /** The sealed values of an entry; `undefined` past the end. */
  sealed(seq: number): Promise<SealedEntry | undefined>;
  /** A block that was just written here. */
  keep(step: Step): void;
}

type Places = readonly (readonly [number, number])[];

export function openBlocks(about: {
  readonly tenant: string;
  readonly tables: TenantTables;
  readonly view: View;
  readonly cache: BlockCache;
}): Blocks {
  const { tenant, tables, view, cache } = about;
  const pages = openLru<Places>(PAGES_KEPT_MAX);

  /** Blocks around the entry, by the first entry of each. */
  async function placesOf(seq: number): Promise<Places> {
    if (seq >= tailBegin(view)) return view.blocks;
    const id = numberId(Math.floor(seq / TILE_WIDTH));
    const kept = pages.get(id);
    if (kept !== undefined) return kept;
    const { blocks } = pageValue.parse((await tables.get({ kind: 'page', id }))?.value);
    pages.put(id, blocks);
    return blocks;
  }

  async function blockWith(seq: number): Promise<OpenBlock | undefined> {
    if (seq >= view.head.edge.size && view.broken !== undefined) throw view.broken;
    if (seq >= view.head.edge.size) return undefined;
    if (view.purged !== undefined && seq < view.purged.size) throw removed(seq, view.purged);
    const place = (await placesOf(seq)).findLast(([first]) => first <= seq);
    const block = place && (await load(place[1]));
    if (place !== undefined && block === undefined) throw await goneOrMissing(seq, place[1]);
    if (block === undefined || seq < block.header.first || seq >= block.header.size) {
      throw new Error(`entry ${seq} is not in the block that the index names`);
    }
    return block;
  }

  /** A purge of another process may have come first. */
  async function goneOrMissing(seq: number, blockNo: number): Promise<Error> {
    const boundary = await readBoundary(tables);
    const isGone = boundary !== undefined && seq < boundary.size;
    return isGone ? removed(seq, boundary) : new DamagedLog(blockNo, 'it is missing');
  }

  async function load(blockNo: number): Promise<OpenBlock | undefined> {
    const name = `${tenant}/${blockNo}`;
    const kept = cache.get(name);
    if (kept !== undefined) return kept;
    const block = await readBlock(tables, blockNo);
    if (block === undefined) return undefined;
    if (headerHash(block.header) !== block.header.hash || !isIntact(block)) {
      throw new DamagedLog(blockNo, 'it is not the one that was written');
    }
    const opened = { ...block, entries: entriesOf(block) };
    cache.put(name, opened);
    return opened;
  }

  return {
    async entry(seq) {
      const block = await blockWith(seq);
      return block?.entries[seq - block.header.first];
    },
    async *range(begin, end) {
      for (let seq = begin; seq < end; ) {
        const block = await blockWith(seq);
        if (block === undefined) return;
        for (const bytes of block.entries.slice(seq - block.header.first)) {
          if (seq >= end) return;
          yield { seq, bytes };
          seq += 1;
        }
      }
    },
    async sealed(seq) {
      const block = await blockWith(seq);
      return block && sealedWith(block, seq - block.header.first);
    },
    keep({ header, body, entries }) {
      cache.put(`${tenant}/${header.blockNo}`, { header, body, entries });
    },
  };
}

function sealedWith(block: OpenBlock, at: number): SealedEntry {
  const { sealed, members } = groupOf(sealedIn(block), at);
  const eventIds = members.map((member) => eventIdIn(block.entries[member] ?? Buffer.alloc(0)));
  return { sealed, eventIds, index: members.indexOf(at) };
}

function removed(seq: number, { size, purge }: Boundary): Problem {
  return new Problem('gone', {
    detail:
      `Entry ${seq} was removed: nothing before entry ${size} is kept. ` +
      `The last purge was ${purge.id}; each purge names its archive.`,
  });
}
