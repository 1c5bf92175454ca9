/**
 * The offline verifier: an entry, a proof, a signed checkpoint and a verifier key are all it needs.
 * It runs in a browser as well as here, and holds nothing of the server.
 */
import { parseTreeHead, type TreeHead } from './checkpoint.ts';
import { hashFromHex, leafHash } from './hash.ts';
import { isSignedBy, parseNote, parseVerifierKey } from './note.ts';
import { provesConsistency, provesInclusion } from './proof.ts';
import { parseProofFile } from './proof-file.ts';

export type Verdict<Proved> =
  | ({ readonly ok: true } & Proved)
  /** A sentence for the person who asked. */
  | { readonly ok: false; readonly reason: string };

interface Signed {
  /** The signed note, byte for byte. */
  readonly checkpoint: string;
  /** `name+key id+base64`, from a place that the log's keeper cannot change. */
  readonly verifierKey: string;
}

/** Was this checkpoint signed by that key, and what does it say? */
export async function verifyNote({
  checkpoint,
  verifierKey,
}: Signed): Promise<Verdict<{ readonly head: TreeHead }>> {
  const key = parseVerifierKey(verifierKey);
  if (key === undefined) return no('The verifier key is malformed.');
  const note = parseNote(checkpoint);
  if (note === undefined) return no('The checkpoint is no signed note.');
  if (!(await isSignedBy(note, [key]))) return no('The key has not signed this checkpoint.');
  const head = parseTreeHead(note.text);
  if (head === undefined) return no('The note is signed, but is no checkpoint.');
  if (head.origin !== key.name) return no('The checkpoint is of another log than the key.');
  return { ok: true, head };
}

/** Does the entry, byte for byte, stand at `seq` in the tree that the checkpoint signs? */
export async function verifyInclusion(
  evidence: Signed & {
    readonly seq: number;
    readonly entry: Uint8Array;
    /** Hex, from the leaf's sibling upward. */
    readonly hashes: readonly string[];
  },
): Promise<Verdict<{ readonly head: TreeHead }>> {
  const { seq, entry } = evidence;
  const verdict = await verifyNote(evidence);
  if (!verdict.ok) return verdict;
  if (!Number.isSafeInteger(seq) || seq < 0) return no('The sequence number is none.');
  const hashes = hashesFromHex(evidence.hashes);
  if (hashes === undefined) return no('A hash of the proof is malformed.');
  const { size, root } = verdict.head;
  if (provesInclusion({ index: seq, size, leafHash: leafHash(entry), root, hashes })) {
    return verdict;
  }
  return no('The proof does not lead from this entry to the root of the checkpoint.');
}

/** The same, with index, hashes and checkpoint as they stand in a `.tlog-proof` file. */
export async function verifyProofFile(evidence: {
  /** The text of the file. */
  readonly file: string;
  readonly entry: Uint8Array;
  readonly verifierKey: string;
}): Promise<Verdict<{ readonly head: TreeHead }>> {
  const { file, entry, verifierKey } = evidence;
  const proof = parseProofFile(file);
  if (proof === undefined) return no('The file is no tlog-proof.');
  const { index: seq, checkpoint } = proof;
  const hashes = proof.hashes.map((hash) => hash.toHex());
  return verifyInclusion({ seq, entry, hashes, checkpoint, verifierKey });
}

/** Does the newer tree hold the older one unchanged? Both checkpoints are by the same key. */
export async function verifyConsistency(evidence: {
  readonly older: string;
  readonly newer: string;
  readonly verifierKey: string;
  /** Hex. */
  readonly hashes: readonly string[];
}): Promise<Verdict<{ readonly older: TreeHead; readonly newer: TreeHead }>> {
  const { verifierKey } = evidence;
  const older = await verifyNote({ checkpoint: evidence.older, verifierKey });
  if (!older.ok) return older;
  const newer = await verifyNote({ checkpoint: evidence.newer, verifierKey });
  if (!newer.ok) return newer;
  const hashes = hashesFromHex(evidence.hashes);
  if (hashes === undefined) return no('A hash of the proof is malformed.');
  const { size: from, root: fromRoot } = older.head;
  const { size: to, root: toRoot } = newer.head;
  if (provesConsistency({ from, to, fromRoot, toRoot, hashes })) {
    return { ok: true, older: older.head, newer: newer.head };
  }
  return no('The proof does not show that the newer tree goes on from the older one.');
}

function hashesFromHex(texts: readonly string[]): Uint8Array[] | undefined {
  const hashes = texts.map(hashFromHex).filter((each) => each !== undefined);
  return hashes.length === texts.length ? hashes : undefined;
}

function no(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
