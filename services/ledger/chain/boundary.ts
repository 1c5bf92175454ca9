/**
 * Where a log begins after a purge, and what the chain must say of it. Nothing in here reads or
 * writes.
 *
 * The row of the boundary stands for the blocks that are gone: from it a log is opened, written on
 * and verified. It is no more than a note: the entry `ledger.log.purged` says the same words, and
 * the tree that grows from its edge must have the roots that were signed.
 */
import { z } from 'zod';
import { rowId, sha256Hex, shortText } from '#contracts/primitives.ts';
import { tryParseEntry } from './entry.ts';
import type { Head } from './head.ts';
import type { PurgedPrefix } from './inspect.ts';
import { TILE_WIDTH } from './tiles.ts';
import { rootOf } from './tree.ts';

export const LOG_PURGED = 'ledger.log.purged';

const count = z.number().int().nonnegative();

export const boundary = z.strictObject({
  v: z.literal(1),
  /** Entries that are gone: whole pages, whole blocks. The next one is the first that is kept. */
  size: z.number().int().positive().multipleOf(TILE_WIDTH),
  /** Root and right edge of the tree over them; leaf hash of the last one. */
  root: sha256Hex,
  edge: z.array(sha256Hex).min(1),
  leaf: sha256Hex,
  /** The last block that is gone, and who wrote it. */
  blockNo: count,
  blockHash: sha256Hex,
  writer: z.string().min(1).max(64),
  epoch: count,
  /** The purge that removed the entries from `first` on; earlier ones removed those before. */
  purge: z.strictObject({
    id: rowId,
    first: count,
    reference: shortText(200),
    requestedBy: rowId,
    archiveSha256: sha256Hex,
    archiveBytes: z.number().int().positive(),
  }),
  /** Where the entry stands that says so. */
  fact: z.strictObject({ seq: count, blockNo: count }),
});
export type Boundary = z.infer<typeof boundary>;

export function headAt({ size, edge, leaf, blockNo, blockHash, writer, epoch }: Boundary): Head {
  const hashes = edge.map((hex) => Buffer.from(hex, 'hex'));
  return { blockNo, edge: { size, hashes }, leaf, blockHash, writer, epoch };
}

/** Behind the boundary: where a walk over the blocks goes on. */
export function positionBehind(at: Boundary): PurgedPrefix['behind'] {
  const { blockNo, edge, leaf, blockHash } = headAt(at);
  return { blockNo: blockNo + 1, size: edge.size, edge, leaf, blockHash };
}

/** The words of the entry, in plain for ever: all that the boundary rests on. */
export function purgeText({ size, root, purge }: Omit<Boundary, 'fact'>): string {
  const { id, first, reference, requestedBy, archiveSha256, archiveBytes } = purge;
  return (
    `entries ${first} to ${size - 1} are removed, none before ${size} is kept; ` +
    `root ${root} at size ${size}; archive of ${archiveBytes} bytes with SHA-256 ${archiveSha256}; ` +
    `reference ${reference}, asked for by user ${requestedBy} in purge ${id}`
  );
}

/** Why the boundary is not what the chain says; `undefined` when it is. */
export function boundaryFault(at: Boundary, fact: Uint8Array | undefined): string | undefined {
  if (rootOf(headAt(at).edge) !== at.root) return 'its edge does not lead to its root';
  const entry = fact && tryParseEntry(fact);
  const isTold =
    entry?.action === LOG_PURGED &&
    entry.outcome === 'success' &&
    entry.actor.type === 'user' &&
    entry.seq === at.fact.seq &&
    entry.seq >= at.size &&
    entry.object.type === 'ledger-purge' &&
    entry.object.id === at.purge.id &&
    entry.reason === purgeText(at);
  return isTold ? undefined : `entry ${at.fact.seq} does not say so`;
}
