/**
 * Engines that stand in for the services of AWS: real servers with the same protocol. Each is
 * started from what is installed on the machine, else in a container where Docker answers.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { AwsSettings } from '#shared/aws/sdk/client.ts';
import { type Child, startChild } from './child.ts';
import { motoServer } from './moto-server.ts';
import { freePort } from './processes.ts';

/** What an engine is reached by. It ends with the process that started it, at the latest. */
export interface Engine extends AsyncDisposable {
  readonly url: string;
}

export interface EngineKind {
  readonly name: string;
  /** Whether it can be started here; in CI it must be. */
  isThere(): boolean;
  start(): Promise<Engine>;
}

const LOOPBACK = '127.0.0.1';

/** S3, SQS, SES, KMS and Secrets Manager. */
export const moto: EngineKind = {
  name: 'moto',
  isThere: () => hasMoto() || hasDocker(),
  start: () =>
    hasMoto()
      ? serving(['python3', '-c', motoServer, LOOPBACK, '0'], (line) => line.match(/on (\d+)/)?.[1])
      : inContainer('motoserver/moto:5.2.1', {
          port: 5000,
          entrypoint: ['python3', '-c', motoServer, '0.0.0.0', '5000'],
          ready: 'ready on',
        }),
};

/** DynamoDB with transactions, from npm. */
export const dynamo: EngineKind = {
  name: 'dynoxide',
  isThere: () => dynoxide() !== undefined || hasDocker(),
  async start() {
    const program = dynoxide();
    if (program === undefined) {
      return inContainer('amazon/dynamodb-local:3.1.0', { port: 8000, ready: 'Port:' });
    }
    const port = String(await freePort());
    const isReady = (line: string) => (line.includes('listening') ? port : undefined);
    return serving([program, 'serve', '--host', LOOPBACK, '--port', port], isReady);
  },
};

/** Valkey, or the Redis that it comes from. */
export const valkey: EngineKind = {
  name: 'valkey',
  isThere: () => valkeyProgram() !== undefined || hasDocker(),
  start: () => startValkey([]),
};

/** Whether it is installed: only then it can have a given port and files of this machine. */
export function hasValkeyProgram(): boolean {
  const found = valkeyProgram() !== undefined;
  if (found || !process.env.CI) return found;
  throw new Error('no valkey-server is installed; with CI set no suite may be left out');
}

/** With more of its configuration as arguments; on a port of its own choice where none is given. */
export async function startValkey(more: readonly string[], onPort?: number): Promise<Engine> {
  const program = valkeyProgram();
  const nothingKept = ['--save', '', '--appendonly', 'no', ...more];
  if (program === undefined) {
    // Its callers come from outside of the container.
    const entrypoint = ['valkey-server', '--protected-mode', 'no', ...nothingKept];
    return inContainer('valkey/valkey:8.1', { port: 6379, entrypoint, ready: 'Ready to accept' });
  }
  const port = String(onPort ?? (await freePort()));
  const command = [program, '--port', port, '--bind', LOOPBACK, ...nothingKept];
  const engine = await serving(command, (line) => (/eady to accept/.test(line) ? port : undefined));
  return { ...engine, url: engine.url.replace('http:', 'redis:') };
}

/** How adapters are told of an engine. The credentials are those of nobody. */
export function awsAt({ url }: Engine): AwsSettings {
  return {
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
}

/** Moves the clock of a moto server on. */
export async function advanceMoto({ url }: Engine, ms: number): Promise<void> {
  await fetch(`${url}/clock?ms=${ms}`, { method: 'POST' });
}

/** Whether suites on it run here. With `CI` set a missing engine is a failure, not a gap. */
export function hasEngine(kind: EngineKind): boolean {
  const found = kind.isThere();
  if (found || !process.env.CI) return found;
  throw new Error(`${kind.name} is not installed; with CI set no suite may be left out`);
}

async function serving(
  command: readonly string[],
  portIn: (line: string) => string | undefined,
): Promise<Engine> {
  const child: Child = await startChild(command, portIn);
  return {
    url: `http://${LOOPBACK}:${child.ready}`,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function inContainer(
  image: string,
  about: { readonly port: number; readonly ready: string; readonly entrypoint?: string[] },
): Promise<Engine> {
  // Large, and not needed where the engines are installed.
  const { GenericContainer, Wait } = await import('testcontainers');
  const described = new GenericContainer(image)
    .withExposedPorts(about.port)
    .withWaitStrategy(Wait.forLogMessage(new RegExp(about.ready)));
  const [first, ...others] = about.entrypoint ?? [];
  const asked =
    first === undefined ? described : described.withEntrypoint([first]).withCommand(others);
  const container = await asked.start();
  return {
    url: `http://${container.getHost().replace('localhost', LOOPBACK)}:${container.getMappedPort(about.port)}`,
    async [Symbol.asyncDispose]() {
      await container.stop();
    },
  };
}

/** The program inside of the npm package; `undefined` on platforms that it is not made for. */
function dynoxide(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide');
  } catch {
    return undefined;
  }
}

/** Looks for the parts of it without running them: importing moto takes a second. */
function hasMoto(): boolean {
  const parts = ['moto', 'flask', 'werkzeug', 'jinja2', 'responses'].map((part) => `"${part}"`);
  const look = `import sys, importlib.util as i; sys.exit(not all(map(i.find_spec, [${parts}])))`;
  return canRun('python3', '-c', look);
}

function valkeyProgram(): string | undefined {
  return ['valkey-server', 'redis-server'].find((program) => canRun(program, '--version'));
}

function hasDocker(): boolean {
  return canRun('docker', 'info');
}

function canRun(command: string, ...harmless: readonly string[]): boolean {
  try {
    execFileSync(command, harmless, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
