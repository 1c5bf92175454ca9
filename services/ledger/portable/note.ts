/**
 * C2SP signed notes: a text, an empty line, signature lines.
 *
 *   text, ends in a newline
 *
 *   — <key name> <base64( key id[4] || signature )>
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { areEqual, bytesFromBase64 } from './hash.ts';

/** Signature type of Ed25519 in key ids and verifier keys. */
export const ED25519_TYPE = 0x01;
/** Of a witness's timestamped cosignature by Ed25519: cosignature.ts. */
export const COSIGNATURE_TYPE = 0x04;
export const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** More than any log has witnesses; the specification asks for 16 at least. */
const SIGNATURES_MAX = 100;
const NOTE_CHARS_MAX = 1_000_000;
const SIGNATURE_LINE = /^— (?<name>\S+) (?<blob>[A-Za-z0-9+/=]+)$/;

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** With its last newline: these are the bytes that are signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** `undefined` for anything that is no signed note. */
export function parseNote(note: string): SignedNote | undefined {
  if (note.length > NOTE_CHARS_MAX || hasForbiddenCharacter(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return undefined;
  const signatures = lines.map(parseSignature).filter((each) => each !== undefined);
  if (signatures.length !== lines.length) return undefined;
  return { text: note.slice(0, split + 1), signatures };
}

/** A key in the form `name+<key id as 8 hex>+base64(type || public key)`; `undefined` for others. */
export function parseVerifierKey(text: string, type = ED25519_TYPE): VerifierKey | undefined {
  // Base64 may hold a `+` of its own: only the first two part the fields.
  const [, name = '', id = '', blob = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  const key = bytesFromBase64(blob);
  if (!isKeyName(name) || key?.length !== PUBLIC_KEY_BYTES + 1) return undefined;
  if (key[0] !== type) return undefined;
  const publicKey = key.slice(1);
  const keyId = keyIdOf(name, publicKey, type);
  return keyId.toHex() === id ? { name, keyId, publicKey } : undefined;
}

/** First four bytes of `SHA-256(name || 0x0A || type || public key)`. */
export function keyIdOf(name: string, publicKey: Uint8Array, type = ED25519_TYPE): Uint8Array {
  const head = new TextEncoder().encode(`${name}\n`);
  const hash = sha256.create().update(head).update(Uint8Array.of(type)).update(publicKey);
  return hash.digest().slice(0, KEY_ID_BYTES);
}

/** Not empty, no white space, no plus. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s\p{White_Space}+]/u.test(name);
}

/**
 * True when a known key has signed the note and no known key's signature is bad. Signatures of
 * unknown keys are neither proof nor offence.
 */
export async function isSignedBy(note: SignedNote, keys: readonly VerifierKey[]): Promise<boolean> {
  const text = new TextEncoder().encode(note.text);
  let good = 0;
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((each) => each.name === name && areEqual(each.keyId, keyId));
    if (key === undefined) continue;
    if (!(await isSignature(key.publicKey, signature, text))) return false;
    good += 1;
  }
  return good > 0;
}

export async function isSignature(
  publicKey: Uint8Array,
  signature: Uint8Array,
  text: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_BYTES) return false;
  const { subtle } = globalThis.crypto;
  const key = await subtle
    .importKey('raw', Uint8Array.from(publicKey), 'Ed25519', false, ['verify'])
    .catch(() => undefined);
  // 32 bytes that are no point of the curve verify nothing.
  if (key === undefined) return false;
  return subtle.verify('Ed25519', key, Uint8Array.from(signature), Uint8Array.from(text));
}

function parseSignature(line: string): NoteSignature | undefined {
  const { name = '', blob = '' } = SIGNATURE_LINE.exec(line)?.groups ?? {};
  const bytes = bytesFromBase64(blob);
  if (!isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

/** Control characters other than the newline, and what UTF-8 cannot hold. */
function hasForbiddenCharacter(text: string): boolean {
  return /(?!\n)\p{Cc}/u.test(text) || !text.isWellFormed();
}
