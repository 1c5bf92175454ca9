import { Fn, type Stack } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnServerlessCache } from 'aws-cdk-lib/aws-elasticache';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Network } from './network.ts';

/** What it may grow to; past it old entries go, which the port allows. */
const GIGABYTES_MAX = 5;
const UNITS_PER_SECOND_MAX = 50_000;
const VALKEY_PORT = 6379;

export interface Cache {
  /** `rediss://...`: it speaks TLS only. */
  readonly url: string;
  letIn(task: SecurityGroup): void;
}

/** Forgetful by promise: no snapshot, no copy in another region. */
export function addCache(
  stack: Stack,
  about: { readonly name: string; readonly network: Network; readonly key: Key },
): Cache {
  const { name, network, key } = about;
  const group = new SecurityGroup(stack, 'CacheDoor', {
    vpc: network.vpc,
    description: 'The cache',
    allowAllOutbound: false,
  });
  const cache = new CfnServerlessCache(stack, 'Cache', {
    serverlessCacheName: name,
    engine: 'valkey',
    majorEngineVersion: '8',
    kmsKeyId: key.keyArn,
    securityGroupIds: [group.securityGroupId],
    subnetIds: network.vpc.selectSubnets(network.taskSubnets).subnetIds,
    cacheUsageLimits: {
      dataStorage: { maximum: GIGABYTES_MAX, unit: 'GB' },
      ecpuPerSecond: { maximum: UNITS_PER_SECOND_MAX },
    },
  });
  const host = Fn.getAtt(cache.logicalId, 'Endpoint.Address').toString();
  return {
    url: `rediss://${host}:${VALKEY_PORT}`,
    letIn(task) {
      group.addIngressRule(task, Port.tcp(VALKEY_PORT), 'A service');
      task.addEgressRule(group, Port.tcp(VALKEY_PORT), 'Cache');
    },
  };
}
