/**
 * Verifies an archive of entries, form `watchdesk-archive/1`, with a verifier key and nothing else.
 * It is read line by line, so that it may be of any length.
 *
 *   first line    { "format", "first", "count", "prev": <hex>, "edge": [<hex>],
 *                   "checkpoint": <signed note>, "verifierKeyHint", "consistency": [<hex>] }
 *   then          `count` lines: the entries from `first` on, each in the bytes that were hashed
 *
 * 1. The key has signed the checkpoint.
 * 2. Each line is the one canonical text of an entry for its place, and holds the leaf hash of the
 *    line before; the first one that in `prev`.
 * 3. The tree that `edge` says of the entries before `first`, grown by the lines, goes on to the
 *    tree of the checkpoint, by the consistency proof. An edge that is not the true one does not
 *    lead there.
 */

import { isObject, isText, jsonIn } from './bundle.ts';
import { contentOf } from './content.ts';
import { hashFromHex, leafHash, nodeHash } from './hash.ts';
import { provesConsistency } from './proof.ts';
import { verifyNote } from './verify.ts';

export const ARCHIVE_FORMAT = 'watchdesk-archive/1';
/** An entry has at most 65,535 bytes; the first line holds a note with its witnesses. */
const LINE_BYTES_MAX = 256 * 1024;
/** A tree of 2^64 entries needs 64. */
const HASHES_MAX = 64;
const NEWLINE = 0x0a;

export interface ArchiveReport {
  readonly ok: boolean;
  /** A sentence for the person who asked; absent when all of it is proved. */
  readonly reason?: string;
  /** The first entry that is not proved, where that can be told. */
  readonly seq?: number;
  readonly checkpoint?: { readonly origin: string; readonly size: number; readonly root: string };
  /** What is proved: entries `[first, first + count)`, and the root behind them. */
  readonly proved?: { readonly first: number; readonly count: number; readonly root: string };
}

interface ArchiveHead {
  readonly first: number;
  readonly count: number;
  readonly prev: string;
  readonly edge: readonly Uint8Array[];
  readonly checkpoint: string;
  readonly verifierKeyHint: string;
  readonly consistency: readonly Uint8Array[];
}

/** `verifierKey` is `name+key id+base64`, from a place that the maker of the archive cannot change. */
export async function verifyArchive(about: {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly verifierKey: string;
}): Promise<ArchiveReport> {
  const lines = linesIn(about.chunks)[Symbol.asyncIterator]();
  const { value: headLine } = await lines.next();
  const head = headLine === undefined ? undefined : parseHead(headLine);
  if (head === undefined) return no('The first line is not that of an archive.');
  const { checkpoint, verifierKeyHint } = head;
  const signed = await verifyNote({ checkpoint, verifierKey: about.verifierKey });
  if (!signed.ok) {
    const hint = verifierKeyHint === about.verifierKey ? '' : ' Its maker names another key.';
    return no(`${signed.reason}${hint}`);
  }
  const read = await readEntries(head, lines);
  if ('reason' in read) return no(read.reason, read.seq);
  const { size, root, origin } = signed.head;
  const grown = fold(read.edge);
  const proof = {
    from: head.first + head.count,
    to: size,
    fromRoot: grown,
    toRoot: root,
    hashes: head.consistency,
  };
  if (!provesConsistency(proof)) return no('The entries do not lead to the checkpoint.');
  const { first, count } = head;
  return {
    ok: true,
    checkpoint: { origin, size, root: root.toHex() },
    proved: { first, count, root: grown.toHex() },
  };
}

/** The edge of the tree behind the entries, or what is wrong with them. */
async function readEntries(
  { first, count, prev, edge }: ArchiveHead,
  lines: AsyncIterator<Uint8Array, unknown>,
): Promise<{ readonly edge: Uint8Array[] } | { readonly reason: string; readonly seq: number }> {
  const hashes = [...edge];
  let before = prev;
  for (let seq = first; seq < first + count; seq += 1) {
    const { value: line, done } = await lines.next();
    if (done === true || !(line instanceof Uint8Array)) {
      return { seq, reason: `The archive ends before entry ${seq}.` };
    }
    const says = contentOf(line)?.says;
    if (says?.v !== 1 || says.seq !== seq) {
      return { seq, reason: `The line of entry ${seq} is no entry for this place.` };
    }
    if (says.prev !== before) {
      const reason = `The entry before ${seq} is not the one that entry ${seq} follows.`;
      return { seq: Math.max(first, seq - 1), reason };
    }
    const leaf = leafHash(line);
    grow(hashes, seq, leaf);
    before = leaf.toHex();
  }
  const after = await lines.next();
  const seq = first + count;
  return after.done === true
    ? { edge: hashes }
    : { seq, reason: 'More lines follow than the first line tells of.' };
}

/** RFC 9162 section 2.1.1: each trailing one of the size is a complete left sibling that waits. */
function grow(edge: Uint8Array[], size: number, leaf: Uint8Array): void {
  let hash = leaf;
  for (let index = size; index % 2 === 1; index = (index - 1) / 2) {
    const left = edge.pop();
    if (left === undefined) throw new Error('the edge does not fit its size');
    hash = nodeHash(left, hash);
  }
  edge.push(hash);
}

function fold(edge: readonly Uint8Array[]): Uint8Array {
  const [last = new Uint8Array(), ...rest] = edge.toReversed();
  return rest.reduce((right, left) => nodeHash(left, right), last);
}

function parseHead(line: Uint8Array): ArchiveHead | undefined {
  const value = jsonIn(new TextDecoder().decode(line));
  if (!isObject(value) || value.format !== ARCHIVE_FORMAT) return undefined;
  const { format: _, first, count, prev, checkpoint, verifierKeyHint, ...rest } = value;
  const { edge: edgeTexts, consistency: proofTexts, ...stray } = rest;
  const edge = hashesIn(edgeTexts);
  const consistency = hashesIn(proofTexts);
  if (Object.keys(stray).length > 0 || edge === undefined || consistency === undefined) {
    return undefined;
  }
  if (!isCount(first) || !isCount(count) || count === 0 || !isCount(first + count)) {
    return undefined;
  }
  if (!isText(prev) || !isText(checkpoint) || !isText(verifierKeyHint)) return undefined;
  if (edge.length !== onesIn(first)) return undefined;
  return { first, count, prev, edge, checkpoint, verifierKeyHint, consistency };
}

function hashesIn(value: unknown): Uint8Array[] | undefined {
  if (!Array.isArray(value) || value.length > HASHES_MAX) return undefined;
  const hashes = value.flatMap((each) => (isText(each) ? (hashFromHex(each) ?? []) : []));
  return hashes.length === value.length ? hashes : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function onesIn(size: number): number {
  return [...size.toString(2)].filter((digit) => digit === '1').length;
}

/** Lines without their newline. What stands behind the last newline is a line that was cut off. */
async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let open = new Uint8Array();
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
      yield joined(open, chunk.subarray(begin, end));
      open = new Uint8Array();
      begin = end + 1;
    }
    open = joined(open, chunk.subarray(begin));
    // No line of an archive: whatever it is, it does not verify.
    if (open.length > LINE_BYTES_MAX) return;
  }
  if (open.length > 0) yield open;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

function no(reason: string, seq?: number): ArchiveReport {
  return { ok: false, reason, ...(seq === undefined ? {} : { seq }) };
}
