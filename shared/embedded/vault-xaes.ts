/**
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM with a 192-bit nonce. Random nonces of 96 bits,
 * as plain GCM has them, are safe for about 2^32 messages under a key; these are for 2^80, so that
 * one key may seal for as long as the product lives.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** x^128 + x^7 + x^2 + x + 1, the polynomial of CMAC (SP 800-38B, section 5.3). */
const REDUCTION = 0x87;

/** `nonce || ciphertext || tag` under a fresh random nonce. */
export function seal(key: Uint8Array, bytes: Uint8Array, context: Uint8Array): Uint8Array {
  return sealWithNonce({ key, nonce: randomBytes(NONCE_BYTES), bytes, context });
}

/** For `seal` and the published vectors alone: a nonce must never come twice. */
export function sealWithNonce(parts: {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly bytes: Uint8Array;
  readonly context: Uint8Array;
}): Uint8Array {
  const { key, nonce, bytes, context } = parts;
  const cipher = createCipheriv('aes-256-gcm', keyOf(key, nonce), nonce.subarray(12));
  cipher.setAAD(context);
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when key, bytes or context are not those of the sealing. */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: Uint8Array): Uint8Array {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('too short to be sealed bytes');
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(key, nonce), nonce.subarray(12), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(context);
  decipher.setAuthTag(sealed.subarray(end));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
}

/** The message's own key: two blocks of CMAC in counter mode (SP 800-108) over half of the nonce. */
function keyOf(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const mask = doubled(encryptBlocks(key, Buffer.alloc(BLOCK_BYTES)));
  const blocks = [1, 2].map((counter) =>
    Buffer.from(
      [0, counter, 0x58, 0, ...nonce.subarray(0, 12)].map((byte, i) => byte ^ at(mask, i)),
    ),
  );
  return encryptBlocks(key, Buffer.concat(blocks));
}

/** Raw AES on whole blocks; ECB is the name of doing just that. */
function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(blocks), cipher.final()]);
}

function doubled(block: Uint8Array): Uint8Array {
  const carry = at(block, 0) >> 7;
  return block.map((byte, i) => {
    const shifted = ((byte << 1) | (at(block, i + 1) >> 7)) & 0xff;
    return i === BLOCK_BYTES - 1 ? shifted ^ (carry * REDUCTION) : shifted;
  });
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
