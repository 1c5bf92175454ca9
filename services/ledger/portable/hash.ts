import { sha256 } from '@noble/hashes/sha2.js';

export const HASH_BYTES = 32;

/** RFC 9162 section 2.1.1: `MTH({d(0)}) = HASH(0x00 || d(0))`. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(0x00)).update(entry).digest();
}

/** RFC 9162 section 2.1.1: `HASH(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(0x01)).update(left).update(right).digest();
}

export function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES;
}

export function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** The bytes of a SHA-256 in hex; `undefined` for anything else. */
export function hashFromHex(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? Uint8Array.fromHex(text) : undefined;
}

/** Padded standard base64 in its one canonical form; `undefined` for anything else. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
    // White space is skipped by the decoder; two texts for the same bytes are not wanted here.
    return bytes.toBase64() === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
