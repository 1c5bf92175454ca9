/**
 * Verifies an evidence bundle with a verifier key and nothing else.
 *
 * 1. The key has signed the checkpoint; so has each witness that is asked for.
 * 2. Each entry, byte for byte, stands at its `seq` in the tree of the checkpoint.
 * 3. The entry is the one canonical text of what it says, and says the same `seq`.
 * 4. Each disclosure is, by its SHA-256, one of those that the entry commits to in `sd`.
 *
 * A field that is hidden is a digest in `sd` that no disclosure is given for. Nothing here tells
 * more of it than that it is there.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bundle, type BundleEntry, isText, jsonIn, parseBundle } from './bundle.ts';
import type { TreeHead } from './checkpoint.ts';
import { contentOf } from './content.ts';
import { verifyWitnesses, type Witnessed } from './cosignature.ts';
import { leafHash } from './hash.ts';
import { provesInclusion } from './proof.ts';
import { verifyNote } from './verify.ts';

export interface BundleFailure {
  readonly part: 'bundle' | 'checkpoint' | 'proof' | 'entry' | 'disclosure';
  /** The entry concerned; absent where the whole bundle is. */
  readonly seq?: number;
  /** Which of the entry's disclosures, from 0. */
  readonly disclosure?: number;
  readonly reason: string;
}

export interface ProvedEntry {
  readonly seq: number;
  readonly leafHash: string;
  /** What the entry says, without its commitments. */
  readonly says: Readonly<Record<string, unknown>>;
  readonly disclosed: readonly DisclosedValue[];
  /** Commitments for which no value is given. */
  readonly hidden: number;
}

export interface DisclosedValue {
  readonly name: string;
  readonly value: unknown;
}

export interface BundleReport {
  readonly ok: boolean;
  readonly failures: readonly BundleFailure[];
  /** Absent when the key has not signed the checkpoint. */
  readonly checkpoint?: {
    readonly origin: string;
    readonly size: number;
    readonly root: string;
    /** Those that were asked for. */
    readonly witnesses?: readonly Witnessed[];
  };
  /** Only those in which nothing failed. */
  readonly proved: readonly ProvedEntry[];
}

/** Keys are `name+key id+base64`, from a place that the maker of the bundle cannot change. */
export async function verifyBundle(about: {
  readonly text: string;
  readonly verifierKey: string;
  /** Of witnesses that have to have signed the checkpoint, each of them. */
  readonly witnessKeys?: readonly string[];
}): Promise<BundleReport> {
  const parsed = parseBundle(about.text);
  if (!parsed.ok) return failed({ part: 'bundle', reason: parsed.reason });
  const { bundle } = parsed;
  const { verifierKey, witnessKeys = [] } = about;
  const signed = await verifyNote({ checkpoint: bundle.checkpoint, verifierKey });
  if (!signed.ok) {
    const reason = `${signed.reason}${hintOf(bundle, verifierKey)}`;
    return failed({ part: 'checkpoint', reason });
  }
  const seen = await verifyWitnesses({ checkpoint: bundle.checkpoint, witnessKeys });
  if (!seen.ok) return failed({ part: 'checkpoint', reason: seen.reason });
  const witnessed = witnessKeys.length === 0 ? {} : { witnesses: seen.witnesses };
  const { head } = signed;
  const results = bundle.entries.map((entry) => verifyEntry(entry, head));
  const failures = results.flatMap((each) => each.failures);
  return {
    ok: failures.length === 0,
    failures,
    checkpoint: { origin: head.origin, size: head.size, root: head.root.toHex(), ...witnessed },
    proved: results.flatMap(({ proved }) => (proved === undefined ? [] : [proved])),
  };
}

interface EntryResult {
  readonly failures: readonly BundleFailure[];
  readonly proved?: ProvedEntry;
}

function verifyEntry(entry: BundleEntry, { size, root }: TreeHead): EntryResult {
  const { seq, bytes, proof } = entry;
  const leaf = leafHash(bytes);
  if (!provesInclusion({ index: seq, size, leafHash: leaf, root, hashes: proof })) {
    const reason = 'The proof does not lead from this entry to the root of the checkpoint.';
    return { failures: [{ part: 'proof', seq, reason }] };
  }
  const content = contentOf(bytes);
  if (content?.says.v !== 1 || content.says.seq !== seq) {
    const reason = 'The log holds these bytes, but they are no entry for this place.';
    return { failures: [{ part: 'entry', seq, reason }] };
  }
  const { disclosed, failures } = openAll(entry, content.commitments);
  if (failures.length > 0) return { failures };
  const hidden = content.commitments.length - disclosed.length;
  return {
    failures,
    proved: { seq, leafHash: leaf.toHex(), says: content.says, disclosed, hidden },
  };
}

function openAll({ seq, disclosures }: BundleEntry, commitments: readonly string[]) {
  const disclosed: DisclosedValue[] = [];
  const failures: BundleFailure[] = [];
  for (const [disclosure, text] of disclosures.entries()) {
    const isRepeated = disclosures.indexOf(text) < disclosure;
    const opened = isRepeated ? 'The same disclosure is given twice.' : open(text, commitments);
    if (isText(opened)) failures.push({ part: 'disclosure', seq, disclosure, reason: opened });
    else disclosed.push(opened);
  }
  return { disclosed, failures };
}

/** Name and value, or what is wrong with the disclosure. */
function open(disclosure: string, commitments: readonly string[]): DisclosedValue | string {
  const digest = sha256(new TextEncoder().encode(disclosure));
  const committed = digest.toBase64({ alphabet: 'base64url', omitPadding: true });
  if (!commitments.includes(committed)) return 'The entry does not commit to this disclosure.';
  const parts = jsonIn(textOf(disclosure) ?? '');
  if (!Array.isArray(parts) || parts.length !== 3 || !isText(parts[0]) || !isText(parts[1])) {
    return 'The entry commits to it, but it is no salt, name and value.';
  }
  return { name: parts[1], value: parts[2] };
}

function textOf(disclosure: string): string | undefined {
  try {
    const bytes = Uint8Array.fromBase64(disclosure, { alphabet: 'base64url' });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hintOf({ verifierKeyHint }: Bundle, verifierKey: string): string {
  if (verifierKeyHint === verifierKey) return '';
  return ' Its maker names another key than the one given.';
}

function failed(failure: BundleFailure): BundleReport {
  return { ok: false, failures: [failure], proved: [] };
}
