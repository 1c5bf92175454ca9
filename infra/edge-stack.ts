import type { Stack } from 'aws-cdk-lib';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { addEdge } from './edge.ts';
import { addKeys } from './keys.ts';
import { addPassword, addRotation } from './secrets.ts';
import { EDGE_REGION, type Settings } from './settings.ts';
import { addAccessLogs } from './stores.ts';

/** Name of the origin secret; it is copied to the region of the load balancer. */
export function originSecretName(name: string): string {
  return `${name}/origin`;
}

export function addEdgeStack(stack: Stack, settings: Settings): void {
  const { name, domain, region } = settings;
  const keys = addKeys(stack, `${name}-edge`);
  const rotation = addRotation(stack, keys);
  const originSecret = addPassword(stack, {
    id: 'Origin',
    secretName: originSecretName(name),
    description: 'By which the load balancer knows the content network',
    key: keys.data,
    rotation,
    ...(region === EDGE_REGION ? {} : { replicas: [{ region }] }),
  });
  const accessLogs = addAccessLogs(stack, `${name}-edge-logs-${stack.account}`);
  const zone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: settings.hostedZone.id,
    zoneName: settings.hostedZone.name,
  });
  addEdge(stack, { name, domain, zone, originSecret, accessLogs, watchKey: keys.watch });
}
