/**
 * Evidence bundles, form `watchdesk-bundle/1`: entries that prove themselves with one checkpoint.
 *
 *   { "format": "watchdesk-bundle/1",
 *     "checkpoint": <signed note>, "verifierKeyHint": <verifier key>,
 *     "entries": [{ "seq", "bytes": <base64>, "proof": [<hex>], "disclosures": [<base64url>],
 *                   "expunged"?: true }] }
 *
 * Fields that are not named here are refused: nobody shall read a word in a file that was called
 * verified, and that nothing proves.
 */
import { bytesFromBase64, hashFromHex } from './hash.ts';

export const BUNDLE_FORMAT = 'watchdesk-bundle/1';
/** More than any maker puts in: the bound is for files that somebody else has made. */
export const BUNDLE_CHARS_MAX = 16 * 1024 * 1024;
const ENTRIES_MAX = 1_000;
/** A tree of 2^64 entries needs 64. */
const PROOF_HASHES_MAX = 64;
const DISCLOSURES_MAX = 1_000;

export interface Bundle {
  readonly checkpoint: string;
  readonly verifierKeyHint: string;
  readonly entries: readonly BundleEntry[];
}

export interface BundleEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** From the leaf's sibling upward. */
  readonly proof: readonly Uint8Array[];
  readonly disclosures: readonly string[];
  /** What the maker says of values that are not disclosed; nothing proves it. */
  readonly expunged: boolean;
}

export type ParsedBundle =
  | { readonly ok: true; readonly bundle: Bundle }
  /** A sentence that names the place. */
  | { readonly ok: false; readonly reason: string };

export function parseBundle(text: string): ParsedBundle {
  if (text.length > BUNDLE_CHARS_MAX) return no('The file is too large for a bundle.');
  const value = jsonIn(text);
  if (!isObject(value)) return no('The file is no JSON object.');
  if (value.format !== BUNDLE_FORMAT)
    return no(`The file does not have the format ${BUNDLE_FORMAT}.`);
  const stray = strayKey(value, ['format', 'checkpoint', 'verifierKeyHint', 'entries']);
  if (stray !== undefined) return no(`${stray} is no field of a bundle.`);
  const { checkpoint, verifierKeyHint, entries } = value;
  if (typeof checkpoint !== 'string') return no('checkpoint is no text.');
  if (typeof verifierKeyHint !== 'string') return no('verifierKeyHint is no text.');
  if (!isListUpTo(entries, ENTRIES_MAX) || entries.length === 0) {
    return no(`entries is no list of 1 to ${ENTRIES_MAX}.`);
  }
  const parsed: BundleEntry[] = [];
  for (const [index, each] of entries.entries()) {
    if (!isObject(each)) return no(`entries[${index}] is no object.`);
    const entry = parseEntry(each);
    if (typeof entry === 'string') return no(`entries[${index}].${entry}`);
    parsed.push(entry);
  }
  if (new Set(parsed.map(({ seq }) => seq)).size < parsed.length) {
    return no('entries names the same seq twice.');
  }
  return { ok: true, bundle: { checkpoint, verifierKeyHint, entries: parsed } };
}

/** The entry, or what is wrong with it. */
function parseEntry(value: Readonly<Record<string, unknown>>): BundleEntry | string {
  const stray = strayKey(value, ['seq', 'bytes', 'proof', 'disclosures', 'expunged']);
  if (stray !== undefined) return `${stray} is no field of an entry.`;
  const { seq, disclosures, expunged = false } = value;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) {
    return 'seq is no sequence number.';
  }
  const bytes = typeof value.bytes === 'string' ? bytesFromBase64(value.bytes) : undefined;
  if (bytes === undefined) return 'bytes is no base64.';
  const proof = hashesIn(value.proof);
  if (proof === undefined) return `proof is no list of up to ${PROOF_HASHES_MAX} hashes in hex.`;
  if (!isListUpTo(disclosures, DISCLOSURES_MAX) || !disclosures.every(isText)) {
    return `disclosures is no list of up to ${DISCLOSURES_MAX} texts.`;
  }
  if (typeof expunged !== 'boolean') return 'expunged is neither true nor absent.';
  return { seq, bytes, proof, disclosures, expunged };
}

function hashesIn(value: unknown): Uint8Array[] | undefined {
  if (!isListUpTo(value, PROOF_HASHES_MAX)) return undefined;
  const hashes = value
    .map((each) => (typeof each === 'string' ? hashFromHex(each) : undefined))
    .filter((each) => each !== undefined);
  return hashes.length === value.length ? hashes : undefined;
}

export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isListUpTo(value: unknown, itemsMax: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= itemsMax;
}

function strayKey(value: object, known: readonly string[]): string | undefined {
  return Object.keys(value).find((key) => !known.includes(key));
}

function no(reason: string): ParsedBundle {
  return { ok: false, reason };
}
