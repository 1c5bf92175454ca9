import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serviceNames } from '#contracts/caller.ts';
import { callsOf } from '#contracts/calls.ts';
import type { Operation } from '#contracts/operation.ts';
import { operationNamed, operations } from '#contracts/operations.ts';
import { openNatsBus } from '#shared/nats/bus.ts';
import { permissionsOf } from '#shared/nats/bus-permissions.ts';
import { serverConfig } from '#shared/nats/bus-server.ts';
import type { Bus } from '#shared/ports/bus.ts';
import { openAuthority } from '#test/support/certificates.ts';
import { hasNatsServer, hasOpenssl, startNatsServer } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort } from '#test/support/processes.ts';

const ANSWER = { inFlightMax: 4, answer: async () => 'answer' };
const passwordOf = (name: string) => `invented-password-of-${name}`;
const subjects = operations.map(({ name }) => name);

describe.skipIf(!(hasNatsServer() && hasOpenssl()))('on nats-server with TLS, the user of', () => {
  let opened: AsyncDisposableStack;
  let url: string;
  let caFile: string;
  const connections = new Map<string, NatsConnection>();
  const buses = new Map<string, Bus>();

  beforeAll(async () => {
    opened = new AsyncDisposableStack();
    const folder = opened.use(await temporaryFolder());
    const authority = openAuthority(folder.path, 'bus');
    const { cert, key } = authority.issue('DNS:localhost', 'IP:127.0.0.1');
    const at = (file: string) => join(folder.path, file);
    await writeFile(at('server.pem'), cert + key);
    await writeFile(at('ca.pem'), authority.ca);
    caFile = at('ca.pem');
    const lines = serverConfig({
      passwords: passwords(),
      clients: { host: '127.0.0.1', port: 0 },
      monitor: { host: '127.0.0.1', port: await freePort() },
      tls: { cert: at('server.pem'), key: at('server.pem'), ca: caFile },
    });
    const server = opened.use(await startNatsServer([lines]));
    url = `tls://localhost:${new URL(server.url.replace(/^\w+:/, 'http:')).port}`;
    for (const name of serviceNames) {
      const passwordFile = at(`${name}.password`);
      await writeFile(passwordFile, passwordOf(name));
      const settings = { url, name, user: name, passwordFile, caFile };
      buses.set(name, opened.use(await openNatsBus(settings)));
      const connection = await connectAs(name, { url, caFile });
      opened.defer(() => connection.close());
      connections.set(name, connection);
    }
  });
  afterAll(() => opened.disposeAsync());

  const connectionOf = (name: string) => connections.get(name) ?? fail();
  const busOf = (name: string) => buses.get(name) ?? fail();

  test.each(serviceNames)('%s serves what it has to, and asks what it has to', async (name) => {
    const { subscribe } = permissionsOf(name);
    const served = subscribe.filter((subject) => !subject.startsWith('_INBOX'));
    const serving = served.map((subject) => busOf(name).serve(subject, ANSWER));
    const subscriptions = await Promise.all(serving);
    for (const subject of served) {
      const asker = serviceNames.find((other) =>
        callsOf(other).some((operation) => operation.name === subject),
      );
      const asking = busOf(asker ?? fail()).request(subject, null, { timeoutMs: 5_000 });
      expect(await asking, `${asker} asks ${subject}`).toBe('answer');
    }
    for (const each of subscriptions) await each.stop();
  });

  test.each(serviceNames)('%s may publish to nothing else', async (name) => {
    const allowed = new Set(permissionsOf(name).publish);
    const others = serviceNames.map((other) => `_INBOX_${other}.a.b`);
    const more = ['news', '$SYS.REQ.SERVER.PING', '_INBOX.a', 'ledger.event.append.more'];
    const tried = [...subjects, ...others, ...more].filter((subject) => !allowed.has(subject));
    expect(await refusedPublishes(connectionOf(name), tried)).toEqual(tried.toSorted());
  });

  test.each(serviceNames)('%s may hear nothing else', async (name) => {
    const allowed = new Set(permissionsOf(name).subscribe);
    const others = serviceNames.filter((other) => other !== name);
    const more = ['>', '*', '*.>', '_INBOX.>', '_INBOX_*.>', '$SYS.>', `${name}.>`];
    const inboxes = others.flatMap((other) => [`_INBOX_${other}.>`, `_INBOX_${other}.a.*`]);
    const tried = [...subjects, ...inboxes, ...more].filter((subject) => !allowed.has(subject));
    expect(await refusedSubscriptions(connectionOf(name), tried)).toEqual(tried.toSorted());
  });

  test('nobody comes in without a password, with that of another, or without TLS', async () => {
    const { host } = new URL(url);
    const tls = { caFile };
    await expect(connect({ servers: host, tls })).rejects.toThrow();
    const other = { user: 'ledger', pass: passwordOf('gateway') };
    await expect(connect({ servers: host, tls, ...other })).rejects.toThrow();
    const own = { user: 'ledger', pass: passwordOf('ledger') };
    await expect(connect({ servers: host, tls: null, ...own })).rejects.toThrow();
  });
});

describe('the calls that are declared', () => {
  test('are those that the services make', () => {
    for (const service of serviceNames) {
      // The gateway may ask for whatever has a route, by its own accord as well.
      const routed = new Set(callsOf(service).flatMap(({ http, name }) => (http ? [name] : [])));
      const declared = callsOf(service).filter(({ name }) => !routed.has(name));
      const others = declared.filter(({ name }) => name !== 'ledger.event.append');
      const made = callsIn(`services/${service}`).filter((name) => !routed.has(name));
      expect(made, service).toEqual(others.map(({ name }) => name).toSorted());
    }
  });

  test('ask for every operation that is served on the bus, and only for those', () => {
    const asked = new Set(serviceNames.flatMap((name) => permissionsOf(name).publish));
    const served = new Set(
      serviceNames.flatMap((name) => permissionsOf(name).subscribe.slice(0, -1)),
    );
    expect([...asked].toSorted()).toEqual([...served].toSorted());
  });

  test('stand in the README of the bus, with what each service hears', () => {
    const readme = readFileSync('shared/nats/README.md', 'utf8');
    for (const name of serviceNames) expect(readme).toContain(rowOf(name));
  });
});

test.each(['short', 'with "quotes" and more', `$2a$${'a'.repeat(20)}`, 'a\nb'.repeat(9)])(
  'the password %j is refused, and not repeated',
  (password) => {
    const files = { cert: 'a', key: 'a', ca: 'a' };
    const address = { host: '127.0.0.1', port: 1 };
    const made = () =>
      serverConfig({
        passwords: { ...passwords(), files: password },
        clients: address,
        monitor: address,
        tls: files,
      });
    expect(made).toThrow('the password of files must be');
    expect(made).not.toThrow(password);
  },
);

/** A service's row in the table of the README. */
function rowOf(name: (typeof serviceNames)[number]): string {
  const code = (text: string) => `\`${text}\``;
  const own = callsOf(name).filter((operation) => operation.http === undefined);
  const asked = [...new Set(own.map((operation) => operation.name))].toSorted().map(code);
  const routed = name === 'gateway' ? ', and every operation of another service with a route' : '';
  const heard =
    name === 'gateway'
      ? permissionsOf(name).subscribe.slice(0, -1).map(code).join(', ')
      : `every operation of ${code(`${name}.*`)}`;
  return `| ${code(name)} | ${asked.join(', ')}${routed} | ${heard}, ${code(`_INBOX_${name}.>`)} |`;
}

/** Names of the operations that a folder's code calls, by their identifiers in the contracts. */
function callsIn(folder: string): Operation['name'][] {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const called = sources.flatMap((text) => [...text.matchAll(/client\s*\.call\(\s*(\w+)/g)]);
  const identifiers = new Set(called.map(([, name = '']) => name));
  // The gateway's door asks for whatever operation has a route.
  identifiers.delete('operation');
  return [...identifiers].map(declaredName).toSorted();
}

/** The name in `export const <identifier> = operation({ name: '...'`. */
function declaredName(identifier: string): Operation['name'] {
  const pattern = new RegExp(`export const ${identifier} = operation\\(\\{\\s*name: '([^']+)'`);
  const files = readdirSync('contracts', { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((each) => each.endsWith('.ts'))) {
    const found = pattern.exec(readFileSync(join('contracts', file), 'utf8'))?.[1];
    if (found !== undefined) return operationNamed(found).name;
  }
  throw new Error(`${identifier} is no operation`);
}

function passwords() {
  const entries = serviceNames.map((name) => [name, passwordOf(name)] as const);
  // A name for each service by construction.
  return Object.fromEntries(entries) as Record<(typeof serviceNames)[number], string>;
}

function connectAs(
  name: string,
  { url, caFile }: { readonly url: string; readonly caFile: string },
): Promise<NatsConnection> {
  const { host: servers } = new URL(url);
  return connect({ servers, user: name, pass: passwordOf(name), tls: { caFile } });
}

/** Those of the subjects of which the server says that they may not be published to. */
async function refusedPublishes(
  connection: NatsConnection,
  tried: readonly string[],
): Promise<string[]> {
  const refused = violationsOf(connection, 'publish');
  for (const subject of tried) connection.publish(subject, 'null');
  return await refused(tried.length);
}

async function refusedSubscriptions(
  connection: NatsConnection,
  tried: readonly string[],
): Promise<string[]> {
  const refused = violationsOf(connection, 'subscription');
  for (const subject of tried) connection.subscribe(subject, { callback: () => undefined });
  return await refused(tried.length);
}

/** Listens to what the server refuses from now on; the answer waits for all that was sent before. */
function violationsOf(
  connection: NatsConnection,
  operation: 'publish' | 'subscription',
): (countMax: number) => Promise<string[]> {
  const seen: string[] = [];
  const status = connection.status();
  const listening = (async () => {
    for await (const each of status) {
      if (each.type !== 'error' || !('operation' in each.error)) continue;
      const { operation: refused, subject } = each.error as unknown as Record<string, string>;
      if (refused === operation && subject !== undefined) seen.push(subject);
    }
  })();
  return async (countMax) => {
    await connection.flush();
    for (let looks = 0; looks < 100 && seen.length < countMax; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    void listening;
    return seen.toSorted();
  };
}

function fail(): never {
  throw new Error('nobody asks for it');
}
