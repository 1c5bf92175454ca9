/** Compliance reviewers of another house: what a department grants them, and what ends it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, openApi } from '#test/support/api.ts';
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
let county: TestDepartment;
let fire: TestDepartment;
let people = 0;

beforeAll(async () => {
  gateway = await openTestGateway({ rates: { signIn: 10_000 } });
  const platform = await platformOf(gateway);
  county = await openDepartment(gateway, platform, 'county-audit');
  fire = await openDepartment(gateway, platform, 'granting-fire');
  await openDepartment(gateway, platform, 'closed-fire');
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function newAuditor(roles: readonly ('reviewer' | 'officer')[] = ['reviewer']) {
  people += 1;
  const email = `auditor${people}@county-audit.example`;
  const person = await openPerson(county, email, [...roles]);
  return { email, person };
}

async function grant(email: string, to: TestDepartment = fire) {
  const answer = await to.admin.post('/v1/reviewers', { email, name: 'County Auditor' });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body as { readonly id: string };
}

function trySignIn(email: string, tenant?: string, password = PASSWORD) {
  const { origin } = gateway;
  return openApi(origin, { origin }).post('/v1/sessions', { email, password, tenant });
}

async function signInTo(email: string, tenant = 'granting-fire'): Promise<Api> {
  const answer = await trySignIn(email, tenant);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return openApi(gateway.origin, { cookie, origin: gateway.origin });
}

async function granted() {
  const { email } = await newAuditor();
  const { id } = await grant(email);
  return { email, id, guest: await signInTo(email) };
}

describe('a grant', () => {
  test('is of one department alone; at home everything is as before', async () => {
    const { email, guest } = await granted();
    const who = await guest.get('/v1/sessions/current');
    expect(who.body).toMatchObject({ tenant: { slug: 'granting-fire' }, roles: ['reviewer'] });
    for (const slug of ['closed-fire', 'no-such-department', 'platform']) {
      const refused = await trySignIn(email, slug);
      expect([refused.status, refused.body.code], slug).toEqual([401, 'bad-credentials']);
    }
    for (const tenant of [undefined, 'county-audit']) {
      const home = await trySignIn(email, tenant);
      expect(home.body).toMatchObject({ tenant: { slug: 'county-audit' } });
      expect(home.body).not.toHaveProperty('scopes');
    }
    await gateway.settled();
    // The account's own house hears where it was used.
    const noted = gateway.ledger.filter(({ action }) => action.endsWith('opened-elsewhere'));
    expect(noted.every(({ tenant }) => tenant === county.id)).toBe(true);
    expect(noted.length).toBeGreaterThan(0);
  });

  test('does not tell whether there is such an account, and is nothing without one', async () => {
    const email = 'nobody-has-this@county-audit.example';
    const made = await fire.admin.post('/v1/reviewers', { email, name: 'Nobody' });
    const known = await newAuditor();
    const like = await fire.admin.post('/v1/reviewers', { email: known.email, name: 'Somebody' });
    const keys = (answer: typeof made) => [answer.status, Object.keys(answer.body).toSorted()];
    expect(keys(made)).toEqual(keys(like));
    expect((await trySignIn(email, 'granting-fire')).status).toBe(401);
  });

  test('is for reviewers: an account with another role at home does not get in', async () => {
    const { email } = await newAuditor(['officer']);
    await grant(email);
    expect((await trySignIn(email, 'granting-fire')).body.code).toBe('bad-credentials');
  });

  test('ends for a session that is open as soon as the department ends it, and can be given again', async () => {
    const { email, id, guest } = await granted();
    expect((await fire.admin.post(`/v1/users/${id}/deactivate`)).status).toBe(200);
    expect((await guest.get('/v1/sessions/current')).status).toBe(401);
    expect((await trySignIn(email, 'granting-fire')).status).toBe(401);
    expect((await grant(email)).id).toBe(id);
    expect((await (await signInTo(email)).get('/v1/sessions/current')).status).toBe(200);
    // A session from before the end stays ended.
    expect((await guest.get('/v1/sessions/current')).status).toBe(401);
    await gateway.settled();
    const about = gateway.ledger.filter(({ object }) => object.id === id);
    expect(about.map(({ action }) => action)).toEqual([
      'gateway.reviewer.granted',
      'gateway.user.deactivated',
      'gateway.reviewer.granted',
    ]);
  });

  test('ends with the account at home, or its role there', async () => {
    const first = await granted();
    const second = await granted();
    const users = (await county.admin.get('/v1/users?limit=100')).body.items;
    const idOf = (email: string) =>
      users.find((each: { email: string; id: string }) => each.email === email).id;
    await county.admin.post(`/v1/users/${idOf(first.email)}/deactivate`);
    const patch = { roles: ['officer'] };
    const type = { 'content-type': 'application/merge-patch+json' };
    const path = `/v1/users/${idOf(second.email)}`;
    expect((await county.admin.patch(path, patch, type)).status).toBe(200);
    for (const { guest, email } of [first, second]) {
      expect((await guest.get('/v1/sessions/current')).status).toBe(401);
      expect((await trySignIn(email, 'granting-fire')).status).toBe(401);
    }
  });

  test('is given once, and not to an account of one’s own; its role cannot be raised', async () => {
    const { email, id } = await granted();
    const again = await fire.admin.post('/v1/reviewers', { email, name: 'Again' });
    expect([again.status, again.body.code]).toEqual([409, 'already-exists']);
    const own = 'chief-own@granting-fire.example';
    await openPerson(fire, own, ['officer']);
    const ours = await fire.admin.post('/v1/reviewers', { email: own, name: 'Own' });
    expect([ours.status, ours.body.code]).toEqual([409, 'already-exists']);
    const type = { 'content-type': 'application/merge-patch+json' };
    for (const roles of [['admin'], ['reviewer', 'officer']]) {
      const raised = await fire.admin.patch(`/v1/users/${id}`, { roles }, type);
      expect(raised.status).toBe(400);
      expect(raised.body.errors[0].pointer).toBe('#/body/roles');
    }
    const shown = await fire.admin.get(`/v1/users/${id}`);
    expect(shown.body).toMatchObject({ elsewhere: true, roles: ['reviewer'], status: 'active' });
  });

  test('does not soften the lock: wrong passwords count at home, wherever they are tried', async () => {
    const { email } = await newAuditor();
    await grant(email);
    for (let tries = 0; tries < 5; tries += 1) {
      await trySignIn(email, 'granting-fire', 'a wrong password');
    }
    expect((await trySignIn(email, 'granting-fire')).status).toBe(401);
    expect((await trySignIn(email)).status).toBe(401);
  });
});
