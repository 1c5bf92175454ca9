import { Duration, type Stack } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  type Cluster,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { type Data, grant, letRead } from './access.ts';
import { acknowledgeTask } from './acknowledged.ts';
import { letOut, type Network } from './network.ts';
import { type ServiceSize, tasksFor } from './services.ts';
import { logTo } from './task-log.ts';

/** A container gets this long from SIGTERM to kill; the process takes five seconds less. */
const STOP = Duration.seconds(30);
const SCALE_AT_CPU_PERCENT = 60;
export const HTTP_PORT = 8080;

export interface TaskParts {
  readonly cluster: Cluster;
  readonly network: Network;
  readonly data: Data;
  readonly image: ContainerImage;
  readonly departments: number;
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
    /** Read by the task itself, by reference. */
    readonly secrets: readonly ISecret[];
  },
): Task {
  const { cluster, network, data, departments } = parts;
  const { size, secrets } = about;
  const definition = addDefinition(stack, parts, about);
  grant(size.name, definition.taskRole, data);
  letRead(definition.taskRole, secrets, data.keys.data);
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

function addDefinition(
  stack: Stack,
  { data, image }: TaskParts,
  about: {
    readonly size: ServiceSize;
    readonly environment: Readonly<Record<string, string>>;
  },
): FargateTaskDefinition {
  const { size, environment } = about;
  const definition = new FargateTaskDefinition(stack, `Task-${size.name}`, {
    cpu: size.cpuUnits,
    memoryLimitMiB: size.memoryMiB,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
    // Nothing that is kept: a place for a mail while it is looked at, a secret while it is used.
    volumes: [{ name: 'scratch' }],
  });
  const container = definition.addContainer(size.name, {
    image,
    command: ['node', `services/${size.name}/main.ts`],
    user: '1000',
    readonlyRootFilesystem: true,
    stopTimeout: STOP,
    environment: { ...environment },
    logging: logTo(stack, `Log-${size.name}`, data.keys.watch),
    ...(size.name === 'gateway' ? { portMappings: [{ containerPort: HTTP_PORT }] } : {}),
    healthCheck: {
      command: ['CMD', 'node', 'infra/health.ts'],
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(30),
    },
  });
  container.addMountPoints({ sourceVolume: 'scratch', containerPath: '/data', readOnly: false });
  acknowledgeTask(definition);
  return definition;
}
