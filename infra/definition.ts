import { Duration, type Stack } from 'aws-cdk-lib';
import {
  type ContainerDefinition,
  ContainerDependencyCondition,
  type ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  type MountPoint,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { letRead } from './access.ts';
import { acknowledgeTask } from './acknowledged.ts';
import type { Keys } from './keys.ts';
import { logTo } from './task-log.ts';

/** A container gets this long from SIGTERM to kill; the process takes five seconds less. */
const STOP = Duration.seconds(30);
/** Where the files of secrets are, in every container. */
export const SECRETS_FOLDER = '/run/secrets-files';
const SIDECAR_MEMORY_MIB = 128;

export interface TaskShape {
  readonly name: string;
  readonly image: ContainerImage;
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly command: readonly string[];
  readonly ports: readonly number[];
  /** Ports that the health check asks, when they are not the usual ones. */
  readonly health: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** By the name of the file that holds it. */
  readonly secrets: Readonly<Record<string, ISecret>>;
  readonly keys: Keys;
}

/**
 * Two containers of one image: one does the work, one keeps its secrets as files beside it. Both run
 * as a user without rights on a file system that cannot be written; what is written goes to volumes
 * that end with the task.
 */
export function addDefinition(stack: Stack, shape: TaskShape): FargateTaskDefinition {
  const { name, secrets, keys } = shape;
  const definition = new FargateTaskDefinition(stack, `Task-${name}`, {
    cpu: shape.cpuUnits,
    memoryLimitMiB: shape.memoryMiB,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
    volumes: [{ name: 'scratch' }, { name: 'secrets' }],
  });
  const logging = logTo(stack, `Log-${name}`, keys.watch);
  const common = { image: shape.image, user: '1000', readonlyRootFilesystem: true, logging };
  const sidecar = definition.addContainer(`${name}-secrets`, {
    ...common,
    essential: true,
    memoryLimitMiB: SIDECAR_MEMORY_MIB,
    command: [
      'node',
      'infra/secrets-sidecar.ts',
      SECRETS_FOLDER,
      ...Object.entries(secrets).map(([file, { secretArn }]) => `${file}=${secretArn}`),
    ],
    healthCheck: healthBy(['CMD', 'test', '-e', `${SECRETS_FOLDER}/ready`]),
  });
  mount(sidecar, 'secrets', SECRETS_FOLDER, false);
  const worker = definition.addContainer(name, {
    ...common,
    command: [...shape.command],
    stopTimeout: STOP,
    environment: { ...shape.environment },
    portMappings: shape.ports.map((containerPort) => ({ containerPort })),
    healthCheck: healthBy(['CMD', 'node', 'infra/health.ts', ...shape.health]),
  });
  mount(worker, 'secrets', SECRETS_FOLDER, true);
  mount(worker, 'scratch', '/data', false);
  worker.addContainerDependencies({
    container: sidecar,
    condition: ContainerDependencyCondition.HEALTHY,
  });
  definition.defaultContainer = worker;
  letRead(definition.taskRole, Object.values(secrets), keys.data);
  acknowledgeTask(definition);
  return definition;
}

function healthBy(command: string[]) {
  return {
    command,
    interval: Duration.seconds(10),
    timeout: Duration.seconds(5),
    retries: 3,
    startPeriod: Duration.seconds(30),
  };
}

function mount(
  container: ContainerDefinition,
  sourceVolume: string,
  containerPath: string,
  readOnly: boolean,
): void {
  const point: MountPoint = { sourceVolume, containerPath, readOnly };
  container.addMountPoints(point);
}
