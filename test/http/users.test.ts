import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '#test/support/api.ts';
import {
  openDepartment,
  openPerson,
  openTestGateway,
  platformOf,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';

let gateway: TestGateway;
let department: TestDepartment;
let other: TestDepartment;
let platform: Api;
let admin: Api;
let people = 0;

beforeAll(async () => {
  gateway = await openTestGateway();
  platform = await platformOf(gateway);
  department = await openDepartment(gateway, platform, 'user-fire');
  other = await openDepartment(gateway, platform, 'other-fire');
  admin = department.admin;
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function invite(roles: readonly string[] = ['officer']) {
  people += 1;
  const body = { email: `u${people}@user-fire.example`, name: `User ${people}`, roles };
  const answer = await admin.post('/v1/users', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer;
}

describe('inviting a person', () => {
  test('201: the account, its ETag, where it is, and the token, once', async () => {
    const { body, headers } = await invite();
    expect(body).toMatchObject({
      status: 'invited',
      roles: ['officer'],
      locked: false,
      version: 1,
    });
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('location')).toBe(`/v1/users/${body.id}`);
    const read = await admin.get(`/v1/users/${body.id}`);
    expect(read.body).not.toHaveProperty('invitation');
    expect(JSON.stringify(read.body)).not.toContain(body.invitation.token);
  });

  test('400: a role that is given twice, that is none, or that is not for departments', async () => {
    const person = { email: 'x@user-fire.example', name: 'X' };
    for (const roles of [['officer', 'officer'], ['vendor'], ['job:ledger'], [], ['platform']]) {
      const answer = await admin.post('/v1/users', { ...person, roles });
      expect(answer.status, roles.join()).toBe(400);
      expect(answer.body.errors[0].pointer).toMatch(/^#\/body\/roles/);
    }
  });

  test('403: without the permission, and the ledger hears of it', async () => {
    const { api, id } = await openPerson(department, 'plain@user-fire.example', ['officer']);
    const body = { email: 'y@user-fire.example', name: 'Y', roles: ['admin'] };
    const answer = await api.post('/v1/users', body);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'forbidden', detail: /users:manage/ });
    await gateway.settled();
    expect(gateway.ledger.at(-1)).toMatchObject({
      tenant: department.id,
      action: 'gateway.operation.refused',
      actor: { type: 'user', id },
      object: { type: 'operation', id: 'gateway.user.create' },
      outcome: 'refused',
    });
  });

  test('409: an address that has an account, here or in another department', async () => {
    const { body } = await invite();
    const again = await admin.post('/v1/users', { ...named(body), roles: ['officer'] });
    expect(again.body.code).toBe('already-exists');
    const there = await other.admin.post('/v1/users', { ...named(body), roles: ['officer'] });
    expect(there.status).toBe(409);
  });

  test('409: twenty at once with one address make one account', async () => {
    const body = { email: 'race@user-fire.example', name: 'Race', roles: ['officer'] };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => admin.post('/v1/users', body)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  });
});

describe('reading people', () => {
  test('200: with an ETag; 304 to who has that version', async () => {
    const { body } = await invite();
    const path = `/v1/users/${body.id}`;
    const read = await admin.get(path);
    expect(read.status).toBe(200);
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toBe('"1"');
    const same = await admin.get(path, { 'if-none-match': etag });
    expect(same.status).toBe(304);
    expect(same.body).toBe('');
    expect(same.headers.get('etag')).toBe(etag);
    expect((await admin.get(path, { 'if-none-match': '"7"' })).status).toBe(200);
  });

  test('404: nobody, and somebody of another department', async () => {
    expect((await admin.get(`/v1/users/${randomUUIDv7()}`)).status).toBe(404);
    const { body } = await invite();
    const path = `/v1/users/${body.id}`;
    expect((await other.admin.get(path)).body.code).toBe('not-found');
    expect((await other.admin.patch(path, { name: 'Mine' })).status).toBe(404);
    expect((await other.admin.post(`${path}/unlock`)).status).toBe(404);
    expect((await other.admin.post(`${path}/deactivate`)).status).toBe(404);
    expect((await platform.get(path)).status).toBe(404);
    expect((await admin.get(path)).body.name).toBe(body.name);
  });

  test('a list has everybody of the department once, page by page, and nobody else', async () => {
    await Promise.all([invite(), invite(), invite(), invite()]);
    const all = (await admin.get('/v1/users?limit=200')).body;
    expect(all).not.toHaveProperty('next');
    const paged: string[] = [];
    let next = '';
    do {
      const page = await admin.get(`/v1/users?limit=3${next && `&cursor=${next}`}`);
      expect(page.status).toBe(200);
      paged.push(...page.body.items.map(({ id }: { readonly id: string }) => id));
      next = page.body.next ?? '';
    } while (next !== '');
    expect(paged).toEqual(all.items.map(({ id }: { readonly id: string }) => id));
    expect(new Set(paged).size).toBe(paged.length);
    const foreign = (await other.admin.get('/v1/users')).body.items;
    expect(foreign).toHaveLength(1);
  });
});

describe('changing a person', () => {
  test('200: what the patch names, with the next version', async () => {
    const { body } = await invite();
    const answer = await admin.patch(
      `/v1/users/${body.id}`,
      { name: 'Captain', roles: ['supervisor', 'reviewer'] },
      { 'if-match': '"1"' },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ name: 'Captain', roles: ['supervisor', 'reviewer'] });
    expect(answer.headers.get('etag')).toBe('"2"');
  });

  test('400: nothing to change, or what cannot be changed', async () => {
    const { body } = await invite();
    for (const patch of [{}, { email: 'new@user-fire.example' }, { status: 'active' }]) {
      expect((await admin.patch(`/v1/users/${body.id}`, patch)).status).toBe(400);
    }
  });

  test('412: when it has changed since it was read', async () => {
    const { body } = await invite();
    const path = `/v1/users/${body.id}`;
    await admin.patch(path, { name: 'First' });
    const late = await admin.patch(path, { name: 'Second' }, { 'if-match': '"1"' });
    expect(late.status).toBe(412);
    expect(late.body.code).toBe('version-mismatch');
    expect((await admin.get(path)).body.name).toBe('First');
    expect((await admin.patch(path, { name: 'Third' }, { 'if-match': '*' })).status).toBe(200);
  });

  test('of twenty changes for one version at once, one succeeds', async () => {
    const { body } = await invite();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        admin.patch(`/v1/users/${body.id}`, { name: `N${at}` }, { 'if-match': '"1"' }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array(19).fill(412)]);
  });

  test('409: after the end of the account', async () => {
    const { body } = await invite();
    const path = `/v1/users/${body.id}`;
    expect((await admin.post(`${path}/deactivate`)).body.status).toBe('deactivated');
    expect((await admin.patch(path, { name: 'X' })).status).toBe(409);
    expect((await admin.post(`${path}/deactivate`)).status).toBe(409);
    const again = await admin.post('/v1/users', { ...named(body), roles: ['officer'] });
    expect(again.status).toBe(409);
  });
});

describe('the last administrator', () => {
  test('409: cannot give up the role or the account, until there is another', async () => {
    const platformOwn = await openDepartment(gateway, platform, 'last-fire');
    const { id } = (await platformOwn.admin.get('/v1/sessions/current')).body.user;
    const path = `/v1/users/${id}`;
    expect((await platformOwn.admin.patch(path, { roles: ['officer'] })).body.code).toBe(
      'conflict',
    );
    expect((await platformOwn.admin.post(`${path}/deactivate`)).status).toBe(409);
    await openPerson(platformOwn, 'second@last-fire.example', ['admin']);
    expect((await platformOwn.admin.patch(path, { roles: ['officer'] })).status).toBe(200);
    expect((await platformOwn.admin.get('/v1/users')).status).toBe(403);
  });

  test('two who deactivate each other at the same time leave one', async () => {
    const pair = await openDepartment(gateway, platform, 'pair-fire');
    const second = await openPerson(pair, 'second@pair-fire.example', ['admin']);
    const first = (await pair.admin.get('/v1/sessions/current')).body.user.id;
    const answers = await Promise.all([
      pair.admin.post(`/v1/users/${second.id}/deactivate`),
      second.api.post(`/v1/users/${first}/deactivate`),
    ]);
    const succeeded = answers.filter(({ status }) => status === 200);
    expect(succeeded).toHaveLength(1);
  });

  test('of the platform is held the same, and can have a colleague', async () => {
    const { id } = (await platform.get('/v1/sessions/current')).body.user;
    expect((await platform.post(`/v1/users/${id}/deactivate`)).status).toBe(409);
    const body = { email: 'second@platform.example', name: 'Second', roles: ['platform'] };
    expect((await platform.post('/v1/users', body)).status).toBe(201);
  });
});

test('changes are in the ledger in the order of their versions, with what they changed', async () => {
  const { body } = await invite();
  const path = `/v1/users/${body.id}`;
  await admin.patch(path, { name: 'Before' });
  await admin.patch(path, { name: 'After' }, { prefer: 'wait=5' });
  await gateway.settled();
  const events = gateway.ledger.filter(({ object }) => object.id === body.id);
  expect(events.map(({ object }) => object.version)).toEqual([1, 2, 3]);
  const [disclosure = ''] = events[2]?.disclosures ?? [];
  const [, field, change] = JSON.parse(Buffer.from(disclosure, 'base64url').toString());
  expect([field, change]).toEqual(['name', { before: 'Before', after: 'After' }]);
});

function named({ email, name }: { readonly email: string; readonly name: string }) {
  return { email, name };
}
