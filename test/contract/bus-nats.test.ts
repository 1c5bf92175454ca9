/** What only a bus with a server between can go through: its end, its return, its rules. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { describe, expect, test, vi } from 'vitest';
import { openNatsBus } from '#shared/nats/bus.ts';
import type { Bus, BusRequest } from '#shared/ports/bus.ts';
import { hasNatsServer, hasOpenssl, noNatsServer, startNatsServer } from '#test/support/engines.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const SUBJECT = 'core-records.incident.create';
const WAIT = { timeoutMs: 2_000 };
/** Longer than a test may take: what answers at all has not waited for it. */
const LONG = { timeoutMs: 120_000 };
const BACK_MS_MAX = 10_000;

const natsFound = hasNatsServer();
const opensslFound = hasOpenssl();
const name = natsFound ? 'the bus on NATS' : `the bus on NATS, ${noNatsServer}`;

async function untilAnswered(bus: Bus, subject: string): Promise<unknown> {
  const endsAt = performance.now() + BACK_MS_MAX;
  for (;;) {
    try {
      return await bus.request(subject, null, { timeoutMs: 200 });
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await sleep(20);
    }
  }
}

async function untilDown(bus: Bus): Promise<void> {
  while (
    await bus.ping().then(
      () => true,
      () => false,
    )
  )
    await sleep(5);
}

describe.skipIf(!natsFound)(name, () => {
  describe('when the server goes', () => {
    test('refuses at once, and serves again by itself when it is back', async () => {
      await using server = await startNatsServer();
      await using near = await openNatsBus({ url: server.url, name: 'gateway' });
      await using far = await openNatsBus({ url: server.url, name: 'core-records' });
      let served = 0;
      await far.serve(SUBJECT, {
        inFlightMax: 8,
        answer: async () => {
          served += 1;
          return served;
        },
      });
      await server.kill();
      await untilDown(near);
      const asking = near.request(SUBJECT, null, LONG);
      await expect(asking).rejects.toMatchObject({ code: 'unavailable' });
      await server.restart();
      // The first one served is the first one asked after the return: nothing was kept and sent late.
      expect(await untilAnswered(near, SUBJECT)).toBe(1);
    });

    test('ends a request under way as a timeout: it may have been carried out', async () => {
      await using server = await startNatsServer();
      await using near = await openNatsBus({ url: server.url, name: 'gateway' });
      await using far = await openNatsBus({ url: server.url, name: 'core-records' });
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const { promise: started, resolve: start } = Promise.withResolvers<void>();
      await far.serve(SUBJECT, {
        inFlightMax: 8,
        answer: async () => {
          start();
          await released;
          return null;
        },
      });
      const asking = near.request(SUBJECT, null, { timeoutMs: 500 });
      // Heard from now on: the time may be over before the server is.
      const ended = expect(asking).rejects.toMatchObject({ code: 'timeout' });
      await started;
      await server.kill();
      await ended;
      release();
    });

    test('does not keep the bus from being closed', async () => {
      await using server = await startNatsServer();
      const near = await openNatsBus({ url: server.url, name: 'gateway' });
      await near.serve(SUBJECT, { inFlightMax: 8, answer: async () => null });
      await server.kill();
      await near[Symbol.asyncDispose]();
      await expect(near.ping()).rejects.toMatchObject({ code: 'unavailable' });
    });

    test('and a server that comes late is waited for at the opening', async () => {
      await using server = await startNatsServer();
      await server.kill();
      const opening = openNatsBus({ url: server.url, name: 'gateway' });
      await sleep(100);
      await server.restart();
      await using near = await opening;
      await near.ping();
    });
  });

  describe('with users', () => {
    const rules = (password: string) => [
      'authorization { users = [',
      `  { user: gateway, password: "${password}", permissions: {`,
      '      publish: ["core-records.>"], subscribe: ["_INBOX_gateway.>"],',
      '      allow_responses: true } }',
      '  { user: core-records, password: "records", permissions: {',
      '      publish: ["ledger.>"], subscribe: ["core-records.>", "_INBOX_core-records.>"],',
      '      allow_responses: true } }',
      '] }',
    ];

    async function openUsers(password = 'desk') {
      await using opened = new AsyncDisposableStack();
      const folder = opened.use(await temporaryFolder());
      const server = opened.use(await startNatsServer(rules('desk')));
      const openAs = async (user: string, secret: string) => {
        const passwordFile = join(folder.path, user);
        await writeFile(passwordFile, `${secret}\n`);
        return opened.use(await openNatsBus({ url: server.url, name: user, user, passwordFile }));
      };
      const near = await openAs('gateway', password);
      const far = await openAs('core-records', 'records');
      const stack = opened.move();
      return { server, near, far, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    }

    test('works with the permissions that a service needs, and no more', async () => {
      await using ends = await openUsers();
      await ends.far.serve(SUBJECT, { inFlightMax: 8, answer: async ({ body }) => body });
      expect(await ends.near.request(SUBJECT, 7, WAIT)).toBe(7);
    });

    test('hears progress with no permission more than to answer', async () => {
      await using ends = await openUsers();
      const answer = async ({ watcher }: BusRequest) => {
        for (let told = 0; told < 5; told += 1) {
          watcher?.tell(told);
          await sleep(20);
        }
        return 'answer';
      };
      await ends.far.serve(SUBJECT, { inFlightMax: 8, answer });
      const heard: unknown[] = [];
      const hear = (progress: unknown) => heard.push(progress);
      const { signal } = new AbortController();
      const watching = ends.near.watch(SUBJECT, null, { silenceMs: 2_000, hear, signal });
      expect(await watching).toBe('answer');
      expect(heard.length).toBeGreaterThan(1);
    });

    test('does not hear what the server keeps from it, and says so', async () => {
      await using ends = await openUsers();
      const listening = ends.near.listen('core-records.*', () => undefined);
      await expect(listening).rejects.toThrow('does not let gateway hear');
      const stealing = ends.near.serve(SUBJECT, { inFlightMax: 8, answer: async () => null });
      await expect(stealing).rejects.toThrow('does not let gateway hear');
    });

    test('fails a request that its user may not send, as a fault and not as a wait', async () => {
      await using ends = await openUsers();
      const asking = ends.near.request('ledger.event.append', 1, LONG);
      await expect(asking).rejects.toThrow(/permission/i);
    });

    test('is not opened with a wrong password', async () => {
      await expect(openUsers('wrong')).rejects.toThrow('cannot be used');
    });
  });

  describe.skipIf(!opensslFound)(
    opensslFound ? 'with TLS' : 'with TLS, left out: no openssl',
    () => {
      async function openSecured() {
        await using opened = new AsyncDisposableStack();
        const folder = opened.use(await temporaryFolder());
        const ours = certificateIn(folder.path, 'ours');
        const other = certificateIn(folder.path, 'other');
        const tls = `tls { cert_file: "${ours.file}", key_file: "${ours.key}" }`;
        const server = opened.use(await startNatsServer([tls]));
        const { host } = new URL(server.url);
        const stack = opened.move();
        const close = () => stack.disposeAsync();
        return { host, ours: ours.file, other: other.file, [Symbol.asyncDispose]: close };
      }

      test('trusts the authority that it was told of, and no other', async () => {
        await using secured = await openSecured();
        const url = `tls://${secured.host}`;
        await using near = await openNatsBus({ url, name: 'gateway', caFile: secured.ours });
        await near.ping();
        const strange = openNatsBus({ url, name: 'gateway', caFile: secured.other });
        await expect(strange).rejects.toThrow('cannot be used');
        await expect(openNatsBus({ url, name: 'gateway' })).rejects.toThrow('authority');
      });

      test('is not left out because an address does not ask for it', async () => {
        await using secured = await openSecured();
        const plain = openNatsBus({ url: `nats://${secured.host}`, name: 'gateway' });
        await expect(plain).rejects.toThrow('cannot be used');
        await using server = await startNatsServer();
        const url = server.url.replace('nats:', 'tls:');
        const asking = openNatsBus({ url, name: 'gateway', caFile: secured.ours });
        await expect(asking).rejects.toThrow('cannot be used');
      });
    },
  );

  test('goes on after messages that are no JSON', async () => {
    await using server = await startNatsServer();
    await using far = await openNatsBus({ url: server.url, name: 'core-records' });
    await using stranger = await connect({ servers: new URL(server.url).host });
    await far.serve(SUBJECT, { inFlightMax: 8, answer: async () => 'answer' });
    const heard: unknown[] = [];
    await far.listen('news.*', (_, body) => heard.push(body));
    const reply = await stranger.request(SUBJECT, 'no { JSON');
    expect(reply.headers?.has('Watchdesk-Problem')).toBe(true);
    expect(reply.json()).toMatchObject({ code: 'internal' });
    stranger.publish('news.a', 'no { JSON');
    stranger.publish('news.a', '"JSON"');
    await vi.waitUntil(() => heard.length > 0);
    expect(heard).toEqual(['JSON']);
    expect(await far.request(SUBJECT, null, WAIT)).toBe('answer');
  });

  test('keeps its own inboxes, below a prefix with its name', async () => {
    await using server = await startNatsServer();
    await using near = await openNatsBus({ url: server.url, name: 'gateway' });
    await using stranger = await connect({ servers: new URL(server.url).host });
    const subscription = stranger.subscribe(SUBJECT, { max: 1 });
    await stranger.flush();
    const asking = near.request(SUBJECT, null, { timeoutMs: 500 }).catch(() => undefined);
    for await (const message of subscription) {
      expect(message.reply).toMatch(/^_INBOX_gateway\./);
      message.respond('null');
    }
    await asking;
  });
});

/** A fresh certificate for the loopback address, which is its own authority. */
function certificateIn(
  folder: string,
  called: string,
): { readonly file: string; readonly key: string } {
  const file = join(folder, `${called}.crt`);
  const key = join(folder, `${called}.key`);
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const all = ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', file];
  execFileSync('openssl', all, { stdio: 'ignore' });
  return { file, key };
}
