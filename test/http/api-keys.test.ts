import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCadSource } from '#contracts/cad-sources.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import { busCall } from '#contracts/envelope.ts';
import { openContextVerifier } from '#shared/context.ts';
import { Problem } from '#shared/problem.ts';
import { openApi, withKey } from '#test/support/api.ts';
import {
  openDepartment,
  openPerson,
  openTestGateway,
  platformOf,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';

const MINUTE_MS = 60_000;

let gateway: TestGateway;
let department: TestDepartment;
let other: TestDepartment;

beforeAll(async () => {
  gateway = await openTestGateway();
  const platform = await platformOf(gateway);
  department = await openDepartment(gateway, platform, 'key-fire');
  other = await openDepartment(gateway, platform, 'key-police');
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function makeKey(
  about: { readonly scopes?: readonly string[]; readonly expiresAt?: string } = {},
) {
  const body = { name: 'Dashboard', scopes: ['users:read'], ...about };
  const answer = await department.admin.post('/v1/api-keys', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return { ...answer.body, api: withKey(gateway.origin, answer.body.key) };
}

describe('making a key', () => {
  test('201: the key, once; what is kept of it opens nothing', async () => {
    const { id, key } = await makeKey();
    expect(key).toMatch(/^wd_[0-9a-f]{32}_[0-9a-z]{50}_[0-9a-z]{7}$/);
    const listed = (await department.admin.get('/v1/api-keys')).body.items;
    expect(listed.at(-1)).toMatchObject({ id, name: 'Dashboard', scopes: ['users:read'] });
    const secret = key.split('_')[2];
    expect(JSON.stringify(listed)).not.toContain(secret);
    const rows = await gateway.tables.forTenant(department.id).list({ kind: 'api-key', limit: 50 });
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(listed)).not.toContain('secretHash');
  });

  test('400: an end that is past, scopes that are none or repeat', async () => {
    for (const wrong of [
      { expiresAt: '2020-01-01T00:00:00Z' },
      { scopes: [] },
      { scopes: ['tenants:manage'] },
      { scopes: ['ledger:append'] },
      { scopes: ['users:read', 'users:read'] },
    ]) {
      const body = { name: 'X', scopes: ['users:read'], ...wrong };
      const answer = await department.admin.post('/v1/api-keys', body);
      expect(answer.status, JSON.stringify(wrong)).toBe(400);
    }
  });

  test('403: by somebody who may not', async () => {
    const { api } = await openPerson(department, 'sup@key-fire.example', ['supervisor']);
    const body = { name: 'X', scopes: ['users:read'] };
    expect((await api.post('/v1/api-keys', body)).status).toBe(403);
  });

  test('403: with a scope that the maker does not hold, and the ledger hears of it', async () => {
    const staff = await platformOf(gateway);
    const body = { name: 'X', scopes: ['users:read', 'incidents:read'] };
    const answer = await staff.post('/v1/api-keys', body);
    expect(answer.status).toBe(403);
    expect(answer.body.errors).toEqual([
      { pointer: '#/body/scopes/1', detail: 'is not a permission that you hold' },
    ]);
    await gateway.settled();
    expect(gateway.ledger.at(-1)).toMatchObject({ tenant: 'platform', outcome: 'refused' });
  });

  // A key that could make keys would outlive its own end.
  test('403: by a key', async () => {
    const { api } = await makeKey({ scopes: ['api-keys:manage', 'users:read'] });
    const answer = await api.post('/v1/api-keys', { name: 'Child', scopes: ['users:read'] });
    expect(answer.body.code).toBe('forbidden');
    expect((await api.get('/v1/api-keys')).status).toBe(200);
  });
});

describe('a key of a CAD source', () => {
  const make = (cadSource: string) =>
    department.admin.post('/v1/api-keys', {
      name: 'Vendor',
      scopes: ['cad-messages:submit'],
      cadSource,
    });
  const known = randomUUIDv7();
  /** Where cad-ingest stands on the bus: knows one source, and for whom it is asked. */
  async function keepSources() {
    const callers: CallerClaims[] = [];
    const verifier = openContextVerifier(gateway.test.host.vault, gateway.test.clock);
    const subscription = await gateway.test.host.bus.serve(readCadSource.name, {
      inFlightMax: 4,
      answer: async ({ body }) => {
        const { context, input } = busCall.parse(body);
        callers.push(await verifier.verify(context, 'cad-ingest'));
        const { id } = readCadSource.params.parse(input.params);
        if (id === known) return { ok: true, body: { id } };
        return {
          ok: false,
          problem: JSON.parse(JSON.stringify(new Problem('not-found').toBody())),
        };
      },
    });
    return { callers, [Symbol.asyncDispose]: () => subscription.stop() };
  }

  test('is made for a source that there is, which is asked for in the name of its maker', async () => {
    await using sources = await keepSources();
    const answer = await make(known);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    expect(answer.body.cadSource).toBe(known);
    expect(sources.callers).toMatchObject([{ tenant: department.id, roles: ['admin'] }]);
  });

  test('is not made for one that there is not, and the answer names the field', async () => {
    await using _ = await keepSources();
    const before = (await department.admin.get('/v1/api-keys')).body.items.length;
    const answer = await make(randomUUIDv7());
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([
      { pointer: '#/body/cadSource', detail: 'is no CAD source of this department' },
    ]);
    expect((await department.admin.get('/v1/api-keys')).body.items).toHaveLength(before);
  });

  test('is not made while nobody can tell', async () => {
    expect((await make(known)).status).toBe(503);
  });
});

describe('a key', () => {
  test('needs no cookie and no Origin, and says who it is', async () => {
    const { api, id } = await makeKey({ scopes: ['users:read', 'users:manage'] });
    const who = (await api.get('/v1/sessions/current')).body;
    expect(who).toMatchObject({ key: { id, name: 'Dashboard' }, roles: ['admin'] });
    expect(who.scopes).toEqual(['users:read', 'users:manage']);
    expect(who).not.toHaveProperty('user');
    const person = { email: 'by-key@key-fire.example', name: 'K', roles: ['officer'] };
    expect((await api.post('/v1/users', person)).status).toBe(201);
    await gateway.settled();
    expect(gateway.ledger.at(-1)?.actor).toMatchObject({ type: 'key', id });
  });

  test('may do what its scopes name, and nothing else that its maker may', async () => {
    const { api } = await makeKey();
    expect((await api.get('/v1/users')).status).toBe(200);
    const person = { email: 'no@key-fire.example', name: 'N', roles: ['officer'] };
    expect((await api.post('/v1/users', person)).status).toBe(403);
    expect((await api.get('/v1/api-keys')).status).toBe(403);
  });

  test('has no session to end', async () => {
    const { api } = await makeKey();
    expect((await api.request('DELETE', '/v1/sessions/current')).status).toBe(404);
  });

  test('loses what its maker loses, at the next request', async () => {
    const maker = await openPerson(department, 'maker@key-fire.example', ['admin']);
    const made = await maker.api.post('/v1/api-keys', { name: 'M', scopes: ['users:read'] });
    const api = withKey(gateway.origin, made.body.key);
    const path = `/v1/users/${maker.id}`;
    expect((await api.get('/v1/users')).status).toBe(200);
    await department.admin.patch(path, { roles: ['officer'] });
    expect((await api.get('/v1/users')).status).toBe(403);
    await department.admin.patch(path, { roles: ['supervisor'] });
    expect((await api.get('/v1/users')).status).toBe(200);
    await department.admin.post(`${path}/deactivate`);
    expect((await api.get('/v1/users')).status).toBe(401);
  });

  test('that is revoked is refused at the next request, and the ledger hears of its use', async () => {
    const { api, id } = await makeKey();
    expect((await api.get('/v1/users')).status).toBe(200);
    const revoked = await department.admin.request('DELETE', `/v1/api-keys/${id}`);
    expect(revoked.status).toBe(200);
    expect(revoked.body.revokedAt).toMatch(/Z$/);
    const answer = await api.get('/v1/users');
    expect(answer.status).toBe(401);
    expect(answer.body.detail).toContain('revoked');
    await api.get('/v1/users');
    await gateway.settled();
    const uses = gateway.ledger.filter(({ action }) => action === 'gateway.api-key.refused');
    expect(uses.filter(({ object }) => object.id === id)).toHaveLength(1);
    expect(uses.at(-1)).toMatchObject({ tenant: department.id, reason: 'it was revoked' });
    const again = await department.admin.request('DELETE', `/v1/api-keys/${id}`);
    expect(again.body.code).toBe('conflict');
  });

  test('of another department is not there', async () => {
    const { id, api } = await makeKey();
    expect((await other.admin.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(404);
    expect((await other.admin.get('/v1/api-keys')).body.items).toEqual([]);
    expect((await api.get('/v1/users')).status).toBe(200);
  });

  test('ends when it expires', async () => {
    await using own = await openTestGateway();
    const { admin } = await openDepartment(own, await platformOf(own), 'short-fire');
    const expiresAt = new Date(own.test.clock() + 10 * MINUTE_MS).toISOString();
    const made = await admin.post('/v1/api-keys', { name: 'E', scopes: ['users:read'], expiresAt });
    const api = withKey(own.origin, made.body.key);
    expect((await api.get('/v1/users')).status).toBe(200);
    await own.advance(10 * MINUTE_MS);
    expect((await api.get('/v1/users')).body.detail).toContain('expired');
  });

  test('writes down that it was used once a minute', async () => {
    const { api, id } = await makeKey();
    const tables = gateway.tables.forTenant(department.id);
    const versionOf = async () => (await tables.get({ kind: 'api-key', id }))?.version;
    expect(await versionOf()).toBe(1);
    for (let times = 0; times < 5; times += 1) await api.get('/v1/users');
    expect(await versionOf()).toBe(2);
    const listed = (await department.admin.get('/v1/api-keys')).body.items;
    expect(listed.at(-1).lastUsedAt).toMatch(/Z$/);
  });

  test.each([
    ['cut', (key: string) => key.slice(0, -1)],
    [
      'with a typing error',
      (key: string) => `${key.slice(0, 40)}${key[40] === '0' ? '1' : '0'}${key.slice(41)}`,
    ],
    ['in another scheme', (key: string) => `${key} x`],
  ])('%s is 401', async (_name, change) => {
    const { key } = await makeKey();
    const answer = await withKey(gateway.origin, change(key)).get('/v1/users');
    expect(answer.status).toBe(401);
  });

  test('made up with a right checksum is 401 and says nothing of what there is', async () => {
    const { newApiKey } = await import('#services/gateway/identity/api-key-token.ts');
    const { id } = await makeKey();
    const guess = newApiKey(id, Buffer.alloc(32, 1)).key;
    const unknown = newApiKey('0'.repeat(32), Buffer.alloc(32, 1)).key;
    const answers = await Promise.all(
      [guess, unknown].map((key) => withKey(gateway.origin, key).get('/v1/users')),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
    expect(answers[0]?.body.detail).toBe(answers[1]?.body.detail);
  });

  test('in a scheme that is not Bearer is 401', async () => {
    const { key } = await makeKey();
    const basic = openApi(gateway.origin, { authorization: `Basic ${btoa(`${key}:`)}` });
    expect((await basic.get('/v1/users')).status).toBe(401);
  });
});
