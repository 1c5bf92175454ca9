/** The CAD operations as a client sees them: HTTP status, headers and problems, through all services. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAll } from '#services/all.ts';
import {
  type Department,
  makeDepartment,
  makeSource,
  type Stage,
  sendMail,
} from '#test/demo/scenario.ts';
import { openApi, signIn, until, withKey } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';

const stack = new AsyncDisposableStack();
let stage: Stage;
let own: Department;
let source: { id: string; address: string };

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const listen = { host: '127.0.0.1', port: 0 };
  const settings = { dataDir: folder.path, http: listen, smtp: listen, logLevel: 'silent' };
  const { origin, smtpPort } = await openAll(stack, settings);
  const firstRun = JSON.parse(await readFile(join(folder.path, 'first-run.json'), 'utf8'));
  stage = { origin, smtpPort, firstRun, tell: () => undefined };
  const platform = await signIn(origin, firstRun.email, firstRun.password);
  own = await makeDepartment(stage, platform, 'fairvale');
  source = await makeSource(own.admin);
}, 60_000);
afterAll(() => stack.disposeAsync());

const put = (path: string, body: unknown, headers = {}) =>
  own.admin.request('PUT', path, { body, headers });
const county = { id: 'county', body: { split: '=>', parts: ['number', 'address', 'nature'] } };

describe('/v1/cad/profiles', () => {
  test('201, 200 with ETag, 304, 412, and every version', async () => {
    const made = await own.admin.post('/v1/cad/profiles', county);
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect(made.headers.get('location')).toBe('/v1/cad/profiles/county');
    const path = '/v1/cad/profiles/county';
    expect((await put(path, county, { 'if-match': '"1"' })).status).toBe(200);
    expect((await put(path, county, { 'if-match': '"1"' })).status).toBe(412);
    const read = await own.admin.get(path);
    expect(read.headers.get('etag')).toBe('"2"');
    expect((await own.admin.get(path, { 'if-none-match': '"2"' })).status).toBe(304);
    expect((await own.admin.get(`${path}/versions/1`)).body.version).toBe(1);
    expect((await own.admin.get(`${path}/versions`)).body.items).toHaveLength(2);
    expect((await own.admin.get('/v1/cad/profiles/schema')).body.properties).toHaveProperty('body');
  });

  test('400 with the place, 401, 403, 404, 409', async () => {
    const wrong = { id: 'x', body: { split: ';', parts: ['adress'] } };
    const refused = await own.admin.post('/v1/cad/profiles', wrong);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0].pointer).toBe('#/body/body/parts/0');
    expect((await openApi(stage.origin).get('/v1/cad/profiles')).status).toBe(401);
    expect((await own.officer.get('/v1/cad/profiles')).status).toBe(403);
    expect((await own.admin.get('/v1/cad/profiles/no-such')).status).toBe(404);
    const taken = await own.admin.post('/v1/cad/profiles', { ...county, id: 'ossi' });
    expect([taken.status, taken.body.code]).toEqual([409, 'already-exists']);
  });

  test('from mails to a profile that reads: learn, keep, try, activate', async () => {
    const labelled = ['MILL RD', 'OAK CT', 'ELM ST'].map((street, at) => ({
      number: `31-10${at}`,
      address: `${at + 1}2 ${street}`,
      nature: `ZQ${at}`,
    }));
    for (const [at, { number, address, nature }] of labelled.entries()) {
      const text = `${number}~~${nature}~~${address}`;
      await sendMail(stage.smtpPort, source.address, {
        subject: 'CAD',
        text,
        messageId: `<t${at}@x.example>`,
      });
    }
    const { body: list } = await until(
      'the mails',
      () => own.admin.get('/v1/cad/messages?status=processed'),
      ({ body }) => body.items.length === labelled.length,
    );
    const samples = list.items
      .toReversed()
      .map(({ id }: { id: string }, at: number) => ({ messageId: id, fields: labelled[at] }));
    const learned = await own.admin.post('/v1/cad/profiles/learn', { id: 'zq', samples });
    expect(learned.status, JSON.stringify(learned.body)).toBe(200);
    expect((await own.admin.post('/v1/cad/profiles', learned.body.profile)).status).toBe(201);
    const activate = `/v1/cad/sources/${source.id}/activate`;
    expect((await own.admin.post(activate, { profile: 'zq' })).status).toBe(409);
    const asked = { sourceId: source.id, profileId: 'zq' };
    const tried = await own.admin.post('/v1/cad/profiles/try', asked);
    expect(tried.body).toMatchObject({ mails: 3, worse: false });
    const active = await own.admin.post(activate, { profile: 'zq' });
    expect(active.body).toMatchObject({ profile: 'zq', profileVersion: 1 });
    await sendMail(stage.smtpPort, source.address, {
      subject: 'CAD',
      text: '31-109~~ZQ9~~92 BIRCH LN',
      messageId: '<t9@x.example>',
    });
    const { body: read } = await until(
      'the mail',
      () => own.admin.get('/v1/cad/messages?status=processed'),
      ({ body }) => body.items.length === labelled.length + 1,
    );
    const earlier = `/v1/cad/messages/${read.items.at(-1).id}/replay`;
    const dry = await own.admin.post(`${earlier}?dryRun=true`);
    expect(dry.status, JSON.stringify(dry.body)).toBe(202);
    // What differs is for the readers' own tests; here the mail stays as it is.
    expect(dry.body).toMatchObject({ status: 'processed', diff: expect.any(Array) });
    expect((await own.admin.post(earlier, undefined, { 'if-match': '"99"' })).status).toBe(412);
    expect((await own.admin.post(earlier)).body.status).toBe('received');
    expect(read.items[0].draft).toMatchObject({
      profile: 'zq',
      fields: { address: '92 BIRCH LN' },
    });
  });
});

describe('/v1/cad/code-tables', () => {
  test('go in as JSON or lines, and out as lines', async () => {
    const path = '/v1/cad/code-tables/department';
    const csv = 'table,code,words\r\ncity,FRV,Fairvale\r\n';
    const first = await put(path, { csv });
    expect(first.headers.get('etag')).toBe('"1"');
    expect((await put(path, { city: { FRV: 'Fairvale' } }, { 'if-match': '"7"' })).status).toBe(
      412,
    );
    const answer = await own.admin.get(`${path}?format=csv`);
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(answer.body).toBe(csv);
    expect((await put('/v1/cad/code-tables/nowhere', {})).status).toBe(400);
  });
});

describe('POST /v1/cad/messages', () => {
  const page = { id: 'v-1', subject: 'CAD', body: 'CALL: FIRE\nADDR: 7 Oak Ct\nID: 31-555' };
  const makeKey = (about: object) =>
    own.admin.post('/v1/api-keys', { name: 'Vendor', scopes: ['cad-messages:submit'], ...about });

  test('a key is made for one source, and no other key for any', async () => {
    expect((await makeKey({})).body.errors[0].pointer).toBe('#/body/cadSource');
    const other = { scopes: ['incidents:read'], cadSource: source.id };
    expect((await makeKey(other)).status).toBe(400);
    const made = await makeKey({ cadSource: source.id });
    expect(made.body.cadSource).toBe(source.id);
  });

  test('202 for text and for a whole mail, 409 for other content, 401, 403', async () => {
    const { key } = (await makeKey({ cadSource: source.id })).body;
    const vendor = withKey(stage.origin, key);
    const first = await vendor.post('/v1/cad/messages', page);
    expect(first.status, JSON.stringify(first.body)).toBe(202);
    expect((await vendor.post('/v1/cad/messages', page)).body.id).toBe(first.body.id);
    const other = await vendor.post('/v1/cad/messages', { ...page, body: 'CALL: ALARM' });
    expect(other.status).toBe(409);
    const mail =
      'From: <cad@x.example>\r\nMessage-ID: <m1@x.example>\r\n\r\nCALL: FIRE\r\nID: 31-556';
    const raw = await fetch(new URL('/v1/cad/messages', stage.origin), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'message/rfc822' },
      body: mail,
    });
    const { id, messageId } = (await raw.json()) as { id: string; messageId: string };
    expect([raw.status, messageId]).toEqual([202, '<m1@x.example>']);
    const stored = await own.admin.get(`/v1/cad/messages/${id}/raw`);
    const location = stored.headers.get('location') ?? '';
    expect(await (await fetch(location)).text()).toBe(mail);
    expect((await openApi(stage.origin).post('/v1/cad/messages', page)).status).toBe(401);
    expect((await own.officer.post('/v1/cad/messages', page)).status).toBe(403);
    expect((await vendor.get('/v1/cad/messages')).status).toBe(403);
    const bytes = await fetch(new URL('/v1/cad/profiles', stage.origin), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'message/rfc822' },
      body: mail,
    });
    expect(bytes.status).toBe(415);
  });
});
