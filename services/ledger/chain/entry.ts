/**
 * The bytes of an entry: the RFC 8785 form of `ledgerEntry`. It is put together here and not by the
 * library, because an event is made into text once, when it arrives, and only the four fields of
 * its place in the chain are added when that place is known. A test holds both equal.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { Actor, AuditEvent } from '#contracts/audit-event.ts';
import { type LedgerEntry, ledgerEntry } from '#contracts/ledger.ts';
import { HASH_BYTES } from './tree.ts';

/** `prev` of entry 0. */
export const NO_LEAF = '0'.repeat(64);

/** What an event brings along; the rest of an entry is its place in the chain. */
export type EntryContent = Omit<LedgerEntry, 'v' | 'seq' | 'recordedAt' | 'prev'>;

export interface Place {
  readonly seq: number;
  readonly recordedAt: string;
  /** Leaf hash of the entry before, hex. */
  readonly prev: string;
}

/** The canonical text of a content, cut where the fields of its place go. */
export interface ContentText {
  readonly start: string;
  readonly reason: string;
  readonly end: string;
  readonly tenant: string;
  /** All of it: two events are the same one exactly when these texts are the same. */
  readonly identity: string;
  /** An upper bound of the bytes of its entry, wherever that will stand. */
  readonly entryBytes: number;
}

export function contentOf({ disclosures, ...event }: AuditEvent): EntryContent {
  return { ...event, sd: digestsOf(disclosures) };
}

function digestsOf(disclosures: readonly string[]): string[] {
  const digests = disclosures.map(disclosureDigest);
  return digests.length > 1 ? digests.sort() : digests;
}

/** RFC 9901 section 4.2.3: over the ASCII bytes of the disclosure, base64url. */
export function disclosureDigest(disclosure: string): string {
  return hash('sha256', disclosure, 'base64url');
}

export function contentText(content: EntryContent): ContentText {
  return textWith(content, content.sd);
}

/** The same for an event, without a copy of it. */
export function eventText(event: AuditEvent): ContentText {
  return textWith(event, digestsOf(event.disclosures));
}

function textWith(content: Omit<EntryContent, 'sd'>, digests: readonly string[]): ContentText {
  const { actor, object } = content;
  // RFC 8785 section 3.2.3: keys in the order of their UTF-16 code units. `prev` and `recordedAt`
  // stand on both sides of `reason`, `seq` between `sd` and `tenant`, `v` at the end.
  const start = `{"action":${quoted(content.action)},"actor":${actorText(actor)},"at":${quoted(content.at)},"id":${quoted(content.id)},"object":${objectText(object)},"outcome":${quoted(content.outcome)},`;
  const reason = content.reason === undefined ? '' : `"reason":${quoted(content.reason)},`;
  const end = `"requestId":${quoted(content.requestId)},"sd":["${digests.join('","')}"],`;
  const tenant = `"tenant":${quoted(content.tenant)}`;
  const identity = `${start}${reason}${end}${tenant}}`;
  const entryBytes = Buffer.byteLength(identity) + PLACE_CHARS_MAX;
  return { start, reason, end, tenant, identity, entryBytes };
}

function actorText({ address, agent, id, name, session, type, via }: Actor): string {
  return `{${member('address', address)}${member('agent', agent)}"id":${quoted(id)},${member('name', name)}${member('session', session)}"type":${quoted(type)}${via === undefined ? '' : `,"via":${quoted(via)}`}}`;
}

function objectText({ id, type, version }: AuditEvent['object']): string {
  // A safe integer: RFC 8785 section 3.2.2.3 writes it as the language does.
  const end = version === undefined ? '' : `,"version":${version}`;
  return `{"id":${quoted(id)},"type":${quoted(type)}${end}}`;
}

function member(key: string, value: string | undefined): string {
  return value === undefined ? '' : `"${key}":${quoted(value)},`;
}

/**
 * RFC 8785 section 3.2.2.2 escapes as JSON.stringify does. A lone surrogate, which UTF-8 cannot hold,
 * becomes U+FFFD as in any encoder: an event that cannot be refused any more must find its entry.
 */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed());
}

/** Nothing to escape. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** The entry, canonical; at most ENTRY_BYTES_MAX bytes as UTF-8. */
export function entryText(content: ContentText, { seq, recordedAt, prev }: Place): string {
  const { start, reason, end, tenant } = content;
  return `${start}"prev":"${prev}",${reason}"recordedAt":"${recordedAt}",${end}"seq":${seq},${tenant},"v":1}`;
}

/** Longest text that the fields of a place add. */
const PLACE_CHARS_MAX =
  `"prev":"${NO_LEAF}","recordedAt":"2026-01-01T00:00:00.000Z","seq":${Number.MAX_SAFE_INTEGER},,"v":1}`
    .length;

/** Reads stored bytes. Throws for anything that is no entry in its one canonical form. */
export function parseEntry(bytes: Uint8Array): LedgerEntry {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const entry = ledgerEntry.parse(JSON.parse(text));
  if (entryText(contentText(entry), entry) !== text) throw new Error('the entry is not canonical');
  return entry;
}

const eventIdOnly = z.looseObject({ id: z.string() });

/** The event id in the bytes of an entry that were found to be those written. */
export function eventIdIn(bytes: Uint8Array): string {
  return eventIdOnly.parse(JSON.parse(Buffer.from(bytes).toString())).id;
}

const PREV_KEY = Buffer.from('"prev":"');
const SEQ_KEY = Buffer.from(',"seq":');
const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const DIGIT_ZERO = 0x30;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
/** `"prev":"` and the hash: the quote behind it is the next byte. */
const PREV_BYTES = PREV_KEY.length + 2 * HASH_BYTES;

/** Does the entry stand in its place, by its own fields? `prev` is in hex. */
export function standsAt(
  bytes: Uint8Array,
  { tenant, seq, prev }: { readonly tenant: string; readonly seq: number; readonly prev: string },
): boolean {
  const stands = standingIn({ bytes, tenant, hashes: Buffer.from(prev, 'hex') });
  return stands({ begin: 0, end: bytes.length }, seq, 0);
}

/** Where an entry stands in longer bytes. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * The same for entries that stand in longer bytes: no text is made of them. `prev` is the hash that
 * stands in `hashes` from that byte on. Looks at the bytes and parses only where they could mislead:
 * in the canonical form no key follows `prev` whose value is an object, so that the last `"prev":"` is
 * the one, unless a brace comes behind it.
 */
export function standingIn(about: {
  readonly bytes: Uint8Array;
  readonly tenant: string;
  readonly hashes: Uint8Array;
}): (span: Span, seq: number, prev: number) => boolean {
  const { bytes, hashes } = about;
  // Bytes are compared with bytes: a character of a text takes several times longer to get at.
  const tenantTail = Buffer.from(`,"tenant":"${about.tenant}","v":1}`);
  /** From `prev` to `seq` in the last entry that was searched: most others have the same. */
  let distance = 0;
  return ({ begin, end }, seq, prev) => {
    const tenantAt = end - tenantTail.length;
    const seqAt = numberAt(bytes, seq, tenantAt) - SEQ_KEY.length;
    if (!areAt(bytes, tenantTail, tenantAt) || !areAt(bytes, SEQ_KEY, seqAt)) return false;
    // Behind the entry's own brace, or it is that of another entry.
    const isPrev = (at: number) =>
      at > begin &&
      areAt(bytes, PREV_KEY, at) &&
      isHexAt(bytes, at + PREV_KEY.length, hashes, prev);
    const expected = seqAt - distance;
    if (isPrev(expected) && isPlain(bytes, expected + PREV_BYTES, seqAt)) return true;
    const at = lastPrevIn(bytes, begin, seqAt);
    distance = seqAt - at;
    if (!isPrev(at)) return false;
    if (isPlain(bytes, at + PREV_BYTES, seqAt)) return true;
    const parsed = tryParseEntry(bytes.subarray(begin, end));
    return parsed?.prev === Buffer.from(hashes.subarray(prev, prev + HASH_BYTES)).toString('hex');
  };
}

/** Where the decimal digits of a number begin that end there; -1 when others stand there. */
function numberAt(bytes: Uint8Array, value: number, end: number): number {
  let at = end;
  let rest = value;
  do {
    at -= 1;
    const digit = rest % 10;
    if (bytes[at] !== DIGIT_ZERO + digit) return -1;
    rest = (rest - digit) / 10;
  } while (rest > 0);
  return at;
}

/** Begin of the last `"prev":"` of the bytes there; `begin` when there is none behind it. */
function lastPrevIn(bytes: Uint8Array, begin: number, end: number): number {
  let at = end - 1;
  while (at > begin && !(bytes[at] === QUOTE && areAt(bytes, PREV_KEY, at))) at -= 1;
  return at;
}

/** Neither a brace nor a `"prev":"` begins in the bytes there. */
function isPlain(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === OPEN_BRACE || (byte === QUOTE && areAt(bytes, PREV_KEY, at))) return false;
  }
  return true;
}

function areAt(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let index = 0; index < wanted.length; index += 1) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

/** Do the bytes there say the hash in hex, and then end with a quote? */
function isHexAt(bytes: Uint8Array, at: number, hashes: Uint8Array, from: number): boolean {
  for (let index = 0; index < HASH_BYTES; index += 1) {
    const byte = hashes[from + index];
    if (byte === undefined || bytes[at + 2 * index] !== HEX_DIGITS[byte >> 4]) return false;
    if (bytes[at + 2 * index + 1] !== HEX_DIGITS[byte & 0xf]) return false;
  }
  return bytes[at + 2 * HASH_BYTES] === QUOTE;
}

/** `prev` as the text says, also where the rest of it is damaged. */
export function prevIn(bytes: Uint8Array): string | undefined {
  return /"prev":"([0-9a-f]{64})"/.exec(Buffer.from(bytes).toString('latin1'))?.[1];
}

/** The same bytes with another `prev`. */
export function withPrev(bytes: Uint8Array, prev: string): Buffer {
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.from(text.replace(/"prev":"[^"]{64}"/, `"prev":"${prev}"`), 'latin1');
}

export function tryParseEntry(bytes: Uint8Array): LedgerEntry | undefined {
  try {
    return parseEntry(bytes);
  } catch {
    return undefined;
  }
}
