import type { Stack } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Keys } from './keys.ts';
import { addPassword, addRotation } from './secrets.ts';
import { SERVICES, type ServiceName } from './services.ts';

export interface BusSecrets {
  /** A password for each user of the bus. */
  readonly passwords: Readonly<Record<ServiceName, ISecret>>;
  /** Certificate and key of the servers; the authority's certificate. README: how they are made. */
  readonly certificate: ISecret;
  readonly authority: ISecret;
}

export function addBusSecrets(stack: Stack, name: string, keys: Keys): BusSecrets {
  const rotation = addRotation(stack, keys);
  const passwords = SERVICES.map(({ name: service }) => [
    service,
    addPassword(stack, {
      id: `BusPassword-${service}`,
      secretName: `${name}/bus/${service}`,
      description: `By which the bus knows ${service}`,
      key: keys.data,
      rotation,
    }),
  ]);
  const named = (id: string, secretName: string) => Secret.fromSecretNameV2(stack, id, secretName);
  return {
    passwords: Object.fromEntries(passwords) as Readonly<Record<ServiceName, ISecret>>,
    certificate: named('BusCertificate', `${name}/bus/certificate`),
    authority: named('BusAuthority', `${name}/bus/authority`),
  };
}
