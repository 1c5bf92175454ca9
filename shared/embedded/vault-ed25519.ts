import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
} from 'node:crypto';
import type { PublicKey, Vault } from '#shared/ports/vault.ts';

/** A SubjectPublicKeyInfo of Ed25519 (RFC 8410) is 12 bytes of prefix and the 32 of the key. */
const SPKI_PREFIX_BYTES = 12;
const KEY_ID_CHARS = 16;

export interface OpenedKey {
  /** First 8 bytes of the SHA-256 of the public key, hex. */
  readonly id: string;
  readonly publicBytes: Uint8Array;
  readonly privateKey: KeyObject;
}

/** A fresh private key as PKCS #8. */
export function newSigningKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

export function openSigningKey(pkcs8: Uint8Array): OpenedKey {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const publicBytes = spki.subarray(SPKI_PREFIX_BYTES);
  const id = hash('sha256', publicBytes, 'hex').slice(0, KEY_ID_CHARS);
  return { id, publicBytes, privateKey };
}

/** Where the keys of a name are kept: the newest first, one made where there is none. */
interface SigningKeys {
  all(name: string): Promise<readonly [OpenedKey, ...OpenedKey[]]>;
  add(name: string): Promise<OpenedKey>;
}

/** What a vault does with its signing keys, wherever they are kept. */
export function signerOf(signing: SigningKeys): Pick<Vault, 'sign' | 'publicKeys' | 'rotate'> {
  return {
    async sign(name, bytes, options = {}) {
      const keys = await signing.all(name);
      const { keyId = keys[0].id } = options;
      const key = keys.find(({ id }) => id === keyId);
      if (key === undefined) throw new Error(`${name} has no key ${keyId}`);
      return { keyId: key.id, signature: sign(null, bytes, key.privateKey) };
    },
    async publicKeys(name) {
      const keys = await signing.all(name);
      return keys.map((key, index) => publicKeyOf(key, index === 0));
    },
    async rotate(name) {
      return publicKeyOf(await signing.add(name), true);
    },
  };
}

function publicKeyOf(key: OpenedKey, current: boolean): PublicKey {
  return { id: key.id, key: Uint8Array.from(key.publicBytes), current };
}
