import { Duration, type Stack } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { type Cluster, type ContainerImage, FargateService } from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { DnsRecordType } from 'aws-cdk-lib/aws-servicediscovery';
import { addDefinition, SECRETS_FOLDER } from './definition.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { letOut } from './network.ts';

/** Three, so that one can end while another is being replaced. */
export const BUS_SERVERS = 3;
const CLIENT_PORT = 4222;
const CLUSTER_PORT = 6222;
const MONITOR_PORT = 8222;
export const BUS_NAME = 'bus';

export interface BusServers {
  readonly url: string;
  readonly service: FargateService;
  letIn(task: SecurityGroup): void;
}

/**
 * The servers of the bus. They keep nothing: acknowledged work is in the tables, so that a disk of
 * theirs may be lost with the task. Users, permissions and routes are written by the image when it
 * starts, out of the secrets that it is given by name.
 */
export function addBus(
  stack: Stack,
  about: {
    readonly cluster: Cluster;
    readonly network: Network;
    readonly keys: Keys;
    readonly image: ContainerImage;
    readonly namespace: string;
    readonly secrets: Readonly<Record<string, ISecret>>;
  },
): BusServers {
  const { cluster, network, keys, image, namespace, secrets } = about;
  const definition = addDefinition(stack, {
    name: 'bus',
    image,
    cpuUnits: 256,
    memoryMiB: 512,
    command: ['node', 'infra/bus/start.ts'],
    ports: [CLIENT_PORT, CLUSTER_PORT, MONITOR_PORT],
    health: [String(MONITOR_PORT)],
    environment: {
      BUS_CLUSTER_ROUTE: `tls://${BUS_NAME}.${namespace}:${CLUSTER_PORT}`,
      SECRETS_FOLDER,
    },
    secrets,
    keys,
  });
  const group = new SecurityGroup(stack, 'BusDoor', {
    vpc: network.vpc,
    description: 'Servers of the bus',
    allowAllOutbound: false,
  });
  group.addIngressRule(group, Port.tcp(CLUSTER_PORT), 'Servers among themselves');
  group.addEgressRule(group, Port.tcp(CLUSTER_PORT), 'Servers among themselves');
  letOut(group, network, false);
  const service = new FargateService(stack, 'Bus', {
    cluster,
    taskDefinition: definition,
    desiredCount: BUS_SERVERS,
    minHealthyPercent: 66,
    maxHealthyPercent: 200,
    circuitBreaker: { rollback: true },
    securityGroups: [group],
    vpcSubnets: network.taskSubnets,
    cloudMapOptions: {
      name: BUS_NAME,
      dnsRecordType: DnsRecordType.A,
      dnsTtl: Duration.seconds(5),
    },
  });
  return {
    url: `tls://${BUS_NAME}.${namespace}:${CLIENT_PORT}`,
    service,
    letIn(task) {
      group.addIngressRule(task, Port.tcp(CLIENT_PORT), 'A service');
      task.addEgressRule(group, Port.tcp(CLIENT_PORT), 'Bus');
    },
  };
}
