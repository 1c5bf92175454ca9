import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, openApi, signIn } from '#test/support/api.ts';
import {
  accept,
  openDepartment,
  openTestGateway,
  PASSWORD,
  platformOf,
  type TestGateway,
} from '#test/support/http.ts';

const DAY_MS = 24 * 3_600_000;

let gateway: TestGateway;
let platform: Api;

beforeAll(async () => {
  gateway = await openTestGateway();
  platform = await platformOf(gateway);
});
afterAll(() => gateway[Symbol.asyncDispose]());

function bodyFor(slug: string) {
  return {
    slug,
    name: `Department ${slug}`,
    timeZone: 'America/Denver',
    state: 'CO',
    admin: { email: `chief@${slug}.example`, name: 'Chief' },
  };
}

describe('making a department', () => {
  test('201: the department, where it is, and the invitation of its administrator', async () => {
    const answer = await platform.post('/v1/tenants', bodyFor('new-fire'));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      slug: 'new-fire',
      timeZone: 'America/Denver',
      state: 'CO',
    });
    expect(answer.body.invitation.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(answer.headers.get('location')).toBe(`/v1/tenants/${answer.body.id}`);
    const { invitation: _once, ...tenant } = answer.body;
    const read = await platform.get(`/v1/tenants/${tenant.id}`);
    expect(read.body).toEqual(tenant);
  });

  test('its chain begins with who made it; the platform has it in its own', async () => {
    const { body } = await platform.post('/v1/tenants', bodyFor('chain-fire'));
    await gateway.settled();
    const own = gateway.ledger.filter(({ tenant }) => tenant === body.id);
    expect(own.map(({ action }) => action)).toEqual([
      'gateway.tenant.created',
      'gateway.user.invited',
    ]);
    const made = gateway.ledger.filter(({ object }) => object.id === body.id);
    expect(made.map(({ tenant }) => tenant).toSorted()).toEqual([body.id, 'platform'].toSorted());
  });

  test('400: a zone that is none, a slug of the wrong form', async () => {
    const body = bodyFor('wrong-fire');
    for (const wrong of [{ timeZone: 'Mars/Olympus' }, { slug: 'A' }, { state: 'Colorado' }]) {
      expect((await platform.post('/v1/tenants', { ...body, ...wrong })).status).toBe(400);
    }
    expect((await platform.get('/v1/tenants/platform')).status).toBe(400);
  });

  test('403: by an administrator of a department', async () => {
    const { admin } = await openDepartment(gateway, platform, 'plain-fire');
    expect((await admin.post('/v1/tenants', bodyFor('x-fire'))).status).toBe(403);
    expect((await admin.get('/v1/tenants')).status).toBe(403);
  });

  test('404: none', async () => {
    expect((await platform.get(`/v1/tenants/${randomUUIDv7()}`)).status).toBe(404);
  });

  test('409: a slug or an address that is taken, and nothing is left of it', async () => {
    await platform.post('/v1/tenants', bodyFor('taken-fire'));
    const slug = { ...bodyFor('taken-fire'), admin: { email: 'b@b.example', name: 'B' } };
    const bySlug = await platform.post('/v1/tenants', slug);
    expect(bySlug.status).toBe(409);
    expect(bySlug.body.errors[0].pointer).toBe('#/body/slug');
    const email = { ...bodyFor('free-fire'), admin: bodyFor('taken-fire').admin };
    expect((await platform.post('/v1/tenants', email)).body.errors[0].pointer).toBe(
      '#/body/admin/email',
    );
    expect((await platform.post('/v1/tenants', bodyFor('free-fire'))).status).toBe(201);
    expect((await platform.post('/v1/tenants', bodyFor('platform'))).status).toBe(409);
  });

  test('409: of ten at once with one slug, one is made and listed', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => {
        const admin = { email: `chief${at}@race.example`, name: 'Chief' };
        return platform.post('/v1/tenants', { ...bodyFor('race-fire'), admin });
      }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    const slugs = (await platform.get('/v1/tenants?limit=200')).body.items.map(
      ({ slug }: { readonly slug: string }) => slug,
    );
    expect(slugs.filter((slug: string) => slug === 'race-fire')).toHaveLength(1);
    expect(slugs).not.toContain('platform');
  });

  test('a list has all of them, page by page', async () => {
    const all = (await platform.get('/v1/tenants?limit=200')).body.items;
    const first = (await platform.get('/v1/tenants?limit=2')).body;
    const second = (await platform.get(`/v1/tenants?limit=200&cursor=${first.next}`)).body;
    expect([...first.items, ...second.items]).toEqual(all);
  });
});

describe('an invitation', () => {
  const invite = async (slug: string) => {
    const { body } = await platform.post('/v1/tenants', bodyFor(slug));
    const path = `/v1/invitations/${body.invitation.token}/accept`;
    const take = (password: unknown) => openApi(gateway.origin).post(path, { password });
    return { id: body.id, token: body.invitation.token, take };
  };

  test('200: opens the account with the password of the person', async () => {
    const { take } = await invite('open-fire');
    const answer = await take(PASSWORD);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'active', roles: ['admin'] });
    await signIn(gateway.origin, 'chief@open-fire.example', PASSWORD);
  });

  test('400: a password under twelve characters', async () => {
    const { take } = await invite('short-fire');
    expect((await take('elevenchars')).body.errors[0]).toEqual({
      pointer: '#/body/password',
      detail: 'must have at least 12 characters',
    });
    expect((await take('twelve-chars')).status).toBe(200);
  });

  test('404: a token that is none', async () => {
    const path = `/v1/invitations/${'x'.repeat(43)}/accept`;
    const answer = await openApi(gateway.origin).post(path, { password: PASSWORD });
    expect(answer.status).toBe(404);
  });

  test('410: a second time', async () => {
    const { take } = await invite('twice-fire');
    expect((await take(PASSWORD)).status).toBe(200);
    const again = await take('another long password');
    expect(again.status).toBe(410);
    expect(again.body.code).toBe('gone');
    await signIn(gateway.origin, 'chief@twice-fire.example', PASSWORD);
  });

  test('410: ten at once open the account once, and with one password', async () => {
    const { take } = await invite('rush-fire');
    const passwords = Array.from({ length: 10 }, (_, at) => `a long password ${at}`);
    const answers = await Promise.all(passwords.map(take));
    const taken = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(9);
    await signIn(gateway.origin, 'chief@rush-fire.example', passwords[taken] ?? '');
  });

  test('410: after seven days; then the person can be invited again, before that not', async () => {
    await using own = await openTestGateway();
    const staff = await platformOf(own);
    const { body } = await staff.post('/v1/tenants', bodyFor('late-fire'));
    const path = `/v1/tenants/${body.id}/reinvite`;
    const who = { email: 'chief@late-fire.example' };
    expect((await staff.post(path, who)).body.code).toBe('conflict');
    await own.advance(7 * DAY_MS);
    const late = await openApi(own.origin).post(`/v1/invitations/${body.invitation.token}/accept`, {
      password: PASSWORD,
    });
    expect(late.status).toBe(410);
    const later = await platformOf(own);
    const again = await later.post(path, who);
    expect(again.status).toBe(200);
    await accept(own.origin, again.body.invitation.token);
    const admin = await signIn(own.origin, who.email, PASSWORD);
    expect((await later.post(path, who)).status).toBe(409);
    const person = { email: 'slow@late-fire.example', name: 'Slow', roles: ['officer'] };
    const first = await admin.post('/v1/users', person);
    expect((await admin.post('/v1/users', person)).status).toBe(409);
    await own.advance(7 * DAY_MS);
    const fresh = await signIn(own.origin, who.email, PASSWORD);
    const second = await fresh.post('/v1/users', { ...person, roles: ['supervisor'] });
    expect(second.status).toBe(201);
    expect(second.body).toMatchObject({ id: first.body.id, roles: ['supervisor'], version: 2 });
    await accept(own.origin, second.body.invitation.token);
  });

  test('410: when the account was deactivated meanwhile', async () => {
    const { admin } = await openDepartment(gateway, platform, 'void-fire');
    const person = { email: 'p@void-fire.example', name: 'P', roles: ['officer'] };
    const { body } = await admin.post('/v1/users', person);
    await admin.post(`/v1/users/${body.id}/deactivate`);
    const path = `/v1/invitations/${body.invitation.token}/accept`;
    expect((await openApi(gateway.origin).post(path, { password: PASSWORD })).status).toBe(410);
  });

  // Whoever reads the store must find nothing that opens an account.
  test('is kept as a hash only', async () => {
    const { id, token } = await invite('kept-fire');
    const rows = await gateway.tables.forTenant(id).list({ kind: 'invitation', limit: 10 });
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});
