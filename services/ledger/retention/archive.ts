/**
 * The archive of a purge: exactly the entries that it removes, in the write-once place.
 *
 * 1. Written as a stream, under the key of the purge; there is never anything else under it.
 * 2. Read back from there, whole, by the verifier for strangers, which knows nothing of the store:
 *    every entry, the chain and the tree, up to the signed checkpoint.
 *
 * A crash leaves an archive of a request that is not there. It stays: the place is write-once.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { parseEntry } from '../chain/entry.ts';
import { consistencyPath, type Edge, growEdge, leafHash, rootOf } from '../chain/tree.ts';
import type { Log } from '../log/log.ts';
import { ARCHIVE_FORMAT, verifyArchive } from '../portable/archive.ts';

/** Written to the store at a time. */
const PIECE_BYTES = 64 * 1024;

export interface ArchiveRange {
  readonly first: number;
  /** Not included. */
  readonly end: number;
  /** The tree before the range, and the leaf hash of the entry before it. */
  readonly edge: Edge;
  readonly prev: string;
  readonly checkpoint: Checkpoint;
}

export interface Archived {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly entriesBytes: number;
  /** Earliest and latest `recordedAt`. */
  readonly from: string;
  readonly to: string;
  readonly root: string;
}

export async function writeArchive(
  blobs: Blobs,
  about: { readonly key: string; readonly log: Log; readonly range: ArchiveRange },
): Promise<Archived> {
  const { key, log, range } = about;
  const digest = createHash('sha256');
  const made = { sizeBytes: 0, entriesBytes: 0, from: '', to: '' };
  let { edge } = range;
  async function* pieces(): AsyncGenerator<Buffer> {
    let open: Buffer[] = [Buffer.from(`${JSON.stringify(await headOf(log, range))}\n`)];
    let openBytes = 0;
    for await (const { bytes } of log.blocks.range(range.first, range.end)) {
      const { recordedAt } = parseEntry(bytes);
      made.from = made.from === '' || recordedAt < made.from ? recordedAt : made.from;
      made.to = recordedAt > made.to ? recordedAt : made.to;
      made.entriesBytes += bytes.length;
      edge = growEdge(edge, [leafHash(bytes)]);
      open.push(bytes, Buffer.from('\n'));
      openBytes += bytes.length;
      if (openBytes < PIECE_BYTES) continue;
      yield Buffer.concat(open);
      [open, openBytes] = [[], 0];
    }
    yield Buffer.concat(open);
  }
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of pieces()) {
      digest.update(piece);
      made.sizeBytes += piece.length;
      yield piece;
    }
  }
  const put = await blobs.put(key, Readable.from(counted(), { objectMode: false }));
  if (put === 'exists') throw new Error('an archive with the id of this purge is there already');
  return { ...made, sha256: digest.digest('hex'), root: rootOf(edge) };
}

async function headOf(log: Log, { first, end, edge, prev, checkpoint }: ArchiveRange) {
  const path = consistencyPath(end, checkpoint.size);
  const hashes = await log.hashes(path);
  return {
    format: ARCHIVE_FORMAT,
    first,
    count: end - first,
    prev,
    edge: edge.hashes.map((hash) => hash.toString('hex')),
    checkpoint: checkpoint.note,
    verifierKeyHint: checkpoint.verifierKey,
    consistency: hashes.map((hash) => hash.toString('hex')),
  };
}

/** Throws Problem `unavailable` unless the bytes that are there are the archive that was written. */
export async function assertArchived(
  blobs: Blobs,
  about: {
    readonly key: string;
    readonly sha256: string;
    readonly verifierKey: string;
    readonly range: { readonly first: number; readonly count: number };
    readonly root: string;
  },
): Promise<void> {
  const { key, sha256, verifierKey, range, root } = about;
  const digest = createHash('sha256');
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of (await blobs.get(key)) ?? []) {
      digest.update(chunk);
      yield chunk;
    }
  }
  const { ok, proved } = await verifyArchive({ chunks: chunks(), verifierKey });
  const isWhole = proved?.first === range.first && proved.count === range.count;
  if (ok && isWhole && proved.root === root && digest.digest('hex') === sha256) return;
  throw new Problem('unavailable', {
    detail: 'The archive in the write-once place does not verify. Nothing is removed; ask again.',
  });
}
