import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Api, openApi, signIn, until } from '#test/support/api.ts';
import {
  openDepartment,
  openPerson,
  openTestGateway,
  PASSWORD,
  platformOf,
  type TestDepartment,
  type TestGateway,
} from '#test/support/http.ts';

let gateway: TestGateway;
let department: TestDepartment;
let platform: Api;
let people = 0;

beforeAll(async () => {
  gateway = await openTestGateway({ rates: { signIn: 10_000 } });
  platform = await platformOf(gateway);
  department = await openDepartment(gateway, platform, 'lock-fire');
});
afterAll(() => gateway[Symbol.asyncDispose]());

const newPerson = () => {
  people += 1;
  return openPerson(department, `officer${people}@lock-fire.example`, ['officer']);
};

function tryPassword(email: string, password: string): Promise<Answer> {
  return openApi(gateway.origin).post('/v1/sessions', { email, password });
}

async function lock(email: string): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) await tryPassword(email, 'wrong password');
}

/** The answer without what differs at every request. */
function comparable({ status, headers, body }: Answer) {
  const { instance: _id, ...rest } = body;
  const names = [...headers.keys()].toSorted();
  return { status, names, ...rest };
}

describe('signing in', () => {
  test('answers who one is, and a cookie for this session of the browser only', async () => {
    const { email } = await newPerson();
    const answer = await tryPassword(email.toUpperCase(), PASSWORD);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      tenant: { id: department.id, slug: 'lock-fire', timeZone: 'America/Chicago' },
      user: { email },
      roles: ['officer'],
      session: { idleTimeoutSeconds: 1_800 },
    });
    const lifetimeMs =
      Date.parse(answer.body.session.expiresAt) - Date.parse(answer.body.session.createdAt);
    expect(lifetimeMs).toBe(12 * 3_600_000);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-watchdesk=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    );
  });

  test('stands in the chain of the department as the act of the person', async () => {
    const { email, id } = await newPerson();
    const { body } = await tryPassword(email, PASSWORD);
    await gateway.settled();
    const event = gateway.ledger.find(({ object }) => object.id === body.session.id);
    expect(event).toMatchObject({
      tenant: department.id,
      action: 'gateway.session.created',
      outcome: 'success',
      actor: { type: 'user', id, session: body.session.id, address: '127.0.0.1' },
    });
  });

  test('takes a stale cookie for nothing', async () => {
    const { email } = await newPerson();
    const stale = openApi(gateway.origin, {
      cookie: '__Host-watchdesk=old',
      origin: gateway.origin,
    });
    const answer = await stale.post('/v1/sessions', { email, password: PASSWORD });
    expect(answer.status).toBe(201);
  });

  test('from a page of another site is 403', async () => {
    const { email } = await newPerson();
    const foreign = openApi(gateway.origin, { origin: 'https://evil.example' });
    const answer = await foreign.post('/v1/sessions', { email, password: PASSWORD });
    expect(answer.status).toBe(403);
    expect(answer.body.code).toBe('origin-mismatch');
  });
});

describe('a sign-in that fails', () => {
  test('is the same answer for a wrong password, an unknown address and a locked account', async () => {
    const { email } = await newPerson();
    const locked = await newPerson();
    await lock(locked.email);
    const wrong = comparable(await tryPassword(email, 'wrong password'));
    expect(wrong).toMatchObject({ status: 401, code: 'bad-credentials' });
    expect(comparable(await tryPassword('nobody@nowhere.example', PASSWORD))).toEqual(wrong);
    expect(comparable(await tryPassword(locked.email, 'wrong password'))).toEqual(wrong);
    expect(comparable(await tryPassword(locked.email, PASSWORD))).toEqual(wrong);
  });

  test('of an invited or deactivated account is the same answer too', async () => {
    const invited = 'invited@lock-fire.example';
    const body = { email: invited, name: 'Invited', roles: ['officer'] };
    expect((await department.admin.post('/v1/users', body)).status).toBe(201);
    const gone = await newPerson();
    await department.admin.post(`/v1/users/${gone.id}/deactivate`);
    const wrong = comparable(await tryPassword('nobody@nowhere.example', PASSWORD));
    expect(comparable(await tryPassword(invited, PASSWORD))).toEqual(wrong);
    expect(comparable(await tryPassword(gone.email, PASSWORD))).toEqual(wrong);
  });

  test('of a known account is in the chain of its department, without its password', async () => {
    const { email, id } = await newPerson();
    await tryPassword(email, 'my-old-password-1');
    await gateway.settled();
    const event = gateway.ledger.findLast(({ action }) => action === 'gateway.session.refused');
    expect(event).toMatchObject({
      tenant: department.id,
      object: { type: 'user', id },
      outcome: 'failure',
      reason: 'wrong password',
      actor: { type: 'anonymous', address: '127.0.0.1', agent: 'node' },
    });
    expect(disclosed(event)).not.toContain('my-old-password-1');
  });

  test('of an unknown address is in the chain of the platform, without the address', async () => {
    await tryPassword('somebody.private@nowhere.example', 'x');
    await gateway.settled();
    const event = gateway.ledger.findLast(({ action }) => action === 'gateway.session.refused');
    expect(event).toMatchObject({ tenant: 'platform', reason: 'unknown e-mail' });
    expect(`${JSON.stringify(event)}${disclosed(event)}`).not.toContain('somebody');
  });

  // The time of an answer must not say whether there is an account: the hash is computed either way.
  test('costs the same work for an unknown address as for a known one', async () => {
    const { email } = await newPerson();
    const known = await timed(() => tryPassword(email, 'wrong password'));
    const unknown = await timed(() => tryPassword('nobody@nowhere.example', 'wrong password'));
    // An answer without the hash would take a tenth of the time.
    expect(unknown).toBeGreaterThan(known / 3);
  });
});

describe('five wrong passwords', () => {
  test('lock the account until an administrator releases it', async () => {
    const { email, id } = await newPerson();
    await lock(email);
    expect((await department.admin.get(`/v1/users/${id}`)).body.locked).toBe(true);
    expect((await tryPassword(email, PASSWORD)).status).toBe(401);
    const released = await department.admin.post(`/v1/users/${id}/unlock`);
    expect(released.status).toBe(200);
    expect(released.body.locked).toBe(false);
    expect((await tryPassword(email, PASSWORD)).status).toBe(201);
    expect((await department.admin.post(`/v1/users/${id}/unlock`)).body.code).toBe('conflict');
  });

  test('are told to the ledger, to the alarms and to the person', async () => {
    const { email, id } = await newPerson();
    const before = await alarms();
    await lock(email);
    await gateway.settled();
    const event = gateway.ledger.findLast(({ action }) => action === 'gateway.user.locked');
    expect(event).toMatchObject({ tenant: department.id, object: { type: 'user', id } });
    expect(await alarms()).toBe(before + 1);
    const mails = await until(
      'the notice',
      () => mailsTo(email),
      (found) => found.length > 0,
    );
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('locked');
  });

  test('leave sessions that are open as they are: a stranger must not end a shift', async () => {
    const { email, api } = await newPerson();
    await lock(email);
    expect((await api.get('/v1/sessions/current')).status).toBe(200);
  });

  test('within fifteen minutes only: older ones do not count', async () => {
    const { email, id } = await newPerson();
    for (let tries = 0; tries < 4; tries += 1) await tryPassword(email, 'wrong password');
    await gateway.advance(15 * 60_000);
    await tryPassword(email, 'wrong password');
    const { admin } = department;
    expect((await admin.get(`/v1/users/${id}`)).body.locked).toBe(false);
  });

  test('are not reached when a right one comes between', async () => {
    const { email, id } = await newPerson();
    for (const password of ['a', 'b', 'c', 'd', PASSWORD, 'e', 'f', 'g', 'h', PASSWORD]) {
      await tryPassword(email, password);
    }
    expect((await department.admin.get(`/v1/users/${id}`)).body.locked).toBe(false);
  });

  // Twenty at once are no more guesses than five in a row: what comes after the lock hears nothing.
  test('count when twenty come at once', async () => {
    const { email, id } = await newPerson();
    const tries = Array.from({ length: 20 }, () => tryPassword(email, 'wrong password'));
    expect((await Promise.all(tries)).map(({ status }) => status)).toEqual(Array(20).fill(401));
    expect((await department.admin.get(`/v1/users/${id}`)).body.locked).toBe(true);
    await gateway.settled();
    const refusals = gateway.ledger.filter(
      ({ action, object }) => action === 'gateway.session.refused' && object.id === id,
    );
    expect(refusals).toHaveLength(20);
    expect(refusals.filter(({ reason }) => reason === 'wrong password')).toHaveLength(5);
    expect((await tryPassword(email, PASSWORD)).status).toBe(401);
  });

  test('of the only administrator can be released by Platform staff, who see nothing', async () => {
    const other = await openDepartment(gateway, platform, 'alone-fire');
    await lock(other.adminEmail);
    const path = `/v1/tenants/${other.id}/unlock`;
    const released = await platform.post(path, { email: other.adminEmail });
    expect(released.status).toBe(204);
    expect(released.body).toBe('');
    expect((await tryPassword(other.adminEmail, PASSWORD)).status).toBe(201);
    expect((await platform.post(path, { email: other.adminEmail })).status).toBe(409);
    expect((await platform.post(path, { email: department.adminEmail })).status).toBe(404);
    expect((await department.admin.post(path, { email: other.adminEmail })).status).toBe(403);
    await gateway.settled();
    const chains = gateway.ledger
      .filter(({ action }) => action === 'gateway.user.unlocked')
      .slice(-2)
      .map(({ tenant }) => tenant);
    expect(chains).toEqual([other.id, 'platform']);
  });
});

test('a sign-in clears away the sessions that are over', async () => {
  const { email, id } = await newPerson();
  const tables = gateway.tables.forTenant(department.id);
  const sessions = async () =>
    (await tables.list({ kind: 'session', prefix: id, limit: 50 })).length;
  await signIn(gateway.origin, email, PASSWORD);
  expect(await sessions()).toBe(2);
  await gateway.advance(13 * 3_600_000);
  await signIn(gateway.origin, email, PASSWORD);
  expect(await sessions()).toBe(1);
});

function disclosed(event: { readonly disclosures: readonly string[] } | undefined): string {
  return (event?.disclosures ?? [])
    .map((each) => Buffer.from(each, 'base64url').toString())
    .join(' ');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  await work();
  const startedAt = performance.now();
  for (let times = 0; times < 3; times += 1) await work();
  return performance.now() - startedAt;
}

async function alarms(): Promise<number> {
  const { text } = await rawMetrics();
  return Number(/watchdesk_alarms_total\{kind="account-locked"\} (\d+)/.exec(text)?.[1]);
}

async function rawMetrics(): Promise<{ readonly text: string }> {
  const answer = await openApi(gateway.origin).get('/metrics');
  return { text: answer.body };
}

async function mailsTo(address: string): Promise<string[]> {
  const folder = join(gateway.test.dataDir, 'mail-out');
  const names = await readdir(folder).catch(() => []);
  const mails = names.filter((name) => name.endsWith('.eml'));
  const texts = await Promise.all(mails.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.filter((text) => text.includes(address));
}
