/**
 * C2SP tlog-cosignature: a witness has seen a checkpoint at a time, and it went on from every one that
 * it had seen before. In a note it is a signature line of type 0x04; the signature's bytes are
 *
 *   time, uint64 big endian, seconds since 1970 || Ed25519 signature[64]
 *
 * and what is signed is `cosignature/v1\ntime <seconds>\n` and the text of the checkpoint.
 */
import { areEqual } from './hash.ts';
import {
  COSIGNATURE_TYPE,
  isSignature,
  parseNote,
  parseVerifierKey,
  type SignedNote,
  type VerifierKey,
} from './note.ts';
import type { Verdict } from './verify.ts';

const TIME_BYTES = 8;

/** A witness's key, `name+<key id>+base64(0x04 || public key)`; `undefined` for others. */
export function parseWitnessKey(text: string): VerifierKey | undefined {
  return parseVerifierKey(text, COSIGNATURE_TYPE);
}

/** The bytes that a witness signs. */
export function cosignedBytes(seconds: number, checkpointText: string): Uint8Array {
  return new TextEncoder().encode(`cosignature/v1\ntime ${seconds}\n${checkpointText}`);
}

/** What stands behind the key id in the line. */
export function timedSignature(seconds: number, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds));
  bytes.set(signature, TIME_BYTES);
  return bytes;
}

/** When the witness saw it, in seconds since 1970; `undefined` when it has not signed this note. */
export async function witnessedAt(note: SignedNote, key: VerifierKey): Promise<number | undefined> {
  const found = note.signatures.find(
    ({ name, keyId }) => name === key.name && areEqual(keyId, key.keyId),
  );
  if (found === undefined || found.signature.length <= TIME_BYTES) return undefined;
  const { buffer, byteOffset } = found.signature;
  const seconds = Number(new DataView(buffer, byteOffset, TIME_BYTES).getBigUint64(0));
  if (!Number.isSafeInteger(seconds)) return undefined;
  const signature = found.signature.slice(TIME_BYTES);
  const isGood = await isSignature(key.publicKey, signature, cosignedBytes(seconds, note.text));
  return isGood ? seconds : undefined;
}

/** A witness, and when it saw the checkpoint: UTC. */
export interface Witnessed {
  readonly name: string;
  readonly at: string;
}

/** Has each of these witnesses signed the checkpoint? Keys are `name+key id+base64`. */
export async function verifyWitnesses({
  checkpoint,
  witnessKeys,
}: {
  readonly checkpoint: string;
  readonly witnessKeys: readonly string[];
}): Promise<Verdict<{ readonly witnesses: readonly Witnessed[] }>> {
  const note = parseNote(checkpoint);
  const witnesses: Witnessed[] = [];
  for (const text of witnessKeys) {
    const key = parseWitnessKey(text);
    if (key === undefined) return { ok: false, reason: 'The key of a witness is malformed.' };
    const { name } = key;
    const seconds = note && (await witnessedAt(note, key));
    const at = seconds === undefined ? undefined : timeOf(seconds);
    if (at === undefined) {
      return { ok: false, reason: `The witness ${name} has not signed this checkpoint.` };
    }
    witnesses.push({ name, at });
  }
  return { ok: true, witnesses };
}

/** `undefined` for a time that no calendar has. */
function timeOf(seconds: number): string | undefined {
  const time = new Date(seconds * 1_000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
