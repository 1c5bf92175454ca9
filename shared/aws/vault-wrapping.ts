import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { asked } from './sdk/failures.ts';

/** Words that KMS writes into its own log, and without which it opens nothing. */
export type WrappingContext = Readonly<Record<string, string>>;

/** Keys under the vault's own key in KMS, which never leaves it. */
export interface Wrapping {
  wrap(context: WrappingContext, key: Uint8Array): Promise<Uint8Array>;
  unwrap(context: WrappingContext, wrapped: Uint8Array): Promise<Uint8Array>;
  /** A fresh key of 256 bits, as it is and wrapped. */
  dataKey(
    context: WrappingContext,
  ): Promise<{ readonly key: Uint8Array; readonly wrapped: Uint8Array }>;
  close(): void;
}

export function openWrapping(settings: {
  readonly aws: AwsSettings;
  readonly keyId: string;
  /** Bound to everything: several installations may share a key. */
  readonly prefix: string;
}): Wrapping {
  const { keyId: KeyId, prefix } = settings;
  const client = new KMSClient(clientConfig(settings.aws));
  const boundTo = (context: WrappingContext) => ({ ...context, vault: prefix });
  return {
    async wrap(context, key) {
      const command = { KeyId, Plaintext: key, EncryptionContext: boundTo(context) };
      const { CiphertextBlob } = await asked(() => client.send(new EncryptCommand(command)));
      return present(CiphertextBlob);
    },
    async unwrap(context, wrapped) {
      const command = { KeyId, CiphertextBlob: wrapped, EncryptionContext: boundTo(context) };
      const { Plaintext } = await asked(() => client.send(new DecryptCommand(command)));
      return present(Plaintext);
    },
    async dataKey(context) {
      const command = { KeyId, KeySpec: 'AES_256' as const, EncryptionContext: boundTo(context) };
      const answer = await asked(() => client.send(new GenerateDataKeyCommand(command)));
      return { key: present(answer.Plaintext), wrapped: present(answer.CiphertextBlob) };
    },
    close: () => client.destroy(),
  };
}

function present(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new Error('KMS gave no bytes');
  return bytes;
}
