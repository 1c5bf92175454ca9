/**
 * The stored form of a block, version 1.
 *
 *   row `block` / <number, 16 digits>
 *     value   the header
 *     bytes   the body, or its first BODY_ROW_BYTES_MAX bytes
 *   rows `block-part` / <number>/<part, 2 digits>
 *     bytes   the rest of a body that is longer: one event with very large values
 *
 * Body: the entries, packed, then the sealed values.
 *
 *   entries   count times (uint16 length, entry): an entry bundle of C2SP tlog-tiles; zstd where
 *             that is shorter (`packing`)
 *   values    count times (uint32 length, uint32 CRC-32, sealed bytes), in the order of the entries
 *
 * Integers are big endian. The CRC only tells which value was hit when `bodyHash` does not fit.
 */
import { hash } from 'node:crypto';
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { BLOCK_BYTES_MAX, BLOCK_ENTRIES_MAX, ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import { sha256Hex } from '#contracts/primitives.ts';

/** With the header well under ROW_BYTES_MAX. */
export const BODY_ROW_BYTES_MAX = BLOCK_BYTES_MAX;
/** Less is not worth the call. */
const PACK_BYTES_MIN = 1_024;
const ENTRY_BYTES_COMMON = 640;
const CHUNK_BYTES_MIN = 4_096;
/** The fastest level: higher ones gain little on hashes and ids. */
const ZSTD_LEVEL = 1;
/** Before each entry of a bundle. */
export const LENGTH_BYTES = 2;
const VALUE_HEAD_BYTES = 8;
const CHECKSUM_BYTES = 4;

const count = z.number().int().nonnegative();

export const blockHeader = z.strictObject({
  v: z.literal(1),
  blockNo: count,
  /** `seq` of the first entry. */
  first: count,
  count: z.number().int().min(1).max(BLOCK_ENTRIES_MAX),
  /** Entries in the tree after this block, the root over them, and the right edge (chain/tree.ts). */
  size: count,
  root: sha256Hex,
  edge: z.array(sha256Hex).min(1),
  /** Leaf hash of the last entry: `prev` of the next one. */
  leaf: sha256Hex,
  packing: z.enum(['raw', 'zstd']),
  /** Of the packed entries; the sealed values follow. */
  entriesBytes: count,
  bodyBytes: count,
  bodyHash: sha256Hex,
  /** `hash` of the block before; 64 zeros for block 0. */
  prevBlockHash: sha256Hex,
  /** The process that wrote it, and how often the writer of this log has changed. */
  writer: z.string().min(1).max(64),
  epoch: count,
  /** SHA-256 of the RFC 8785 form of this header without this field. */
  hash: sha256Hex,
});
export type BlockHeader = z.infer<typeof blockHeader>;

export interface Block {
  readonly header: BlockHeader;
  readonly body: Uint8Array;
}

export type Body = Pick<BlockHeader, 'packing' | 'entriesBytes' | 'bodyBytes' | 'bodyHash'> & {
  readonly body: Buffer;
};

export function encodeBody(parts: {
  readonly entries: readonly Uint8Array[];
  readonly sealed: readonly Uint8Array[];
}): Body {
  return encodeBundle({ bundle: bundleOf(parts.entries), sealed: parts.sealed });
}

/** The same, of entries that stand in their bundle already. */
export function encodeBundle(parts: {
  readonly bundle: Buffer;
  readonly sealed: readonly Uint8Array[];
}): Body {
  const { packing, bytes } = pack(parts.bundle);
  const body = Buffer.concat([bytes, valuesOf(parts.sealed)]);
  return {
    packing,
    entriesBytes: bytes.length,
    bodyBytes: body.length,
    bodyHash: hash('sha256', body, 'hex'),
    body,
  };
}

/** An entry bundle of C2SP tlog-tiles. */
export function bundleOf(entries: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError('the entry is too long');
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** The entries of a body. Throws when they cannot be unpacked. */
export function entriesOf(block: Block): Buffer[] {
  return cutBundle(bundleIn(block), block.header.count);
}

/** The entry bundle of a body. Throws when it cannot be unpacked. */
export function bundleIn({ header, body }: Block): Buffer {
  const { packing, entriesBytes, count } = header;
  const packed = body.subarray(0, entriesBytes);
  return packing === 'zstd' ? unpack(packed, count) : asBuffer(packed);
}

/** The entries of a bundle. Throws when it has more or less of them. */
export function cutBundle(bundle: Buffer, count: number): Buffer[] {
  let begin = LENGTH_BYTES;
  return Array.from(endsIn(bundle, count), (end) => {
    const entry = bundle.subarray(begin, end);
    begin = end + LENGTH_BYTES;
    return entry;
  });
}

/** Where each entry of a bundle ends. Throws when it has more or less of them. */
export function endsIn(bundle: Uint8Array, count: number): Uint32Array {
  const ends = new Uint32Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    if (high === undefined || low === undefined) throw new RangeError('an entry is missing');
    at += LENGTH_BYTES + high * 256 + low;
    ends[index] = at;
  }
  // Further on or behind it: a length is not the one that was written.
  if (at !== bundle.length) throw new RangeError('the entries do not end where the bundle does');
  return ends;
}

export interface SealedValues {
  readonly bytes: Buffer;
  /** False when the bytes are not those that were written. */
  readonly intact: boolean;
}

/** The sealed values of a body, one item for each entry. Throws when they cannot be told apart. */
export function sealedOf(block: Block): SealedValues[] {
  return sealedIn(block).map((bytes) => {
    // Right before them, as the walk has seen.
    const checksum = new DataView(bytes.buffer, bytes.byteOffset - CHECKSUM_BYTES).getUint32(0);
    return { bytes, intact: crc32(bytes) === checksum };
  });
}

/** The same without looking at their checksums. */
export function sealedIn(block: Block): Buffer[] {
  const values = asBuffer(block.body.subarray(block.header.entriesBytes));
  let begin = VALUE_HEAD_BYTES;
  return Array.from(sealedEndsIn(values, block.header.count), (end) => {
    const sealed = values.subarray(begin, end);
    begin = end + VALUE_HEAD_BYTES;
    return sealed;
  });
}

/** Of the sealed values of each entry, their first bytes, one behind the other. Throws as above. */
export function sealedStarts({ header, body }: Block, width: number): Uint8Array<ArrayBuffer> {
  const values = asBuffer(body.subarray(header.entriesBytes));
  const starts = new Uint8Array(header.count * width);
  let begin = VALUE_HEAD_BYTES;
  for (const [index, end] of sealedEndsIn(values, header.count).entries()) {
    const there = Math.min(width, end - begin);
    for (let at = 0; at < there; at += 1) starts[index * width + at] = values[begin + at] ?? 0;
    begin = end + VALUE_HEAD_BYTES;
  }
  return starts;
}

/** Where the sealed values of each entry end. */
function sealedEndsIn(values: Buffer, count: number): Uint32Array {
  const ends = new Uint32Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    at += VALUE_HEAD_BYTES + values.readUInt32BE(at);
    ends[index] = at;
  }
  if (at !== values.length) throw new RangeError('the values do not end where the body does');
  return ends;
}

/** Bytes that the sealed values of one entry take in a body. */
export function sealedBytes(length: number): number {
  return VALUE_HEAD_BYTES + length;
}

export function isIntact({ header, body }: Block): boolean {
  return body.length === header.bodyBytes && hash('sha256', body, 'hex') === header.bodyHash;
}

export function isSoundHeader(header: BlockHeader): boolean {
  try {
    return headerHash(header) === header.hash;
  } catch {
    // A lone surrogate in the writer's name: nobody has hashed that.
    return false;
  }
}

/**
 * The hash that the header must carry. All keys are known and all values plain, so that the RFC 8785
 * form is what the language writes of them in the order of their names; a test holds both equal.
 */
export function headerHash(header: BlockHeader): string {
  const { blockNo, bodyBytes, bodyHash, count, edge, entriesBytes, epoch, first } = header;
  const { leaf, packing, prevBlockHash, root, size, v, writer } = header;
  if (!writer.isWellFormed()) throw new TypeError('the name of the writer is no text');
  const start = { blockNo, bodyBytes, bodyHash, count, edge, entriesBytes, epoch, first };
  const text = JSON.stringify({ ...start, leaf, packing, prevBlockHash, root, size, v, writer });
  return hash('sha256', text, 'hex');
}

function valuesOf(sealed: readonly Uint8Array[]): Buffer {
  const total = sealed.reduce((sum, { length }) => sum + sealedBytes(length), 0);
  const values = Buffer.allocUnsafe(total);
  let at = 0;
  for (const bytes of sealed) {
    at = values.writeUInt32BE(bytes.length, at);
    at = values.writeUInt32BE(crc32(bytes), at);
    values.set(bytes, at);
    at += bytes.length;
  }
  return values;
}

function pack(bundle: Buffer): Pick<BlockHeader, 'packing'> & { readonly bytes: Buffer } {
  if (bundle.length < PACK_BYTES_MIN) return { packing: 'raw', bytes: bundle };
  const { length } = bundle;
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  // It makes its tables as large as the input needs, and puts out one piece.
  const packed = zstdCompressSync(bundle, { params, pledgedSrcSize: length, chunkSize: length });
  if (packed.length >= bundle.length) return { packing: 'raw', bytes: bundle };
  return { packing: 'zstd', bytes: packed };
}

/** Bounded by what the entries could be at most, so that altered bytes cannot fill the memory. */
function unpack(packed: Uint8Array, entries: number): Buffer {
  const maxOutputLength = entries * (LENGTH_BYTES + ENTRY_BYTES_MAX);
  // In one piece where the entries are of a common size: pieces are put together by a copy.
  const chunkSize = Math.min(CHUNK_BYTES_MIN + entries * ENTRY_BYTES_COMMON, BLOCK_BYTES_MAX);
  return zstdDecompressSync(packed, { maxOutputLength, chunkSize });
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
