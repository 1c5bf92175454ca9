/**
 * `node infra/bus/start.ts`: one server of the bus, in the foreground. `--print` writes its
 * configuration to standard output instead.
 *
 * 1. The files of secrets (a container beside this one keeps them: secrets-sidecar.ts) and the
 *    permissions of the services become the configuration of nats-server.
 * 2. nats-server runs until it ends or this process is told to stop.
 * 3. The files are looked at again. When one is another, the server hears of it after a delay: by then
 *    the services have the new file too. It keeps all connections but those of a user whose password
 *    changed; that one comes back with the new one, and what was under way is a timeout for its caller.
 *
 * A file that cannot be used leaves the server with what it has, and is said in the log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '#contracts/caller.ts';
import { serverConfig } from '#shared/nats/bus-server.ts';
import { type BusServerConfig, readBusServerConfig } from './config.ts';

const LOOK_EVERY_MS = 1_000;

interface Secrets {
  readonly passwords: Readonly<Record<ServiceName, string>>;
  /** Changes when any of the files does. */
  readonly mark: string;
}

async function readSecrets(folder: string): Promise<Secrets> {
  const entries = serviceNames.map(async (name) => {
    const password = await readFile(join(folder, `${name}.password`), 'utf8');
    return [name, password.trim()] as const;
  });
  const passwords = await Promise.all(entries);
  const { cert, ca } = filesIn(folder);
  const pems = await Promise.all([cert, ca].map((file) => readFile(file, 'utf8')));
  return {
    // A name for each service by construction.
    passwords: Object.fromEntries(passwords) as Secrets['passwords'],
    mark: hash('sha256', JSON.stringify([passwords, pems])),
  };
}

/** Certificate and key stand in one file, one after the other. */
function filesIn(folder: string) {
  const server = join(folder, 'server.pem');
  return { cert: server, key: server, ca: join(folder, 'bus-authority.pem') };
}

function configText(config: BusServerConfig, { passwords }: Secrets): string {
  const { host, route } = config;
  return serverConfig({
    passwords,
    tls: filesIn(config.secretsFolder),
    clients: { host, port: config.port },
    monitor: { host: '127.0.0.1', port: config.monitorPort },
    ...(route === undefined
      ? {}
      : { cluster: { listen: { host, port: config.clusterPort }, route } }),
  });
}

/** Whole or not at all, and for this user alone: there are passwords in it. */
async function writeConfig(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function follow(about: {
  readonly config: BusServerConfig;
  readonly file: string;
  readonly first: Secrets;
  readonly server: ChildProcess;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { config, file, server, signal } = about;
  let known = about.first.mark;
  while (!signal.aborted) {
    await pause(LOOK_EVERY_MS, signal);
    try {
      if ((await readSecrets(config.secretsFolder)).mark === known) continue;
      await pause(config.reloadDelayMs, signal);
      const secrets = await readSecrets(config.secretsFolder);
      known = secrets.mark;
      await writeConfig(file, configText(config, secrets));
      server.kill('SIGHUP');
      tell('the secrets were read again');
    } catch (error) {
      tell(`the secrets cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}

function tell(msg: string): void {
  process.stderr.write(`${JSON.stringify({ service: 'bus', msg })}\n`);
}

async function run(config: BusServerConfig, secrets: Secrets): Promise<number> {
  const file = join(config.runFolder, 'nats.conf');
  await mkdir(config.runFolder, { recursive: true, mode: 0o700 });
  await writeConfig(file, configText(config, secrets));
  const server = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(server, 'exit');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.abort();
      server.kill('SIGTERM');
    });
  }
  const following = follow({ config, file, first: secrets, server, signal: stop.signal });
  const [code] = await ended;
  const isAsked = stop.signal.aborted;
  stop.abort();
  await following;
  return isAsked ? 0 : (code ?? 1);
}

if (import.meta.main) {
  try {
    const config = readBusServerConfig(process.env);
    const secrets = await readSecrets(config.secretsFolder);
    if (process.argv.includes('--print')) process.stdout.write(configText(config, secrets));
    else process.exitCode = await run(config, secrets);
  } catch (error) {
    process.stderr.write(`bus did not start: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
