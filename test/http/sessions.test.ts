import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, openApi, signIn } from '#test/support/api.ts';
import {
  openDepartment,
  openPerson,
  openTestGateway,
  PASSWORD,
  platformOf,
  rawRequest,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';

const MINUTE_MS = 60_000;
const WHO_AM_I = '/v1/sessions/current';

let gateway: TestGateway;
let department: TestDepartment;
let people = 0;

beforeAll(async () => {
  gateway = await openTestGateway();
  department = await openDepartment(gateway, await platformOf(gateway), 'session-fire');
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** The clock of this file only goes forward: the administrator signs in anew where it matters. */
const newPerson = async (roles: readonly string[] = ['officer']) => {
  const admin = await signIn(gateway.origin, department.adminEmail, PASSWORD);
  people += 1;
  return openPerson({ ...department, admin }, `p${people}@session-fire.example`, roles);
};

async function cookieOf(email: string): Promise<string> {
  const { headers } = await openApi(gateway.origin).post('/v1/sessions', {
    email,
    password: PASSWORD,
  });
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function statusOf(api: Api): Promise<number> {
  return (await api.get(WHO_AM_I)).status;
}

describe('a session', () => {
  test('says who one is', async () => {
    const { api, id, email } = await newPerson(['supervisor']);
    const { status, body } = await api.get(WHO_AM_I);
    expect(status).toBe(200);
    expect(body).toMatchObject({ user: { id, email, name: 'Person' }, roles: ['supervisor'] });
  });

  test('ends after thirty minutes without a request', async () => {
    const { api } = await newPerson();
    await gateway.advance(29 * MINUTE_MS);
    expect(await statusOf(api)).toBe(200);
    await gateway.advance(29 * MINUTE_MS);
    expect(await statusOf(api)).toBe(200);
    await gateway.advance(30 * MINUTE_MS);
    const answer = await api.get(WHO_AM_I);
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe('unauthenticated');
  });

  test('ends after twelve hours however busy it is', async () => {
    const { api } = await newPerson();
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      await gateway.advance(20 * MINUTE_MS);
      expect(await statusOf(api)).toBe(200);
    }
    await gateway.advance(20 * MINUTE_MS);
    expect(await statusOf(api)).toBe(401);
  });

  test('that is used writes so once a minute, not at each request', async () => {
    const { api, id } = await newPerson();
    const versionOf = async () => {
      const tables = gateway.tables.forTenant(department.id);
      const [row] = await tables.list({ kind: 'session', prefix: id, limit: 1 });
      return row?.version;
    };
    for (let times = 0; times < 5; times += 1) await statusOf(api);
    expect(await versionOf()).toBe(1);
    await gateway.advance(MINUTE_MS);
    for (let times = 0; times < 5; times += 1) await statusOf(api);
    expect(await versionOf()).toBe(2);
  });

  test('ends by signing out, for whoever has the cookie, and the browser is told', async () => {
    const { email } = await newPerson();
    const cookie = await cookieOf(email);
    const api = openApi(gateway.origin, { cookie, origin: gateway.origin });
    const out = await api.request('DELETE', WHO_AM_I);
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^__Host-watchdesk=;.*Max-Age=0/);
    expect(await statusOf(api)).toBe(401);
    expect((await api.request('DELETE', WHO_AM_I)).status).toBe(401);
    await gateway.settled();
    expect(gateway.ledger.at(-1)).toMatchObject({
      action: 'gateway.session.ended',
      tenant: department.id,
    });
  });

  test('signed out twice at once ends once', async () => {
    const { api } = await newPerson();
    const outs = await Promise.all([
      api.request('DELETE', WHO_AM_I),
      api.request('DELETE', WHO_AM_I),
    ]);
    const statuses = outs.map(({ status }) => status);
    expect(statuses).toContain(204);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
  });

  test('ends at the next request when the account is deactivated', async () => {
    const { api, id } = await newPerson();
    const admin = await signIn(gateway.origin, department.adminEmail, PASSWORD);
    expect(await statusOf(api)).toBe(200);
    expect((await admin.post(`/v1/users/${id}/deactivate`)).status).toBe(200);
    expect(await statusOf(api)).toBe(401);
  });

  test('has the roles of this moment, not those of the sign-in', async () => {
    const { api, id } = await newPerson(['supervisor']);
    const admin = await signIn(gateway.origin, department.adminEmail, PASSWORD);
    expect((await api.get('/v1/users')).status).toBe(200);
    await admin.patch(`/v1/users/${id}`, { roles: ['officer'] });
    expect((await api.get('/v1/users')).status).toBe(403);
    await admin.patch(`/v1/users/${id}`, { roles: ['supervisor'] });
    expect((await api.get('/v1/users')).status).toBe(200);
  });
});

describe('a cookie', () => {
  test('that was tampered with opens nothing', async () => {
    const { email } = await newPerson();
    const mine = await cookieOf(email);
    const other = await cookieOf((await newPerson()).email);
    const [name = '', value = ''] = mine.split('=');
    const parts = value.split('.');
    const others = (other.split('=')[1] ?? '').split('.');
    const swap = (at: number) => parts.with(at, others[at] ?? '').join('.');
    const forged = [
      swap(2),
      swap(3),
      swap(4),
      parts.with(1, 'platform').join('.'),
      `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`,
      value.slice(0, -1),
      `${value}=`,
      '',
    ];
    for (const each of forged) {
      expect(await statusOf(openApi(gateway.origin, { cookie: `${name}=${each}` })), each).toBe(
        401,
      );
    }
    expect(await statusOf(openApi(gateway.origin, { cookie: mine }))).toBe(200);
  });

  test('and an API key in one request are 400: one of them is not meant', async () => {
    const { email } = await newPerson();
    const both = { cookie: await cookieOf(email), authorization: 'Bearer wd_x' };
    expect((await openApi(gateway.origin, both).get(WHO_AM_I)).body.code).toBe('validation');
  });
});

describe('a change with the cookie', () => {
  const ask = async (headers: Record<string, string>, method = 'DELETE') => {
    const { email } = await newPerson();
    const { port } = gateway.gateway;
    const cookie = await cookieOf(email);
    return rawRequest(gateway.origin, {
      method,
      path: WHO_AM_I,
      headers: { host: `127.0.0.1:${port}`, cookie, ...headers },
    });
  };

  test.each([
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1' },
    { origin: '' },
    { referer: 'http://127.0.0.1/' },
  ])('from %j is 403', async (headers: Record<string, string>) => {
    const answer = await ask(headers);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text).code).toBe('origin-mismatch');
  });

  test('from the same scheme, host and port is taken, also by another loopback name', async () => {
    const { port } = gateway.gateway;
    expect((await ask({ origin: `http://127.0.0.1:${port}` })).status).toBe(204);
    expect((await ask({ origin: `http://localhost:${port}` })).status).toBe(204);
    expect((await ask({ origin: `https://127.0.0.1:${port}` })).status).toBe(403);
    expect((await ask({ origin: `http://127.0.0.1:${port}.evil.example` })).status).toBe(403);
  });

  test('is not needed to read', async () => {
    expect((await ask({}, 'GET')).status).toBe(200);
    expect((await ask({ origin: 'https://evil.example' }, 'GET')).status).toBe(200);
  });
});

test('behind https the public host alone is served, with HSTS on every answer', async () => {
  await using open = await openTestGateway({ publicOrigin: 'https://desk.example' });
  const ask = (host: string, path = '/v1/sessions/current') =>
    rawRequest(open.origin, { path, headers: { host } });
  expect(open.gateway.origin).toBe('https://desk.example');
  const answers = [
    await ask('desk.example'),
    await ask('127.0.0.1'),
    await ask('desk.example', '/x'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 421, 404]);
  for (const { headers } of answers) {
    expect(headers['strict-transport-security']).toMatch(/^max-age=\d+; includeSubDomains$/);
  }
  const origin = 'https://desk.example';
  const { email, password } = open.firstRun;
  const signedIn = await rawRequest(open.origin, {
    method: 'POST',
    path: '/v1/sessions',
    headers: { host: 'desk.example', origin, 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  expect(signedIn.status).toBe(201);
});
