import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRawCadMessage } from '#contracts/cad-messages.ts';
import { type BusCall, busCall } from '#contracts/envelope.ts';
import { type Operation, pathWith } from '#contracts/operation.ts';
import { operations } from '#contracts/operations.ts';
import {
  createIncident,
  listIncidents,
  readIncident,
  updateIncident,
} from '#contracts/records/incident.ts';
import { openContextVerifier } from '#shared/context.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Api, openApi } from '#test/support/api.ts';
import {
  openDepartment,
  openTestGateway,
  platformOf,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';

let gateway: TestGateway;
let department: TestDepartment;
let admin: Api;
/** What the double in the place of the other services was asked, and what it shall answer. */
let asked: BusCall | undefined;
let answer: Json = {};

const id = randomUUIDv7();
const path = `/v1/incidents/${id}`;
const served: readonly Operation[] = [
  createIncident,
  readIncident,
  updateIncident,
  listIncidents,
  readRawCadMessage,
];

beforeAll(async () => {
  gateway = await openTestGateway();
  department = await openDepartment(gateway, await platformOf(gateway), 'bus-fire');
  admin = department.admin;
  for (const { name } of served) {
    await gateway.test.host.bus.serve(name, {
      inFlightMax: 4,
      answer: async ({ body }) => {
        asked = busCall.parse(body);
        return answer;
      },
    });
  }
});
afterAll(() => gateway[Symbol.asyncDispose]());

function refusing(
  code: ConstructorParameters<typeof Problem>[0],
  retryAfterSeconds?: number,
): Json {
  const problem = new Problem(code, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  // Problem bodies are JSON.
  return { ok: false, problem: problem.toBody() as unknown as Json };
}

describe('what another service is asked', () => {
  test('comes with a context that the gateway signed for it, made of the session alone', async () => {
    answer = { ok: true, body: { items: [] } };
    await admin.get('/v1/incidents?status=open&tenant=platform', { 'x-tenant': 'platform' });
    const { vault } = gateway.test.host;
    const verifier = openContextVerifier(vault, gateway.test.clock);
    const caller = await verifier.verify(asked?.context ?? '', 'core-records');
    expect(caller).toMatchObject({
      tenant: department.id,
      timeZone: 'America/Chicago',
      roles: ['admin'],
      subject: { type: 'user' },
      address: '127.0.0.1',
    });
    expect(asked?.input).toEqual({
      params: {},
      query: { status: 'open', tenant: 'platform' },
      body: null,
    });
    await expect(verifier.verify(asked?.context ?? '', 'ledger')).rejects.toThrow();
  });

  test('carries the version, the key of a repeat, and how long to wait for the receipt', async () => {
    answer = { ok: true, body: { id }, version: 4 };
    await admin.patch(path, { nature: 'FIRE' }, { 'if-match': '"3"', prefer: 'wait=2' });
    expect(asked).toMatchObject({
      input: { params: { id }, body: { nature: 'FIRE' } },
      ifMatch: 3,
      receiptWaitMs: 2_000,
    });
    await admin.post('/v1/incidents', { nature: 'FIRE' }, { 'idempotency-key': 'k-1' });
    expect(asked?.idempotencyKey).toBe('k-1');
    expect(asked).not.toHaveProperty('ifMatch');
  });

  test('is not asked at all when a header has no meaning for the operation', async () => {
    asked = undefined;
    const wrong = [
      admin.post('/v1/incidents', { nature: 'FIRE' }, { 'if-match': '"1"' }),
      admin.patch(path, { nature: 'FIRE' }, { 'idempotency-key': 'k' }),
    ];
    expect((await Promise.all(wrong)).map(({ status }) => status)).toEqual([400, 400]);
    expect(asked).toBeUndefined();
  });
});

describe('what another service answers', () => {
  test('becomes status, ETag, Location, receipt and what was applied of the preferences', async () => {
    const leafHash = 'ab'.repeat(32);
    answer = { ok: true, body: { id }, version: 1, receipt: { seq: 7, leafHash } };
    const made = await admin.post('/v1/incidents', { nature: 'FIRE' }, { prefer: 'wait=9' });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({ id });
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('location')).toBe(path);
    expect(made.headers.get('ledger-receipt')).toBe(`7 ${leafHash}`);
    expect(made.headers.get('preference-applied')).toBe('wait=5');
  });

  test('sets no headers: cookies are for the gateway to set', async () => {
    answer = { ok: true, body: { id }, headers: { 'set-cookie': '__Host-watchdesk=x' } };
    expect((await admin.get(path)).headers.has('set-cookie')).toBe(false);
  });

  test('is not repeated to who has that version', async () => {
    answer = { ok: true, body: { id }, version: 4 };
    const known = await admin.get(path, { 'if-none-match': 'W/"4"' });
    expect([known.status, known.body]).toEqual([304, '']);
    expect((await admin.get(path)).status).toBe(200);
  });

  test('of another place is a redirection without a body', async () => {
    const url = 'http://127.0.0.1:1/blobs/cad-mail/ticket';
    answer = { ok: true, body: { url, expiresAt: '2026-11-22T05:00:00.000Z' } };
    const moved = await admin.get(`/v1/cad/messages/${id}/raw`);
    expect([moved.status, moved.body]).toEqual([303, '']);
    expect(moved.headers.get('location')).toBe(url);
  });

  test.each([
    ['version-mismatch', 412],
    ['conflict', 409],
    ['idempotency-key-reused', 422],
    ['not-found', 404],
    ['forbidden', 403],
    ['internal', 500],
    ['timeout', 504],
  ] as const)('as the problem %s is %i', async (code, status) => {
    answer = refusing(code);
    const refused = await admin.patch(path, { nature: 'FIRE' });
    expect(refused.status).toBe(status);
    expect(refused.body).toMatchObject({ code, status });
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('as ledger-behind says when to come again', async () => {
    answer = refusing('ledger-behind', 5);
    const refused = await admin.post('/v1/incidents', { nature: 'FIRE' });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
  });

  test('in a form that is none of ours is 500 and says nothing', async () => {
    answer = { secret: 'stack trace' };
    const refused = await admin.get(path);
    expect(refused.status).toBe(500);
    expect(JSON.stringify(refused.body)).not.toContain('stack');
  });
});

test('a service that nobody serves is 503', async () => {
  const refused = await admin.get(`/v1/files/${id}`);
  expect(refused.status).toBe(503);
  expect(refused.body.code).toBe('unavailable');
});

// One loop over the declarations: a new operation is in this test from its first day.
describe('nobody', () => {
  const closed = operations.filter(({ http, permission }) => http && permission !== 'anyone');

  test.each(closed.map((operation) => [operation.name, operation] as const))(
    'gets 401 from %s, and its service is not asked',
    async (_name, { http }) => {
      asked = undefined;
      const url = pathWith(http?.path ?? '', () => id);
      const refused = await openApi(gateway.origin).request(http?.method ?? 'GET', url);
      expect(refused.status).toBe(401);
      expect(asked).toBeUndefined();
    },
  );

  test('can ask for an operation that has no route', async () => {
    const internal = operations.filter(({ http }) => http === undefined);
    expect(internal.length).toBeGreaterThan(0);
    for (const { name } of internal) {
      expect((await admin.post(`/v1/${name.replaceAll('.', '/')}`, {})).status).toBe(404);
      expect((await admin.post(`/${name}`, {})).status).toBe(404);
    }
  });
});
