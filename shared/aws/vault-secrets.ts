import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { asked, ifThere, isNamed } from './sdk/failures.ts';

const EXISTS = ['ResourceExistsException'];
const MISSING = ['ResourceNotFoundException'];

/** Secrets that are made once and never changed, and one that changes to tell that there are more. */
export interface Secrets {
  /** Exactly one of several who make it at the same time has `created`. */
  create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  read(name: string): Promise<Uint8Array | undefined>;
  /** Another word after each `change`; empty before the first. */
  generation(): Promise<string>;
  change(): Promise<void>;
  close(): void;
}

export function openSecrets(settings: {
  readonly aws: AwsSettings;
  /** In front of each name. */
  readonly prefix: string;
  readonly keyId: string;
}): Secrets {
  const { prefix, keyId } = settings;
  const client = new SecretsManagerClient(clientConfig(settings.aws));
  const nameOf = (name: string) => `${prefix}/vault/${name}`;
  const changes = nameOf('changes');

  async function create(name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    const command = { Name: name, SecretBinary: bytes, KmsKeyId: keyId };
    try {
      await asked(() => client.send(new CreateSecretCommand(command)));
      return 'created';
    } catch (error) {
      if (isNamed(error, EXISTS)) return 'exists';
      throw error;
    }
  }

  async function read(SecretId: string) {
    return ifThere(() => client.send(new GetSecretValueCommand({ SecretId })), MISSING);
  }

  return {
    create: (name, bytes) => create(nameOf(name), bytes),
    read: async (name) => (await read(nameOf(name)))?.SecretBinary,
    generation: async () => (await read(changes))?.VersionId ?? '',
    async change() {
      // The value says nothing: each put has a version id of its own, which is what is looked at.
      const SecretBinary = Uint8Array.of(1);
      const put = { SecretId: changes, SecretBinary };
      const isPut = await ifThere(() => client.send(new PutSecretValueCommand(put)), MISSING);
      if (isPut !== undefined) return;
      if ((await create(changes, SecretBinary)) === 'created') return;
      await asked(() => client.send(new PutSecretValueCommand(put)));
    },
    close: () => client.destroy(),
  };
}
