import type { Stack } from 'aws-cdk-lib';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { Data } from './access.ts';
import { addBusSecrets } from './bus-secrets.ts';
import { addKeys } from './keys.ts';
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
  return { keys, tables, stores, mail, busSecrets: addBusSecrets(stack, name, keys) };
}
