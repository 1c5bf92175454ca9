import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * An API key as its holder keeps it: `wd_<id>_<secret>_<checksum>`, each part in digits and small
 * letters. The id finds the row, the secret proves the holder, the checksum (CRC-32 of all before
 * it) tells a typing error from a wrong key without asking the store, and lets scanners of source
 * code recognise a leaked key for sure.
 */
export interface ApiKeyToken {
  readonly id: string;
  readonly secret: string;
}

/** 256 bits: guessing is hopeless, so that a plain SHA-256 keeps the secret well enough. */
export const API_KEY_SECRET_BYTES = 32;
/** 256 bits in base 36. */
const SECRET_CHARS = 50;
/** 32 bits in base 36. */
const CHECKSUM_CHARS = 7;
const form = new RegExp(
  `^(wd_([a-z0-9]{10,40})_([0-9a-z]{${SECRET_CHARS}}))_([0-9a-z]{${CHECKSUM_CHARS}})$`,
);

/** A new key from its id and its random bytes, and what is kept of it. */
export function newApiKey(
  id: string,
  random: Uint8Array,
): { readonly key: string; readonly secretHash: string } {
  const number = BigInt(`0x${Buffer.from(random).toString('hex')}`);
  const secret = number.toString(36).padStart(SECRET_CHARS, '0');
  const body = `wd_${id}_${secret}`;
  return { key: `${body}_${checksumOf(body)}`, secretHash: secretHashOf(secret) };
}

/** The parts of a key; `undefined` for anything that was never one. */
export function parseApiKeyToken(text: string): ApiKeyToken | undefined {
  const [, body = '', id = '', secret = '', checksum] = form.exec(text) ?? [];
  if (checksum === undefined || checksum !== checksumOf(body)) return undefined;
  return { id, secret };
}

/** What is kept of the secret. */
export function secretHashOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

function checksumOf(body: string): string {
  return crc32(body).toString(36).padStart(CHECKSUM_CHARS, '0');
}
