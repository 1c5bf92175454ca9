/**
 * Puts a block into its slot: the lock, the fence and the commit in one.
 *
 * 1. One write puts the block, only if the slot is empty, with everything that must not come apart
 *    from it. A key that goes with it is erased, not just removed.
 * 2. Any other end than success: the slot is read before anything else.
 *    ours: committed; the answer was lost, not the write.
 *    another's: lost.
 *    empty after an error: the same bytes again. A write that is still on its way and arrives now
 *    is either this very block or finds the slot taken.
 *    empty after a lost race: something else than the slot has changed.
 */
import type { Change, TenantTables, WriteResult } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { inSpan } from '#shared/tracing.ts';
import type { Block } from '../chain/block.ts';
import { blockChanges, numberId, UNAUDITED } from '../log/store.ts';

/** The adapter has its own tries and pauses; these are for outcomes that it could not know. */
const TRIES_MAX = 3;

export type SlotResult = 'committed' | 'lost' | 'stale';

export interface SlotWrite {
  readonly tables: TenantTables;
  readonly block: Block;
  readonly beside: readonly Change[];
  /** Hears what the store threw, for the log. */
  readonly failed: (error: unknown) => void;
}

/** Throws Problem `unavailable` when the outcome stays unknown; the next block finds out. */
export function putBlock(about: SlotWrite): Promise<SlotResult> {
  const { count, size } = about.block.header;
  const attributes = { 'watchdesk.entries': count, 'watchdesk.log.size': size };
  // It holds what many have asked for: a trace of its own.
  const committing = { name: 'ledger.block.commit', kind: 'internal', attributes } as const;
  return inSpan(committing, async (span) => {
    const result = await put(about);
    span.note({ 'watchdesk.outcome': result });
    return result;
  });
}

async function put(about: SlotWrite): Promise<SlotResult> {
  const { tables, block, beside, failed } = about;
  const changes = [...blockChanges(block), ...beside];
  const erase = beside.some(destroys) ? { erase: true as const } : {};
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const write = () => tables.write({ changes, events: [], unaudited: UNAUDITED, ...erase });
    const result = await outcomeOf(write, failed);
    if (result !== 'unknown' && result.ok) return 'committed';
    const owner = await outcomeOf(() => slotOwner(tables, block), failed);
    if (owner === 'ours') return 'committed';
    if (owner === 'others') return 'lost';
    if (owner === 'nobody' && result !== 'unknown') return 'stale';
  }
  throw new Problem('unavailable', {
    detail: 'The store of the ledger does not answer. Send the events again.',
    retryAfterSeconds: 1,
  });
}

async function slotOwner(
  tables: TenantTables,
  { header }: Block,
): Promise<'ours' | 'others' | 'nobody'> {
  const row = await tables.get({ kind: 'block', id: numberId(header.blockNo) });
  if (row === undefined) return 'nobody';
  const { value } = row;
  const hash = typeof value === 'object' && value !== null && 'hash' in value ? value.hash : '';
  return hash === header.hash ? 'ours' : 'others';
}

/** What a store throws says nothing about what it did. */
async function outcomeOf<Result extends WriteResult | string>(
  ask: () => Promise<Result>,
  failed: (error: unknown) => void,
): Promise<Result | 'unknown'> {
  try {
    return await ask();
  } catch (error) {
    // A row that is too large is refused before anything is sent: trying again cannot mend it.
    if (error instanceof Problem && error.code === 'too-large') throw error;
    failed(error);
    return 'unknown';
  }
}

/** A key that goes, or that another one is put in the place of; new keys replace nothing. */
function destroys(change: Change): boolean {
  return 'remove' in change || ('put' in change && change.expect > 0);
}
