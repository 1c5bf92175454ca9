/**
 * The vault port on KMS and Secrets Manager.
 *
 *   <prefix>/vault/sign/<name>/000001   a private Ed25519 key (PKCS #8), wrapped; the highest signs
 *   <prefix>/vault/mac/<name>/000001    an HMAC key, wrapped
 *   <prefix>/vault/changes              changes when there is a new key
 *
 * A process unwraps a key once and signs by itself: each request has its signatures, and a call of
 * KMS for each would cost more, in time and money, than the request.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Vault } from '#shared/ports/vault.ts';
import {
  newSigningKey,
  type OpenedKey,
  openSigningKey,
  signerOf,
} from '../embedded/vault-ed25519.ts';
import type { AwsSettings } from './sdk/client.ts';
import { openGeneration } from './vault-generation.ts';
import { openKeys } from './vault-keys.ts';
import { openSealing } from './vault-seal.ts';
import { openSecrets } from './vault-secrets.ts';
import { openWrapping } from './vault-wrapping.ts';

const MAC_KEY_BYTES = 32;

export async function openVault(settings: {
  readonly aws: AwsSettings;
  /** Id, ARN or alias of the key in KMS. */
  readonly keyId: string;
  readonly prefix: string;
}): Promise<Vault> {
  const secrets = openSecrets(settings);
  const wrapping = openWrapping(settings);
  const generation = openGeneration(() => secrets.generation());
  const shared = { secrets, wrapping, generation };
  const signing = openKeys<OpenedKey>({
    ...shared,
    kind: 'sign',
    make: newSigningKey,
    open: openSigningKey,
  });
  const macs = openKeys<Uint8Array>({
    ...shared,
    kind: 'mac',
    make: () => randomBytes(MAC_KEY_BYTES),
    open: (bytes) => bytes,
  });
  const sealing = openSealing(wrapping);
  return {
    ...signerOf(signing),
    seal: sealing.seal,
    open: sealing.open,
    async mac(name, bytes) {
      const [key] = await macs.all(name);
      return createHmac('sha256', key).update(bytes).digest();
    },
    async [Symbol.asyncDispose]() {
      signing.forget();
      macs.forget();
      sealing.forget();
      secrets.close();
      wrapping.close();
    },
  };
}
