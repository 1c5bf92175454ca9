import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { namedIn, refresh } from '#infra/secrets-sidecar.ts';
import { clientConfig } from '#shared/aws/sdk/client.ts';
import { awsAt, hasEngine, moto } from '#test/support/aws-engines.ts';

describe('the names of secrets', () => {
  test('are a file and a reference', () => {
    expect(namedIn(['bus.password=arn:aws:secretsmanager:us-east-2:1:secret:a'])).toEqual([
      { file: 'bus.password', arn: 'arn:aws:secretsmanager:us-east-2:1:secret:a' },
    ]);
  });

  test.each(['../x=arn:aws:a', 'x=secret', 'x', '=arn:aws:a'])('%s is none', (arg) => {
    expect(() => namedIn([arg])).toThrow('is not NAME=ARN');
  });
});

describe.skipIf(!hasEngine(moto))('secrets of a task', () => {
  test('stand in files that follow them, and stay when they cannot be had', async () => {
    await using engine = await moto.start();
    const client = new SecretsManagerClient(clientConfig(awsAt(engine)));
    const folder = await mkdtemp(join(tmpdir(), 'watchdesk-secrets-'));
    try {
      const { ARN = '' } = await client.send(
        new CreateSecretCommand({ Name: 'bus', SecretString: 'first' }),
      );
      const secrets = [{ file: 'bus.password', arn: ARN }];
      expect(await refresh(client, folder, secrets)).toEqual([]);
      expect(await readFile(join(folder, 'bus.password'), 'utf8')).toBe('first');
      expect((await stat(join(folder, 'bus.password'))).mode & 0o777).toBe(0o400);
      await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'second' }));
      const gone = { file: 'gone', arn: ARN.replace('bus', 'gone') };
      expect(await refresh(client, folder, [...secrets, gone])).toEqual(['gone']);
      expect(await readFile(join(folder, 'bus.password'), 'utf8')).toBe('second');
      expect(await readdir(folder)).toEqual(['bus.password']);
    } finally {
      client.destroy();
      await rm(folder, { recursive: true });
    }
  });
});
