import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { LedgerBreak, Verification } from '#contracts/ledger.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { Problem } from '#shared/problem.ts';
import { checkpoint } from '../chain/checkpoint.ts';
import type { Position } from '../chain/inspect.ts';
import type { SignedSource } from '../chain/signed.ts';
import { type Progress, verifyLog } from '../chain/verify.ts';
import { openSecondPlace } from '../checkpoints/second-place.ts';
import { findOpaqueId } from '../log/store.ts';
import { watchKeys } from './key-watch.ts';
import {
  openBlockReader,
  openDerivedReader,
  openSignedSource,
  positionBefore,
} from './log-reader.ts';
import { openLookAhead } from './look-ahead.ts';

export interface VerificationParts {
  readonly tables: Tables;
  readonly vault: Vault;
  readonly checkpoints: Blobs;
}

/** More than a few only wait for the thread that reads the blocks and makes the tree of them. */
const THREADS_MAX = 4;
const THREADS = Math.min(availableParallelism(), THREADS_MAX);
/** No longer than this without a turn of the event loop for everything else. */
const TURN_MS = 5;

/** Entries `[from, to)`, widened to whole blocks; all of them where nothing is given. */
export interface VerificationRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Goes on where an earlier walk stood; `from` says nothing then. */
  readonly start?: Position | undefined;
  /** That look into blocks beside the walk; 0 for a walk that is to stay out of the way. */
  readonly threads?: number | undefined;
  /** Before each block; absent: a turn for everything else now and then. */
  readonly pause?: ((progress: Progress) => Promise<void>) | undefined;
}

/**
 * Verifies a tenant's log from the stores alone: nothing that is in memory is believed. Rejects with
 * Problem `unavailable` when the store was away meanwhile.
 */
export async function verifyTenant(
  given: VerificationParts,
  tenant: string,
  { from = 0, to, start, threads = THREADS, pause = openTurn() }: VerificationRange = {},
): Promise<Verification> {
  const startedAt = performance.now();
  const presence = openPresence(given.tables);
  const parts = { ...given, tables: presence.tables };
  const tables = parts.tables.forTenant(tenant);
  const opaqueId = await findOpaqueId(parts.tables, tenant).catch(() => undefined);
  await using blocks = openLookAhead({ tenant, blocks: openBlockReader(tables), threads });
  const watch = await watchKeys(tables, blocks);
  const verified = await verifyLog({
    tenant,
    blocks: watch.blocks,
    derived: openDerivedReader(tables),
    signed: opaqueId === undefined ? nothingSigned : signedSource(parts, tenant, opaqueId),
    start: start ?? (await positionBefore(tables, from)),
    ...(to === undefined ? {} : { to }),
    async pause(progress) {
      presence.assert();
      await pause(progress);
    },
  });
  // What says that a key was destroyed may stand behind the range.
  const unkeyed = to === undefined ? await watch.finish() : [];
  const isListed = opaqueId !== undefined || (await blocks.last()) === undefined;
  const note = await newestNote(parts, tenant);
  presence.assert();
  return {
    ...verified,
    ok: verified.ok && isListed && unkeyed.length === 0,
    breaks: [...(isListed ? [] : [unlisted]), ...inOrder([...verified.breaks, ...unkeyed])],
    ...(note === undefined ? {} : { checkpoint: note }),
    elapsedMs: Math.round(performance.now() - startedAt),
  };
}

/**
 * A row that cannot be read is a break of the log; a store that is away says nothing about it. What
 * was found until then may come of that, and is not told.
 */
function openPresence(real: Tables): { readonly tables: Tables; assert(): void } {
  let away: Problem | undefined;
  const note = (error: unknown) => {
    if (error instanceof Problem && error.code === 'unavailable') away ??= error;
    throw error;
  };
  return {
    tables: {
      ...real,
      forTenant(tenant) {
        const tables = real.forTenant(tenant);
        return {
          ...tables,
          get: (key) => tables.get(key).catch(note),
          list: (request) => tables.list(request).catch(note),
        };
      },
    },
    assert() {
      if (away !== undefined) throw away;
    },
  };
}

function inOrder(breaks: readonly LedgerBreak[]): LedgerBreak[] {
  return breaks.toSorted((one, other) => one.seq - other.seq);
}

/** Gives way to everything else now and then. */
export function openTurn(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN_MS) return;
    await setImmediate();
    since = performance.now();
  };
}

const unlisted = {
  seq: 0,
  kind: 'missing',
  detail: 'head: the log is not in the list of logs, and its second place cannot be found',
} as const;

const nothingSigned: SignedSource = {
  newest: async () => [],
  // biome-ignore lint/correctness/useYield: there is nothing
  async *heads() {
    return;
  },
};

function signedSource(parts: VerificationParts, tenant: string, opaqueId: string): SignedSource {
  return openSignedSource({
    tables: parts.tables.forTenant(tenant),
    secondPlace: openSecondPlace(parts.checkpoints, opaqueId),
    vault: parts.vault,
    opaqueId,
  });
}

async function newestNote(
  { tables }: VerificationParts,
  tenant: string,
): Promise<string | undefined> {
  const request = { kind: 'checkpoint', limit: 1, descending: true };
  const [row] = await tables
    .forTenant(tenant)
    .list(request)
    .catch(() => []);
  return checkpoint.safeParse(row?.value).data?.note;
}
