import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '#shared/config.ts';
import { awsSettingsOf, profileVariables } from '#shared/config-profile.ts';
import { faultsIn, type Process, variablesOf } from './variables.ts';

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly user?: string;
  readonly tmpfs?: readonly string[];
}

const compose: {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: { readonly door: { readonly content: string } };
} = parse(readFileSync('compose.yaml', 'utf8'), { merge: true });
const dockerfile = readFileSync('infra/Dockerfile', 'utf8');
const processes = Object.keys(variablesOf) as Process[];
const ours = processes.flatMap((name) => [`${name}-1`, `${name}-2`]);

function service(name: string): Service {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`compose.yaml has no ${name}`);
  return found;
}

describe('compose.yaml', () => {
  test.each(ours)('%s runs its service with variables that it understands', (name) => {
    const { command = [], environment = {} } = service(name);
    const process = name.replace(/-\d$/, '') as Process;
    expect(command).toEqual(['node', `services/${process}/main.ts`]);
    expect(existsSync(command[1] ?? '')).toBe(true);
    expect(faultsIn(process, environment)).toEqual([]);
  });

  test.each(ours)('%s has no rights and no disk', (name) => {
    const { tmpfs = [], ...rest } = service(name);
    expect(rest).toMatchObject({ user: '1000', read_only: true });
    // Without an owner it would be root's, and the service could not write to it.
    for (const place of tmpfs) expect(place).toMatch(/:uid=1000$/);
    expect(tmpfs.length).toBeGreaterThan(0);
  });

  test('both of a pair are the same but for the port outside', () => {
    for (const process of processes) {
      const [one, other] = [service(`${process}-1`), service(`${process}-2`)];
      expect({ ...other, ports: [] }).toEqual({ ...one, ports: [] });
    }
  });

  test('every process knows where it keeps things', () => {
    for (const name of ours) {
      const config = readConfig(profileVariables, service(name).environment ?? {});
      expect(awsSettingsOf(config)?.installation, name).toBe('watchdesk');
    }
    const { environment: files = {} } = service('files-1');
    expect(files.FILES_BUCKET).toBe(`${files.INSTALLATION}-files`);
    const { environment: cad = {} } = service('cad-ingest-1');
    expect([cad.CAD_MAIL_BUCKET, cad.WORK_QUEUE]).toEqual(['watchdesk-cad-mail', 'watchdesk-work']);
    const { environment: ledger = {} } = service('ledger-1');
    expect(ledger.CHECKPOINTS_BUCKET).toBe('watchdesk-checkpoints');
  });

  test('ports that are published are ports that are listened on, on this machine alone', () => {
    const port = (name: string, variable: string) => service(name).environment?.[variable];
    expect(service('cad-ingest-1').ports).toEqual([
      `127.0.0.1:2525:${port('cad-ingest-1', 'SMTP_PORT')}`,
    ]);
    expect(service('cad-ingest-2').ports).toEqual([
      `127.0.0.1:2526:${port('cad-ingest-2', 'SMTP_PORT')}`,
    ]);
    for (const name of ['gateway-1', 'gateway-2']) {
      expect(compose.configs.door.content).toContain(`server ${name}:${port(name, 'HTTP_PORT')} `);
    }
    for (const { ports = [] } of Object.values(compose.services)) {
      for (const published of ports) expect(published).toMatch(/^127\.0\.0\.1:/);
    }
  });

  test('the hosts that are named are services', () => {
    const addresses = ours.flatMap((name) => Object.values(service(name).environment ?? {}));
    const hosts = addresses.flatMap((value) => /^[a-z]+:\/\/([a-z-]+):/.exec(value)?.[1] ?? []);
    expect(new Set(hosts)).toEqual(new Set(['aws', 'dynamodb', 'localhost', 'valkey', 'nats']));
    for (const host of hosts) if (host !== 'localhost') expect(service(host)).toBeDefined();
  });

  test('what is built has its target in the Dockerfile', () => {
    const targets = Object.values(compose.services).flatMap(({ build }) => build?.target ?? []);
    expect(new Set(targets)).toEqual(new Set(['service', 'demo']));
    for (const target of targets)
      expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${target}$`, 'm'));
  });

  test('the programs of the demonstration are there', () => {
    for (const name of ['setup', 'demo'])
      expect(existsSync(service(name).command?.[1] ?? '')).toBe(true);
  });
});

describe('the image', () => {
  test('is of one file for all services, runs without rights, and says whether it is well', () => {
    const stage = dockerfile.split(/^FROM /m).find((part) => part.includes(' AS service'));
    expect(stage).toContain('ARG SERVICE');
    expect(stage).toMatch(/^USER 1000$/m);
    expect(stage).toMatch(/^HEALTHCHECK .*infra\/health\.ts/m);
  });

  test('copies nothing that is not let in', () => {
    const letIn = readFileSync('infra/Dockerfile.dockerignore', 'utf8').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) =>
      (from ?? '').split(' '),
    );
    expect(copied.length).toBeGreaterThan(6);
    for (const path of copied) {
      expect(
        letIn.some((line) => line === `!${path}` || line.startsWith(`!${path}/`)),
        path,
      ).toBe(true);
      // The servers of the bus come with the users of the bus.
      if (path !== 'infra/bus') expect(existsSync(path), path).toBe(true);
    }
  });

  test('fetches packages and nothing else', () => {
    expect(dockerfile).not.toMatch(/\b(curl|wget|ADD)\b|https?:/);
  });
});
