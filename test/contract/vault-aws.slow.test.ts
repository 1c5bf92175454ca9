/** What stands in Secrets Manager, what KMS is asked, and what happens while they are away. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test as plain } from 'vitest';
import { clientConfig } from '#shared/aws/sdk/client.ts';
import { openVault } from '#shared/aws/vault.ts';
import { awsAt } from '#test/support/aws-engines.ts';
import { makeKey } from '#test/support/aws-resources.ts';
import { type Fate, openFaultyProxy } from '#test/support/faulty-proxy.ts';
import { motoOfProcess, onMoto } from './aws-adapters.ts';

const { missing, name } = onMoto();
const test = plain.skipIf(missing);

const text = Buffer.from('what was signed');
const NAME = 'caller-context/gateway';
/** PKCS #8 of an Ed25519 key begins so: RFC 8410 section 7. */
const PRIVATE_KEY = Buffer.from('302e020100300506032b6570', 'hex');
/** By then every look of the vault is behind what it may believe without one. */
const STALE_MS = 3_500;

async function opened(fate: () => Fate = () => 'pass') {
  const stack = new AsyncDisposableStack();
  const engine = await motoOfProcess();
  const straight = awsAt(engine);
  const asked: string[] = [];
  const proxy = stack.use(
    await openFaultyProxy(engine.url, (operation) => {
      asked.push(operation);
      return fate();
    }),
  );
  const keyId = await makeKey(straight);
  const prefix = `t${randomBytes(6).toString('hex')}`;
  const open = async () =>
    stack.use(await openVault({ aws: awsAt({ ...engine, url: proxy.url }), keyId, prefix }));
  const secrets = new SecretsManagerClient(clientConfig(straight));
  const kms = new KMSClient(clientConfig(straight));
  stack.defer(() => {
    secrets.destroy();
    kms.destroy();
  });
  const secret = async (tail: string) => {
    const SecretId = `${prefix}/vault/${tail}`;
    const { SecretBinary } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    return Buffer.from(SecretBinary ?? '');
  };
  return {
    vault: await open(),
    open,
    asked,
    secrets,
    kms,
    secret,
    keyId,
    prefix,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe(`the vault on ${name}`, () => {
  test('keeps one secret for each key, and no private key that KMS has not wrapped', async () => {
    await using made = await opened();
    await made.vault.sign(NAME, text);
    await made.vault.mac('blob-ticket/files', text);
    const { SecretList = [] } = await made.secrets.send(
      new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [made.prefix] }] }),
    );
    expect(SecretList.map(({ Name }) => Name).toSorted()).toEqual([
      `${made.prefix}/vault/mac/blob-ticket_files/000001`,
      `${made.prefix}/vault/sign/caller-context_gateway/000001`,
    ]);
    const wrapped = await made.secret('sign/caller-context_gateway/000001');
    expect(wrapped.includes(PRIVATE_KEY)).toBe(false);
    const EncryptionContext = { vault: made.prefix, kind: 'sign', name: NAME, number: '1' };
    const command = { KeyId: made.keyId, CiphertextBlob: wrapped, EncryptionContext };
    const { Plaintext } = await made.kms.send(new DecryptCommand(command));
    expect(Buffer.from(Plaintext ?? '').includes(PRIVATE_KEY)).toBe(true);
    const other = { ...command, EncryptionContext: { ...EncryptionContext, name: 'other' } };
    await expect(made.kms.send(new DecryptCommand(other))).rejects.toThrow();
  });

  test('does not take a key that stands under another name', async () => {
    await using made = await opened();
    await made.vault.sign(NAME, text);
    await made.vault.sign('other', text);
    const SecretBinary = await made.secret('sign/caller-context_gateway/000001');
    const SecretId = `${made.prefix}/vault/sign/other/000001`;
    await made.secrets.send(new UpdateSecretCommand({ SecretId, SecretBinary }));
    const later = await made.open();
    await expect(later.sign('other', text)).rejects.toThrow();
  });

  test('asks nobody for a signature or MAC under a key that it has', async () => {
    await using made = await opened();
    await made.vault.sign(NAME, text);
    await made.vault.mac('blob-ticket/files', text);
    const before = made.asked.length;
    for (let i = 0; i < 200; i += 1) {
      await made.vault.sign(NAME, text);
      await made.vault.mac('blob-ticket/files', text);
    }
    // A busy machine may take longer than the time after which it looks for new keys.
    const asked = made.asked.slice(before).filter((each) => each !== 'GetSecretValue');
    expect(asked).toEqual([]);
    expect(made.asked.length - before).toBeLessThan(50);
  });

  test('asks KMS once for the many values of a tenant, and tells it whose they are', async () => {
    await using made = await opened();
    const sealed = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        made.vault.seal({ tenant: 'one', record: String(i) }, text),
      ),
    );
    const other = await made.open();
    for (const [i, each] of sealed.entries()) {
      expect(Buffer.from(await other.open({ tenant: 'one', record: String(i) }, each))).toEqual(
        text,
      );
    }
    expect(made.asked).toEqual(['GenerateDataKey', 'Decrypt']);
    const wrapped = sealed[0]?.subarray(3, 3 + Buffer.from(sealed[0]).readUInt16BE(1));
    const open = (tenant: string) => {
      const EncryptionContext = { vault: made.prefix, purpose: 'seal', tenant };
      const command = { KeyId: made.keyId, CiphertextBlob: wrapped, EncryptionContext };
      return made.kms.send(new DecryptCommand(command));
    };
    expect((await open('one')).Plaintext).toHaveLength(32);
    await expect(open('two')).rejects.toThrow();
  });

  test('goes on with the keys that it has while the services are away', async () => {
    let isAway = false;
    await using made = await opened(() => (isAway ? 'refuse' : 'pass'));
    const { keyId } = await made.vault.sign(NAME, text);
    const sealed = await made.vault.seal({ tenant: 'one' }, text);
    await made.vault.open({ tenant: 'one' }, sealed);
    isAway = true;
    await sleep(STALE_MS);
    expect((await made.vault.sign(NAME, text)).keyId).toBe(keyId);
    expect(Buffer.from(await made.vault.open({ tenant: 'one' }, sealed))).toEqual(text);
    await expect(made.vault.sign('unknown', text)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
