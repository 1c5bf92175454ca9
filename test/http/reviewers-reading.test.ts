/** A reviewer of another house, with all services behind the gateway. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAll } from '#services/all.ts';
import { type Api, openApi, signIn, until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { openDepartment, openPerson, PASSWORD, type TestDepartment } from '#test/support/http.ts';

const stack = new AsyncDisposableStack();
const EMAIL = 'auditor@county-audit.example';
let fire: TestDepartment;
let other: TestDepartment;
let county: TestDepartment;
let guest: Api;
let id: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const listen = { host: '127.0.0.1', port: 0 };
  const settings = { dataDir: folder.path, http: listen, smtp: listen, logLevel: 'silent' };
  const { origin } = await openAll(stack, settings);
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  county = await openDepartment({ origin }, platform, 'county-audit');
  fire = await openDepartment({ origin }, platform, 'granting-fire');
  other = await openDepartment({ origin }, platform, 'closed-fire');
  await openPerson(county, EMAIL, ['reviewer']);
  const grant = { email: EMAIL, name: 'County Auditor' };
  id = (await fire.admin.post('/v1/reviewers', grant)).body.id;
  const body = { email: EMAIL, password: PASSWORD, tenant: 'granting-fire' };
  const answer = await openApi(origin, { origin }).post('/v1/sessions', body);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  guest = openApi(origin, { cookie, origin });
}, 60_000);

afterAll(() => stack.disposeAsync());

describe('a reviewer from elsewhere', () => {
  test('reads what the department has granted, and is named in its chain', async () => {
    const incident = await fire.admin.post('/v1/incidents', { nature: 'CHIMNEY FIRE' });
    expect((await guest.get(`/v1/incidents/${incident.body.id}`)).status).toBe(200);
    const entries = await until(
      'the entry of the incident',
      () => guest.get(`/v1/ledger/entries?objectId=${incident.body.id}`),
      ({ body }) => body.items?.length > 0,
    );
    const { seq } = entries.body.items[0];
    for (const path of [
      `entries/${seq}`,
      `entries/${seq}/proof`,
      'verify',
      'export',
      'checkpoint',
    ]) {
      expect((await guest.get(`/v1/ledger/${path}`)).status, path).toBe(200);
    }
    const own = await until(
      'the reading in the chain',
      () => fire.admin.get('/v1/ledger/entries?action=ledger.entry.read'),
      ({ body }) => body.items.some(({ actor }: { actor: { id: string } }) => actor.id === id),
    );
    expect(own.status).toBe(200);
  });

  test('changes, approves and signs off nothing', async () => {
    const tried = [
      await guest.post('/v1/incidents', { nature: 'FIRE' }),
      await guest.post('/v1/api-keys', { name: 'key', scopes: ['ledger:read'] }),
      await guest.post('/v1/ledger/expungements/01900000-0000-7000-8000-000000000000/approve', {}),
      await guest.post('/v1/ledger/purges/01900000-0000-7000-8000-000000000000/approve', {}),
      await guest.post('/v1/ledger/reviews/2026-W01/sign-off', {}),
      await guest.post('/v1/reviewers', { email: 'x@county-audit.example', name: 'X' }),
    ];
    expect(tried.map(({ status }) => status)).not.toContain(201);
    for (const { status, body } of tried) {
      expect([403, 404], JSON.stringify(body)).toContain(status);
    }
    expect(tried[0]?.body.code).toBe('forbidden');
    expect(tried[2]?.body.code).toBe('forbidden');
    expect(tried[3]?.body.code).toBe('forbidden');
  });

  test('finds nothing of a department that has granted nothing, nor of home', async () => {
    for (const { admin } of [other, county]) {
      const theirs = await admin.post('/v1/incidents', { nature: 'FIRE' });
      expect(theirs.status).toBe(201);
      expect((await guest.get(`/v1/incidents/${theirs.body.id}`)).status).toBe(404);
    }
  });
});
