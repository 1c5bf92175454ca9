import { Duration, type Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { type Cluster, type ContainerImage, FargateService } from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type Data, grant } from './access.ts';
import { addDefinition } from './definition.ts';
import { letOut, type Network } from './network.ts';
import { type ServiceSize, tasksFor } from './services.ts';

const SCALE_AT_CPU_PERCENT = 60;
export const HTTP_PORT = 8080;

export interface TaskParts {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly data: Data;
  readonly image: ContainerImage;
  readonly departments: number;
  readonly ledgerMayPurge: boolean;
}

export interface Task {
  readonly service: FargateService;
  readonly group: SecurityGroup;
}

/** One service of the product: its role, its door, its tasks in two zones and how many. */
export function addTask(
  stack: Stack,
  parts: TaskParts,
  about: {
    readonly size: ServiceSize;
    readonly environment: Readonly<Record<string, string>>;
    /** By the name of the file that holds it: see secrets-sidecar.ts. */
    readonly secrets: Readonly<Record<string, ISecret>>;
  },
): Task {
  const { cluster, network, data, image, departments } = parts;
  const { size, environment, secrets } = about;
  const definition = addDefinition(stack, {
    name: size.name,
    image,
    cpuUnits: size.cpuUnits,
    memoryMiB: size.memoryMiB,
    command: ['node', `services/${size.name}/main.ts`],
    ports: size.name === 'gateway' ? [HTTP_PORT] : [],
    health: [],
    environment,
    secrets,
    keys: data.keys,
  });
  grant(size.name, definition.taskRole, data, { mayPurge: parts.ledgerMayPurge });
  const group = new SecurityGroup(stack, `Door-${size.name}`, {
    vpc: network.vpc,
    description: size.name,
    allowAllOutbound: false,
  });
  letOut(group, network, size.name === 'ledger');
  const desiredCount = tasksFor(size, departments);
  const service = new FargateService(stack, `Service-${size.name}`, {
    cluster,
    taskDefinition: definition,
    desiredCount,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { rollback: true },
    securityGroups: [group],
    vpcSubnets: network.taskSubnets,
    ...(size.name === 'gateway' ? { healthCheckGracePeriod: Duration.seconds(60) } : {}),
  });
  service
    .autoScaleTaskCount({ minCapacity: desiredCount, maxCapacity: size.tasksMax })
    .scaleOnCpuUtilization('Load', {
      targetUtilizationPercent: SCALE_AT_CPU_PERCENT,
      scaleInCooldown: Duration.minutes(10),
      scaleOutCooldown: Duration.minutes(1),
    });
  return { service, group };
}
