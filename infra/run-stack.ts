import { SecretValue, type Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Data } from './access.ts';
import { addBus } from './bus.ts';
import type { BusSecrets } from './bus-secrets.ts';
import { addCache } from './cache.ts';
import { addDoor } from './door.ts';
import { originSecretName } from './edge-stack.ts';
import { BUS_AUTHORITY, BUS_PASSWORD, environmentOf } from './environment.ts';
import { addNetwork } from './network.ts';
import { SERVICES, type ServiceName } from './services.ts';
import type { ImageName, Settings } from './settings.ts';
import { addTask, type Task } from './tasks.ts';
import { addWatch } from './watch.ts';

export function addRun(stack: Stack, settings: Settings, data: Data): void {
  const { name, departments, ledgerMayPurge, outboundHosts, hostedZone } = settings;
  const { keys } = data;
  const network = addNetwork(stack, { outboundHosts, watchKey: keys.watch });
  const namespace = `${name}.internal`;
  const cluster = new Cluster(stack, 'Cluster', {
    vpc: network.vpc,
    containerInsightsV2: ContainerInsights.ENABLED,
    defaultCloudMapNamespace: { name: namespace },
  });
  const bus = addBus(stack, {
    cluster,
    network,
    keys,
    image: imageOf(stack, 'bus', settings),
    namespace,
    secrets: busSecretFiles(data.busSecrets),
  });
  const cache = addCache(stack, { name, network, key: keys.data });
  const image = imageOf(stack, 'service', settings);
  const taskOf = (size: (typeof SERVICES)[number]) => {
    const password = data.busSecrets.passwords[size.name];
    const task = addTask(
      stack,
      { cluster, network, data, image, departments, ledgerMayPurge },
      {
        size,
        environment: environmentOf(size.name, {
          settings,
          data,
          busUrl: bus.url,
          cacheUrl: cache.url,
        }),
        secrets: { [BUS_PASSWORD]: password, [BUS_AUTHORITY]: data.busSecrets.authority },
      },
    );
    bus.letIn(task.group);
    cache.letIn(task.group);
    task.service.node.addDependency(bus.service);
    return task;
  };
  const tasks = Object.fromEntries(SERVICES.map((size) => [size.name, taskOf(size)])) as Readonly<
    Record<ServiceName, Task>
  >;
  const zone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: hostedZone.id,
    zoneName: hostedZone.name,
  });
  const door = addDoor(stack, {
    settings,
    network,
    zone,
    gateway: tasks.gateway,
    accessLogs: data.stores.accessLogs,
    originSecrets: originSecrets(name),
  });
  addWatch(stack, { settings, data, door, tasks });
}

/** The servers know every password; each service knows its own. */
function busSecretFiles({ passwords, certificate, authority }: BusSecrets) {
  const named = Object.entries(passwords).map(([service, password]) => [
    `${service}.password`,
    password,
  ]);
  return {
    ...Object.fromEntries(named),
    'server.pem': certificate,
    [BUS_AUTHORITY]: authority,
  } as Readonly<Record<string, ISecret>>;
}

/** Resolved when the stack is deployed: the templates hold names of secrets, never a value. */
function originSecrets(name: string): string[] {
  return ['AWSCURRENT', 'AWSPREVIOUS'].map((versionStage) =>
    SecretValue.secretsManager(originSecretName(name), { versionStage }).unsafeUnwrap(),
  );
}

function imageOf(stack: Stack, image: ImageName, settings: Settings): ContainerImage {
  const repository = Repository.fromRepositoryName(
    stack,
    `Image-${image}`,
    `${settings.name}/${image}`,
  );
  return ContainerImage.fromEcrRepository(repository, settings.imageDigests[image]);
}
