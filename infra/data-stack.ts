import type { Stack } from 'aws-cdk-lib';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Data } from './access.ts';
import { acknowledge } from './acknowledged.ts';
import { addBusSecrets } from './bus-secrets.ts';
import { addKeys, type Keys } from './keys.ts';
import { addMail } from './mail.ts';
import type { Settings } from './settings.ts';
import { addStores } from './stores.ts';
import { addTables } from './tables.ts';

export function addData(stack: Stack, settings: Settings): Data {
  const { name, domain, mailDomain, hostedZone } = settings;
  const keys = addKeys(stack, name);
  const tables = addTables(stack, name, keys);
  const stores = addStores(stack, { name, keys, origin: `https://${domain}` });
  const zone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: hostedZone.id,
    zoneName: hostedZone.name,
  });
  const mail = addMail(stack, { name, domain, mailDomain, zone, keys, stores });
  addVaultChanges(stack, name, keys);
  const busSecrets = addBusSecrets(stack, name, keys);
  return { keys, tables, stores, mail, busSecrets, vaultSecrets: vaultSecrets(stack, name) };
}

/** By which processes hear of each other's new keys: it must be there before the first of them. */
function addVaultChanges(stack: Stack, name: string, keys: Keys): void {
  const changes = new Secret(stack, 'VaultChanges', {
    secretName: `${name}/vault/changes`,
    description: 'Has another version after each new key',
    encryptionKey: keys.vault,
  });
  acknowledge(changes, 'AwsSolutions-SMG4', 'It holds no secret, only the news of one.');
  acknowledge(
    changes,
    'NIST.800.53.R5-SecretsManagerRotationEnabled',
    'It holds no secret, only the news of one.',
  );
}

function vaultSecrets(stack: Stack, name: string): string {
  return `arn:aws:secretsmanager:${stack.region}:${stack.account}:secret:${name}/vault/*`;
}
