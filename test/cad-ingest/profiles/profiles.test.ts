import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Profile } from '#contracts/cad-profile.ts';
import {
  createCadProfile,
  listCadProfiles,
  listCadProfileVersions,
  readCadProfile,
  readCadProfileSchema,
  readCadProfileVersion,
  replaceCadProfile,
} from '#contracts/cad-profiles.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Department, type Desk, department, disclosed, openDesk } from '../intake/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

const document = { id: 'county', body: { split: ';', parts: ['nature', 'address'] } } as const;
const changed = { id: 'county', body: { split: '|', parts: ['nature', 'address'] } } as const;

function wishes(own: Department) {
  const call: typeof desk.client.call = (operation, input, caller, options) =>
    desk.client.call(operation, input, caller, options);
  return {
    create: (body: unknown, options = {}) =>
      call(createCadProfile, { body: body as never }, own.admin, options),
    replace: (id: string, body: unknown, options = {}) =>
      call(replaceCadProfile, { params: { id }, body: body as never }, own.admin, options),
    read: (id: string) => call(readCadProfile, { params: { id } }, own.admin),
    readVersion: (id: string, version: number) =>
      call(readCadProfileVersion, { params: { id, version } }, own.admin),
    versions: (id: string, query = {}) =>
      call(listCadProfileVersions, { params: { id }, query }, own.admin),
    list: async (query = {}) => (await call(listCadProfiles, { query }, own.admin)).body,
  };
}

describe('a profile of a department', () => {
  test('is kept in every version, and each can be read', async () => {
    const own = department(desk);
    const ask = wishes(own);
    const made = await ask.create(document);
    expect(made).toMatchObject({ version: 1, body: { id: 'county', origin: 'own', version: 1 } });
    const next = await ask.replace('county', changed, { ifMatch: 1 });
    expect(next).toMatchObject({ version: 2, body: { version: 2, profile: { version: 2 } } });
    expect((await ask.read('county')).body).toEqual(next.body);
    expect((await ask.readVersion('county', 1)).body).toEqual(made.body);
    const { items } = (await ask.versions('county')).body;
    expect(items.map(({ version }) => version)).toEqual([1, 2]);
    expect(items[0]?.changedBy).toMatchObject({ type: 'user', id: own.admin.subject.id });
    await expect(ask.readVersion('county', 3)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is an event with who made it and the hash of the document', async () => {
    const own = department(desk);
    await wishes(own).create(document);
    const [event] = await until(
      'the event',
      async () => desk.events.filter(({ tenant }) => tenant === own.tenant),
      (events) => events.length === 1,
    );
    expect(event).toMatchObject({
      action: 'cad-ingest.profile.created',
      object: { type: 'cad-profile', id: 'county', version: 1 },
      actor: { id: own.admin.subject.id },
    });
    expect(disclosed(event)).toEqual({
      version: { after: 1 },
      sha256: { after: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  test('is refused with the place that is wrong and what may stand there', async () => {
    const { create } = wishes(department(desk));
    const wrong = { id: 'county', body: { labels: { ADDR: 'adress' } } };
    await expect(create(wrong)).rejects.toMatchObject({
      code: 'validation',
      particulars: {
        errors: [
          { pointer: '#/body/body/labels/ADDR', detail: expect.stringContaining('"address"') },
        ],
      },
    });
    await expect(create({ ...document, id: 'learn' })).rejects.toMatchObject({
      code: 'validation',
    });
  });

  test('does not take the id of another one, built-in ones included', async () => {
    const { create } = wishes(department(desk));
    await create(document);
    for (const id of ['county', 'ossi']) {
      await expect(create({ ...document, id })).rejects.toMatchObject({ code: 'already-exists' });
    }
  });

  test('is made once for a repeated request', async () => {
    const { create, list } = wishes(department(desk));
    const [first, second] = [
      await create(document, { idempotencyKey: 'k' }),
      await create(document, { idempotencyKey: 'k' }),
    ];
    expect(second.body).toEqual(first.body);
    expect((await list({ origin: 'own' })).items).toHaveLength(1);
  });

  test('is not changed by who knows an old version, or by two at once twice', async () => {
    const { create, replace } = wishes(department(desk));
    await create(document);
    await replace('county', changed);
    const stale = replace('county', document, { ifMatch: 1 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    const both = await Promise.allSettled([
      replace('county', document, { ifMatch: 2 }),
      replace('county', document, { ifMatch: 2 }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('keeps its id, and built-in ones stay as they are', async () => {
    const { create, replace } = wishes(department(desk));
    await create(document);
    const renamed = replace('county', { ...document, id: 'other' });
    await expect(renamed).rejects.toMatchObject({ code: 'validation' });
    const builtIn = replace('ossi', { ...document, id: 'ossi' });
    await expect(builtIn).rejects.toMatchObject({ code: 'conflict' });
    await expect(replace('none-such', document)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is nobody else’s: other departments, supervisors who would change it, officers', async () => {
    const own = department(desk);
    await wishes(own).create(document);
    const other = wishes(department(desk));
    await expect(other.read('county')).rejects.toMatchObject({ code: 'not-found' });
    await expect(other.versions('county')).rejects.toMatchObject({ code: 'not-found' });
    expect((await other.list({ origin: 'own' })).items).toEqual([]);
    const params = { id: 'county' };
    const as = (role: 'supervisor' | 'officer') => person({ tenant: own.tenant, roles: [role] });
    await desk.client.call(readCadProfile, { params }, as('supervisor'));
    for (const refused of [
      () => desk.client.call(replaceCadProfile, { params, body: changed }, as('supervisor')),
      () => desk.client.call(readCadProfile, { params }, as('officer')),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code: 'forbidden' });
    }
  });
});

describe('the list', () => {
  test('has own and built-in profiles in one order, page by page', async () => {
    const { create, list } = wishes(department(desk));
    await create(document);
    const whole = await list({ limit: 200 });
    expect(whole.items).toContainEqual(expect.objectContaining({ id: 'county', origin: 'own' }));
    expect(whole.items).toContainEqual({ id: 'ossi', version: 1, origin: 'built-in' });
    const paged = [];
    let cursor: string | undefined;
    do {
      const page = await list({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      paged.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(paged).toEqual(whole.items);
    expect((await list({ origin: 'built-in', limit: 200 })).items).toHaveLength(paged.length - 1);
    await expect(list({ cursor: 'bm9uZQ' })).rejects.toMatchObject({ code: 'invalid-cursor' });
  });
});

describe('the published schema', () => {
  const golden = new URL('golden/profile.schema.json', import.meta.url);

  // Departments keep profiles as files and check them with it; it must not change unnoticed. After a
  // wanted change run once with UPDATE_GOLDEN=1.
  test('is the golden one', async () => {
    const { admin } = department(desk);
    const { body } = await desk.client.call(readCadProfileSchema, {}, admin);
    const text = `${JSON.stringify(body, null, 2)}\n`;
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(golden, text);
    expect(text).toBe(await readFile(golden, 'utf8'));
  });

  test('every built-in profile can be kept under another id, as it was read', async () => {
    const { create, read, list } = wishes(department(desk));
    const { items } = await list({ origin: 'built-in', limit: 200 });
    expect(items.length).toBeGreaterThan(20);
    for (const { id } of items) {
      const { profile } = (await read(id)).body;
      const kept = await create({ ...profile, id: `our-${id}` });
      expect(kept.body.profile).toEqual({ ...profile, id: `our-${id}`, version: 1 } as Profile);
    }
  });
});
