/** One tenant's log, open in this process: everything that the operations do with it. */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Change, Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import type { Kept } from '../append/kept-values.ts';
import { openRecordKeys } from '../append/values.ts';
import { openWriter, type Receipt } from '../append/writer.ts';
import type { Boundary } from '../chain/boundary.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { parseEntry } from '../chain/entry.ts';
import type { DamagedLog } from '../chain/head.ts';
import { idKey } from '../chain/page.ts';
import { sealedUnder } from '../chain/seal.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { type LeafRange, type NodeReader, rangeHashes } from '../chain/tree.ts';
import { openSecondPlace } from '../checkpoints/second-place.ts';
import { openSigner, type Signer } from '../checkpoints/signer.ts';
import { type BlockCache, type Blocks, openBlocks } from './blocks.ts';
import { openKnown } from './known.ts';
import { openLru } from './lru.ts';
import { openNodes, type TileCache } from './nodes.ts';
import { followBlocks, followSound, openView } from './open-view.ts';
import { storePages } from './pages.ts';
import { openLazily, openShared, openTimer } from './runs.ts';
import { BOUNDARY, checkpointWithin, ensureOpaqueId, readBoundary } from './store.ts';
import type { View } from './view.ts';

/** Heads that changed are signed this long after, at the latest. */
const CHECKPOINT_INTERVAL_MS = 5_000;
/** A full page is stored together with the next block, and by itself when none comes for that long. */
const PAGE_WAIT_MS = 50;
/** Entries that may wait for their pages before appends wait for them too. */
const TAIL_ENTRIES_MAX = 64 * TILE_WIDTH;
/** Hashes over the right edge of the newest trees: a proof has one at most. */
const RANGES_KEPT_MAX = 64;
/** After that long without a look at the head, what a purge has removed could lie before it. */
const UNSEEN_MS_MAX = 24 * 60 * 60 * 1_000;

export interface LogParts {
  readonly tenant: string;
  readonly tables: Tables;
  readonly vault: Vault;
  readonly checkpoints: Blobs;
  readonly host: () => string;
  readonly clock: () => number;
  /** Names this process. */
  readonly writer: string;
  /** 128 random bits, hex, for a log that is not there yet. */
  readonly freshOpaqueId: () => string;
  readonly tiles: TileCache;
  readonly blocks: BlockCache;
  readonly warn: (about: { readonly err: unknown }, sentence: string) => void;
  readonly forked: (about: { readonly signedSize: number; readonly size: number }) => void;
}

export interface Log extends AsyncDisposable {
  append(events: readonly AuditEvent[]): Promise<Receipt[]>;
  /** Takes in what other processes have appended: reads from here on see it. */
  follow(): Promise<void>;
  /** Entries that are committed, as far as this process knows. */
  size(): number;
  /**
   * Set where the store holds more, but not the block behind these entries as it was written. What is
   * there can be read; whatever needs the end of the log rejects with this.
   */
  broken(): DamagedLog | undefined;
  /** Where the entry of that event stands. */
  seqOf(eventId: string): Promise<number | undefined>;
  readonly blocks: Blocks;
  readonly nodes: NodeReader;
  /** The hashes of a proof, by its path. */
  hashes(path: readonly LeafRange[]): Promise<Buffer[]>;
  /** A signed checkpoint of at least this size; the newest one when it has that. */
  checkpoint(size: number): Promise<Checkpoint | undefined>;
  /** Does it hold values of the record? */
  holdsKey(record: string): Promise<boolean>;
  /**
   * Destroys the key of the record, in one write with the entry that says so and changes beside it.
   * Problem `conflict` when there is no key any more.
   */
  expunge(request: {
    readonly event: AuditEvent;
    readonly record: string;
    /** Asked for with the number of the entry; each time that the write is made again. */
    readonly beside: (seq: number) => Promise<readonly Change[]>;
  }): Promise<Receipt>;
  /** Entries before this one were removed. */
  firstKept(): number;
  /** Full pages whose rows are derived. */
  pages(): number;
  /**
   * Moves the beginning of the log behind these entries, in one write with the entry that says so
   * and changes beside it. Their rows are removed afterwards.
   */
  purge(request: {
    readonly event: AuditEvent;
    readonly boundary: Omit<Boundary, 'fact'>;
    /** Asked for with the number of the entry; each time that the write is made again. */
    readonly beside: (seq: number) => Promise<readonly Change[]>;
  }): Promise<Receipt>;
  /**
   * Destroys the key of the record and gives it another one, under which these values stay; in one
   * write with the entry that says so and changes beside it. Problem `conflict` when there is no key.
   */
  rekey(request: {
    readonly event: AuditEvent;
    readonly record: string;
    /** All that is left of its values; asked for each time that the write is made again. */
    readonly kept: () => Promise<readonly Kept[]>;
    readonly beside: (seq: number) => Promise<readonly Change[]>;
  }): Promise<Receipt>;
  /** Disclosures of an entry, without those of expunged fields; `undefined` when they were expunged or there is no such entry. */
  disclosures(seq: number): Promise<string[] | undefined>;
}

export async function openLog(parts: LogParts): Promise<Log> {
  const { tenant, clock, writer } = parts;
  const tables = parts.tables.forTenant(tenant);
  const view = await openView(tenant, tables);
  const keys = openRecordKeys({ tenant, tables, vault: parts.vault });
  const blocks = openBlocks({ tenant, tables, view, cache: parts.blocks });
  const nodes = openNodes({ tenant, tables, view, tiles: parts.tiles });
  const ranges = openLru<Buffer>(RANGES_KEPT_MAX);
  const tail = openTail(parts, view);
  let seenAt = clock();
  const followOnce = openShared(async () => {
    // A block that was missing may have been restored.
    const follow = view.broken === undefined ? followBlocks : followSound;
    const followed = await follow(tables, view, async () => keys.forget());
    if (followed) tail.grown();
    if (clock() - seenAt >= UNSEEN_MS_MAX) await assertNotOutrun(tables, view);
    seenAt = clock();
  });
  const signer = openLazily(() => signerOf(parts, { view, nodes, follow: followOnce }));
  const timer = openTimer(CHECKPOINT_INTERVAL_MS, () => sign());

  async function sign(): Promise<void> {
    if (view.broken !== undefined) return;
    try {
      await (await signer()).covering(view.head.edge.size);
    } catch (error) {
      parts.warn({ err: error }, 'a checkpoint could not be signed');
    }
  }

  const known = openKnown({ tables, view, blocks, nodes });
  const find = findingAgain({ view, find: known, follow: followOnce });
  const appends = openWriter({
    tenant,
    tables,
    view,
    keys,
    writer,
    clock,
    find,
    follow: followOnce,
    async prepare() {
      const isDoubtful = view.broken !== undefined || clock() - seenAt >= UNSEEN_MS_MAX;
      if (isDoubtful) await followOnce();
      if (view.broken !== undefined) throw view.broken;
      if (view.head.blockNo < 0) await opaqueIdOf(parts);
      await tail.bounded();
    },
    meanwhile: () => tail.join(),
    committed(step) {
      blocks.keep(step);
      tail.grown();
      timer.start();
    },
    failed: (err) => parts.warn({ err }, 'the outcome of a write is not known'),
  });
  if (view.head.blockNo >= 0) timer.start();

  return {
    append: appends.append,
    follow: followOnce,
    size: () => view.head.edge.size,
    broken: () => view.broken,
    seqOf: async (eventId) => (await find([eventId])).get(idKey(eventId))?.seq,
    blocks,
    nodes,
    hashes: (path) => rangeHashes(nodes, path, ranges),
    async checkpoint(size) {
      if (view.broken === undefined) return (await signer()).covering(size);
      // Nothing is signed of a part, and nothing is said of the end.
      const end = view.head.edge.size;
      const signed = size < end ? await checkpointWithin(tables, size, end) : undefined;
      if (signed === undefined) throw view.broken;
      return signed;
    },
    holdsKey: async (record) => (await keys.removal(record)) !== undefined,
    expunge: ({ event, record, beside }) =>
      appends.appendWith(event, async (seq) => {
        const changes = await beside(seq);
        const removal = await keys.removal(record);
        if (removal === undefined) throw noKey(record);
        return [...removal, ...changes];
      }),
    rekey: ({ event, record, kept, beside }) =>
      appends.appendWith(event, async (seq) => {
        const changes = await beside(seq);
        const replacement = await keys.replacement(record, await kept());
        if (replacement === undefined) throw noKey(record);
        return [...replacement, ...changes];
      }),
    firstKept: () => view.purged?.size ?? 0,
    pages: () => view.pages,
    async purge({ event, boundary, beside }) {
      const receipt = await appends.appendWith(event, async (seq, blockNo) => [
        await boundaryChange(tables, { ...boundary, fact: { seq, blockNo } }),
        ...(await beside(seq)),
      ]);
      view.purged = await readBoundary(tables);
      return receipt;
    },
    async disclosures(seq) {
      const bytes = await blocks.entry(seq);
      const sealed = await blocks.sealed(seq);
      if (bytes === undefined || sealed === undefined) return undefined;
      const entry = parseEntry(bytes);
      return keys.open({ ...sealed, record: sealedUnder(entry), seq });
    },
    async [Symbol.asyncDispose]() {
      await appends.idle();
      if (timer.stop()) await sign();
      await tail.idle();
    },
  };
}

type Find = ReturnType<typeof openKnown>;

/** An entry can be gone by a purge that this process has not followed yet: then it looks again. */
function findingAgain(about: {
  readonly view: View;
  readonly find: Find;
  readonly follow: () => Promise<void>;
}): Find {
  const { view, find, follow } = about;
  return async (ids) => {
    const before = view.purged;
    try {
      return await find(ids);
    } catch (error) {
      await follow();
      if (view.purged === before) throw error;
      return find(ids);
    }
  };
}

/**
 * This process has slept so long that blocks behind its head were removed: their slots are empty,
 * and would take another log. It has to open the log anew.
 */
export class OutrunLog extends Error {}

async function assertNotOutrun(tables: TenantTables, view: View): Promise<void> {
  const boundary = await readBoundary(tables);
  if (boundary === undefined || boundary.blockNo <= view.head.blockNo) return;
  throw new OutrunLog('entries behind the head of this process were removed');
}

/** Problem `conflict` when another purge was faster. */
async function boundaryChange(tables: TenantTables, to: Boundary): Promise<Change> {
  const row = await tables.get(BOUNDARY);
  const standing = await readBoundary(tables);
  if ((standing?.size ?? 0) !== to.purge.first) {
    throw new Problem('conflict', { detail: 'Another purge has removed these entries.' });
  }
  return { put: { ...BOUNDARY, value: to }, expect: row?.version ?? 0 };
}

function noKey(record: string): Problem {
  return new Problem('conflict', {
    detail: `The ledger holds no values of ${record} any more: they are expunged.`,
  });
}

/** Stores full pages behind the commits, one run at a time. */
function openTail(parts: LogParts, view: View) {
  const tables = parts.tables.forTenant(parts.tenant);
  const store = openShared(() => storePages(tables, view));
  const timer = openTimer(PAGE_WAIT_MS, () => run());
  const run = () =>
    store().catch((error: unknown) => {
      // They stay in the view, and the next block tries again.
      parts.warn({ err: error }, 'a page could not be stored');
    });
  return {
    grown() {
      if (view.leaves.length >= TILE_WIDTH) timer.start();
    },
    /** A block is being written: a page that is written now shares its sync. */
    join() {
      if (timer.stop()) void run();
    },
    /** Waits while too much is in the memory; rejects when it cannot be stored. */
    async bounded() {
      while (view.leaves.length >= TAIL_ENTRIES_MAX) await store();
    },
    async idle() {
      timer.stop();
      if (view.leaves.length >= TILE_WIDTH) await run();
    },
  };
}

async function signerOf(
  parts: LogParts,
  about: {
    readonly view: View;
    readonly nodes: NodeReader;
    readonly follow: () => Promise<void>;
  },
): Promise<Signer> {
  const { tenant, vault, host, forked } = parts;
  const opaqueId = await opaqueIdOf(parts);
  return openSigner({
    ...about,
    tables: parts.tables.forTenant(tenant),
    vault,
    host,
    forked,
    opaqueId,
    secondPlace: openSecondPlace(parts.checkpoints, opaqueId),
  });
}

function opaqueIdOf({ tables, tenant, freshOpaqueId }: LogParts): Promise<string> {
  return ensureOpaqueId(tables, tenant, freshOpaqueId());
}
