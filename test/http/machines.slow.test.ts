import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listUsers } from '#contracts/users.ts';
import { openGateway } from '#services/gateway/service.ts';
import { Problem } from '#shared/problem.ts';
import { openApi, signIn } from '#test/support/api.ts';
import { openTestHost, type TestHost } from '#test/support/host.ts';
import {
  openDepartment,
  openTestGateway,
  platformOf,
  rawRequest,
  type TestGateway,
} from '#test/support/http.ts';

describe('probes', () => {
  let gateway: TestGateway;
  let busDown = false;
  beforeAll(async () => {
    gateway = await openTestGateway(({ host: { bus } }) => {
      const ping = () => (busDown ? Promise.reject(new Problem('unavailable')) : bus.ping());
      return { bus: { ...bus, ping } };
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());
  const ask = (path: string, headers: Record<string, string> = {}) =>
    rawRequest(gateway.origin, { path, headers: { host: '10.1.2.3', ...headers } });

  test('answer at whatever address they are asked', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, text: '{"status":"alive"}' });
    expect(await ask('/readyz')).toMatchObject({ status: 200, text: '{"status":"ready"}' });
  });

  test('are not ready while the bus is down, and alive all the same', async () => {
    busDown = true;
    const answer = await ask('/readyz');
    busDown = false;
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
  });

  test('figures are Prometheus text with nothing of a tenant in it', async () => {
    const department = await openDepartment(gateway, await platformOf(gateway), 'figure-fire');
    await department.admin.get('/v1/users');
    const answer = await ask('/metrics');
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.text).toMatch(
      /watchdesk_operation_seconds_count\{operation="gateway\.user\.list",outcome="ok"\} 1/,
    );
    expect(answer.text).not.toContain(department.id);
    expect(answer.text).not.toContain('figure-fire');
  });

  test.each(['x-forwarded-for', 'forwarded', 'via'])(
    'figures are not there with %s',
    async (name) => {
      expect((await ask('/metrics', { [name]: '198.51.100.9' })).status).toBe(404);
    },
  );
});

describe('limits', () => {
  test('429 with the time to wait, per address, more strictly where passwords can be tried', async () => {
    await using gateway = await openTestGateway({ rates: { address: 5, signIn: 2 } });
    const api = openApi(gateway.origin);
    const trySignIn = () => api.post('/v1/sessions', { email: 'a@b.example', password: 'x' });
    expect((await trySignIn()).status).toBe(401);
    expect((await trySignIn()).headers.get('ratelimit-remaining')).toBe('0');
    const refused = await trySignIn();
    expect(refused.status).toBe(429);
    expect(refused.body.code).toBe('rate-limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const invited = await api.post(`/v1/invitations/${'x'.repeat(43)}/accept`, { password: 'x' });
    expect(invited.status).toBe(429);
    const statuses: number[] = [];
    for (let times = 0; times < 6; times += 1) statuses.push((await api.get('/nothing')).status);
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429]);
    expect((await api.get('/healthz')).status).toBe(200);
    await gateway.advance(60_000);
    expect((await api.get('/nothing')).status).toBe(404);
  });

  test('429 per session, whatever the address allows', async () => {
    await using gateway = await openTestGateway({ rates: { caller: 3 } });
    const platform = await platformOf(gateway);
    const statuses: number[] = [];
    for (let times = 0; times < 4; times += 1) {
      statuses.push((await platform.get('/v1/sessions/current')).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    const again = await platformOf(gateway);
    expect((await again.get('/v1/sessions/current')).status).toBe(200);
  });

  test('the address is that of the client where the proxy in front is trusted', async () => {
    await using gateway = await openTestGateway({
      rates: { address: 1 },
      trustedProxies: ['127.0.0.1/32'],
    });
    const from = async (address: string) => {
      const api = openApi(gateway.origin, { 'x-forwarded-for': `8.8.8.8, ${address}` });
      return (await api.get('/nothing')).status;
    };
    expect([await from('10.0.0.1'), await from('10.0.0.2'), await from('10.0.0.1')]).toEqual([
      404, 404, 429,
    ]);
  });
});

describe('stopping', () => {
  test('a request in work is answered, new ones are not taken, the probe says so first', async () => {
    await using gateway = await openTestGateway({ drainMs: 300 });
    const { bus } = gateway.test.host;
    const { promise: release, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await bus.serve('core-records.incident.list', {
      inFlightMax: 1,
      answer: async () => {
        asked.resolve();
        await release;
        return { ok: true, body: { items: [] } };
      },
    });
    const { admin } = await openDepartment(gateway, await platformOf(gateway), 'stop-fire');
    const working = admin.get('/v1/incidents');
    await asked.promise;
    const stopped = gateway.gateway[Symbol.asyncDispose]();
    const probe = await openApi(gateway.origin).get('/readyz');
    expect(probe.status).toBe(503);
    expect((await admin.get('/v1/users')).status).toBe(200);
    setTimeout(resolve, 500);
    expect((await working).status).toBe(200);
    await stopped;
    await expect(openApi(gateway.origin).get('/healthz')).rejects.toThrow();
  });
});

describe('a body that comes slowly', () => {
  test('is read as long as it comes in time', async () => {
    await using gateway = await openTestGateway();
    const { port } = gateway.gateway;
    const headers = { host: `127.0.0.1:${port}`, 'content-type': 'application/json' };
    const path = '/v1/sessions';
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', path, headers });
    const answered = once(outgoing, 'response');
    outgoing.write('{"email":"a@b.example",');
    await new Promise((resolve) => setTimeout(resolve, 100));
    outgoing.end('"password":"x"}');
    const [response] = await answered;
    expect(response.statusCode).toBe(401);
    response.resume();
  });
});

describe('the first start', () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await openTestHost();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const start = async (firstRunFile: string) => {
    const { bus, vault, cache, mailer } = host.host;
    const parts = await host.parts('gateway');
    return openGateway({
      ...parts,
      bus,
      vault,
      cache,
      mailer,
      http: { host: '127.0.0.1', port: 0 },
      doors: {},
      firstRunFile,
    });
  };

  test('writes the file for its owner alone; the password in it works; later starts keep both', async () => {
    const folder = join(host.dataDir, 'one');
    const file = join(folder, 'first-run.json');
    const first = await start(file);
    const text = await readFile(file, 'utf8');
    const { email, password } = JSON.parse(text);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(password.length).toBeGreaterThanOrEqual(20);
    expect(await readdir(folder)).toEqual(['first-run.json']);
    await signIn(first.origin, email, password);
    await first[Symbol.asyncDispose]();
    const second = await start(file);
    expect(await readFile(file, 'utf8')).toBe(text);
    await signIn(second.origin, email, password);
    await second[Symbol.asyncDispose]();
  });

  // What a crash between the file and the account leaves: the file alone.
  test('goes on from a file that an interrupted start has left', async () => {
    await using other = await openTestHost();
    const file = join(other.dataDir, 'first-run.json');
    const left = { email: 'platform@left.example', password: 'a password of an earlier start' };
    await writeFile(file, JSON.stringify(left));
    await chmod(file, 0o600);
    const { bus, vault, cache, mailer } = other.host;
    const parts = await other.parts('gateway');
    const gateway = await openGateway({
      ...{ ...parts, bus, vault, cache, mailer, doors: {}, firstRunFile: file },
      http: { host: '127.0.0.1', port: 0 },
    });
    await signIn(gateway.origin, left.email, left.password);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(left);
    await gateway[Symbol.asyncDispose]();
  });

  test('does not begin on a file that it cannot read, and says what to do', async () => {
    await using other = await openTestHost();
    const folder = join(other.dataDir, 'bad');
    await mkdir(folder);
    const file = join(folder, 'first-run.json');
    await writeFile(file, '{"email":"platform@left');
    const { cache, mailer } = other.host;
    const parts = await other.parts('gateway');
    const opening = openGateway({
      ...{ ...parts, cache, mailer, doors: {}, firstRunFile: file },
      http: { host: '127.0.0.1', port: 0 },
    });
    await expect(opening).rejects.toThrow(/remove it and start again/);
  });

  test('releases a locked Platform administrator when whoever runs the machine says so', async () => {
    await using gateway = await openTestGateway();
    const { email, password } = gateway.firstRun;
    const api = openApi(gateway.origin);
    for (let times = 0; times < 5; times += 1)
      await api.post('/v1/sessions', { email, password: 'x' });
    expect((await api.post('/v1/sessions', { email, password })).status).toBe(401);
    const { cache, mailer } = gateway.test.host;
    const again = await openGateway({
      ...{
        ...(await gateway.test.parts('gateway')),
        cache,
        mailer,
        doors: {},
        unlockPlatform: true,
      },
      http: { host: '127.0.0.1', port: 0 },
      firstRunFile: join(gateway.test.dataDir, 'first-run.json'),
    });
    await signIn(again.origin, email, password);
    await again[Symbol.asyncDispose]();
    expect(gateway.ledger.map(({ action }) => action)).toContain('gateway.user.unlocked');
  });
});

test('the operations of the gateway are not served on the bus', async () => {
  await using gateway = await openTestGateway();
  const { bus } = gateway.test.host;
  const asking = bus.request(listUsers.name, {}, { timeoutMs: 1_000 });
  await expect(asking).rejects.toMatchObject({ code: 'unavailable' });
});
