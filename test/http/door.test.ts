import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REQUEST_BODY_BYTES_MAX } from '#contracts/limits.ts';
import { type Api, openApi } from '#test/support/api.ts';
import {
  openDepartment,
  openTestGateway,
  platformOf,
  type RawAnswer,
  rawRequest,
  type TestGateway,
} from '#test/support/http.ts';

let gateway: TestGateway;
let admin: Api;
let host: string;
let key: string;

beforeAll(async () => {
  gateway = await openTestGateway();
  host = `127.0.0.1:${gateway.gateway.port}`;
  const department = await openDepartment(gateway, await platformOf(gateway), 'door-fire');
  admin = department.admin;
  const scopes = ['users:read', 'users:manage'];
  key = (await admin.post('/v1/api-keys', { name: 'door', scopes })).body.key;
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A request with a key, so that only what the test is about can be wrong. */
function ask(about: Parameters<typeof rawRequest>[1]): Promise<RawAnswer> {
  const headers = { host, authorization: `Bearer ${key}`, ...about.headers };
  return rawRequest(gateway.origin, { ...about, headers });
}

function invite(body: string | Uint8Array, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/json' };
  return ask({ method: 'POST', path: '/v1/users', headers: { ...type, ...headers }, body });
}

function expectProblem(answer: RawAnswer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const body = JSON.parse(answer.text);
  expect(body).toMatchObject({ status, code, type: `urn:watchdesk:problem:${code}` });
  expect(body.instance).toBe(`urn:watchdesk:request:${answer.headers['x-request-id']}`);
  expectSecured(answer);
}

function expectSecured({ headers }: Pick<RawAnswer, 'headers'>): void {
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  expect(headers['permissions-policy']).toContain('geolocation=()');
  expect(headers['cache-control']).toBe('no-store');
}

describe('a path', () => {
  test('that is none is 404', async () => {
    expectProblem(await ask({ path: '/v1/nothing' }), 404, 'not-found');
    expectProblem(await ask({ method: 'POST', path: '/' }), 404, 'not-found');
  });

  test('asked by a method that it does not take is 405, with those that it takes', async () => {
    const answer = await ask({ method: 'PUT', path: '/v1/users' });
    expectProblem(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
    const current = await ask({ method: 'POST', path: '/v1/sessions/current' });
    expect(current.headers.allow).toBe('DELETE, GET, HEAD');
    expectProblem(await ask({ method: 'OPTIONS', path: '/docs' }), 405, 'method-not-allowed');
  });

  test('that is no percent-encoded UTF-8 is 400', async () => {
    expectProblem(await ask({ path: '/v1/users/%zz' }), 400, 'validation');
  });

  test('with an endless parameter is 404', async () => {
    expectProblem(await ask({ path: `/v1/users/${'x'.repeat(5_000)}` }), 404, 'not-found');
  });

  test('with an id of another form is 400 and names it', async () => {
    const answer = await ask({ path: '/v1/users/42' });
    expectProblem(answer, 400, 'validation');
    expect(JSON.parse(answer.text).errors).toEqual([
      { pointer: '#/params/id', detail: expect.stringContaining('UUIDv7') },
    ]);
  });

  test('answers HEAD as GET without a body', async () => {
    const get = await ask({ path: '/v1/users' });
    const head = await ask({ method: 'HEAD', path: '/v1/users' });
    expect(head.status).toBe(200);
    expect(head.text).toBe('');
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expectSecured(head);
  });
});

describe('a query', () => {
  test('with a key given twice is 400', async () => {
    const answer = await ask({ path: '/v1/users?limit=1&limit=2' });
    expectProblem(answer, 400, 'validation');
    expect(JSON.parse(answer.text).errors[0].pointer).toBe('#/query/limit');
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'unknown=1', '__proto__=1', 'cursor='])(
    'with %s is 400',
    async (query) => expectProblem(await ask({ path: `/v1/users?${query}` }), 400, 'validation'),
  );

  test('with a cursor that is not ours is 400', async () => {
    expectProblem(await ask({ path: '/v1/users?cursor=abc' }), 400, 'invalid-cursor');
  });
});

describe('a body', () => {
  const person = { email: 'new@door-fire.example', name: 'New', roles: ['officer'] };

  test.each([
    ['{"email":', 'cut'],
    ['{"email":"a@b.example",}', 'with a comma too many'],
    ['{"__proto__":{"roles":["admin"]}}', 'with a key that reaches the prototype'],
    ['{"\\u005f_proto__":1}', 'with that key escaped'],
    ['{"constructor":{"prototype":1}}', 'with the other way to the prototype'],
    ['['.repeat(100_000), 'of nothing but nesting'],
  ])('%.30s... (%s) is 400', async (body) => {
    expectProblem(await invite(body), 400, 'malformed-json');
  });

  test('of bytes that are no UTF-8 is 400', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expectProblem(await invite(body), 400, 'malformed-json');
  });

  test('with fields missing, wrong and unknown is 400 and names each of them', async () => {
    const answer = await invite(JSON.stringify({ email: 'no', roles: ['king'], rank: 1 }));
    expectProblem(answer, 400, 'validation');
    const pointers = JSON.parse(answer.text).errors.map(
      ({ pointer }: { pointer: string }) => pointer,
    );
    expect(pointers.toSorted()).toEqual([
      '#/body/email',
      '#/body/name',
      '#/body/rank',
      '#/body/roles/0',
    ]);
  });

  test('that is missing is 400', async () => {
    expectProblem(await ask({ method: 'POST', path: '/v1/users' }), 400, 'validation');
    expectProblem(await invite(''), 400, 'validation');
  });

  test('over the limit is 413, whether its length is told or not', async () => {
    const body = JSON.stringify({ ...person, name: 'x'.repeat(REQUEST_BODY_BYTES_MAX) });
    const refused = await invite(body);
    expectProblem(refused, 413, 'too-large');
    expect(JSON.stringify(refused)).toContain(String(REQUEST_BODY_BYTES_MAX));
    expectProblem(await invite(body, { 'transfer-encoding': 'chunked' }), 413, 'too-large');
  });

  test.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/merge-patch+json' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    { 'content-type': 'no type' },
  ])('of %j is 415', async (headers) => {
    expectProblem(await invite(JSON.stringify(person), headers), 415, 'unsupported-media-type');
  });

  test('in a type that only this operation takes is taken', async () => {
    const id = (await ask({ path: '/v1/users' })).text.match(/"id":"([^"]+)"/)?.[1];
    const answer = await ask({
      method: 'PATCH',
      path: `/v1/users/${id}`,
      headers: { 'content-type': 'application/merge-patch+json; charset=UTF-8' },
      body: JSON.stringify({ name: 'Chief of Door' }),
    });
    expect(answer.status, answer.text).toBe(200);
  });
});

describe('headers', () => {
  test.each([
    [{ 'if-match': 'W/"1"' }, 'if-match'],
    [{ 'if-match': '3' }, 'if-match'],
  ])('%j is 400 and names it', async (headers, name) => {
    const path = '/v1/users/0192f3c4-d5e6-7a8b-9c0d-1e2f3a4b5c6d/unlock';
    const answer = await ask({ method: 'POST', path, headers });
    expectProblem(answer, 400, 'validation');
    expect(JSON.parse(answer.text).errors[0].pointer).toBe(`#/headers/${name}`);
  });

  test.each([{ 'if-match': '"1"' }, { 'idempotency-key': 'a' }])(
    '%j is 400 where it would be passed over in silence',
    async (headers) => expectProblem(await ask({ path: '/v1/users', headers }), 400, 'validation'),
  );

  test('a request id of the caller is not taken over', async () => {
    const answer = await ask({ path: '/v1/users', headers: { 'x-request-id': 'mine' } });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a host', () => {
  test.each(['evil.example', '127.0.0.1', 'localhost:1', '127.0.0.1.evil.example'])(
    '%s that is not served is 421',
    async (other) => {
      const answer = await ask({ path: '/v1/users', headers: { host: other } });
      expectProblem(answer, 421, 'misdirected-host');
    },
  );

  test('by another loopback name is served', async () => {
    const { port } = gateway.gateway;
    const answer = await ask({ path: '/v1/users', headers: { host: `localhost:${port}` } });
    expect(answer.status).toBe(200);
  });

  test('forwarded by somebody whom nobody trusts changes nothing', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-for': '198.51.100.9' };
    expect((await ask({ path: '/v1/users', headers })).status).toBe(200);
    await ask({ method: 'POST', path: '/v1/tenants', headers });
    await gateway.settled();
    const refusal = gateway.ledger.findLast(({ outcome }) => outcome === 'refused');
    expect(refusal?.actor.address).toBe('127.0.0.1');
  });
});

describe('what is hardly HTTP', () => {
  test('is 400 when it is none, and secured like the rest', async () => {
    const answer = await exchange('NOT HTTP\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/content-type: application\/problem\+json/);
    expect(answer).toMatch(/x-content-type-options: nosniff/);
    expect(answer).toMatch(/"code":"validation"/);
  });

  test('headers without end are 431', async () => {
    const line = `x-filler: ${'x'.repeat(8_000)}\r\n`;
    const answer = await exchange(`GET / HTTP/1.1\r\nhost: ${host}\r\n${line.repeat(4)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toMatch(/"code":"headers-too-large"/);
  });

  test.each([
    ['a second Host header', `GET /v1/users HTTP/1.1\r\nhost: HOST\r\nhost: evil.example\r\n`],
    ['a host in the request line', 'GET http://evil.example/v1/users HTTP/1.1\r\nhost: HOST\r\n'],
  ])('%s is 421: who is meant?', async (_name, head) => {
    const answer = await exchange(`${head.replace('HOST', host)}connection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
  });
});

describe('nobody', () => {
  test('gets 401 before anything is said about the input, and a way to sign in', async () => {
    const answer = await rawRequest(gateway.origin, {
      method: 'POST',
      path: '/v1/users',
      headers: { host, 'content-type': 'text/plain' },
      body: 'x',
    });
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('gets no CORS headers', async () => {
    const api = openApi(gateway.origin, { origin: 'https://evil.example' });
    const answer = await api.get('/v1/sessions/current');
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    );
  });
});

/** What comes back for the text sent, until the other side closes. */
async function exchange(text: string): Promise<string> {
  const socket = connect(gateway.gateway.port, '127.0.0.1');
  socket.write(text);
  return textOf(socket);
}
