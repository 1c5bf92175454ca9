import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCadProfile, replaceCadProfile } from '#contracts/cad-profiles.ts';
import { activateCadProfile, type CadSource, readCadSource } from '#contracts/cad-sources.ts';
import { learnCadProfile, tryCadProfile } from '#contracts/cad-trials.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf } from '#contracts/operation.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Department, type Desk, department, disclosed, openDesk } from '../intake/desk.ts';
import { dispatchMail } from '../intake/mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

/** Pages of a centre of its own: what is what only its department knows. */
const pages = ['MILL RD', 'OAK CT', 'ELM ST'].map(
  (street, at) => `31-0${at}=>${at + 1}2 ${street}=>ZQ${at}=>KEYPAD PANEL`,
);
const right = {
  id: 'county',
  body: { split: '=>', parts: ['number', 'address', 'nature', 'narrative'] },
} as const;
/** Puts the address where the nature is. */
const wrong = {
  id: 'county',
  body: { split: '=>', parts: ['number', 'narrative', 'narrative', 'narrative'] },
} as const;

type Try = InputOf<typeof tryCadProfile>['body'];
type Activate = InputOf<typeof activateCadProfile>['body'];

function wishes(own: Department, as: CallerClaims = own.admin) {
  const { client } = desk;
  return {
    keep: (body: InputOf<typeof createCadProfile>['body']) =>
      client.call(createCadProfile, { body }, as),
    change: (body: InputOf<typeof replaceCadProfile>['body']) =>
      client.call(replaceCadProfile, { params: { id: body.id }, body }, as),
    try: async (body: Try) => (await client.call(tryCadProfile, { body }, as)).body,
    learn: async (body: InputOf<typeof learnCadProfile>['body']) =>
      (await client.call(learnCadProfile, { body }, as)).body,
    activate: (id: string, body: Activate, options = {}) =>
      client.call(activateCadProfile, { params: { id }, body }, as, options),
    source: async (id: string) => (await client.call(readCadSource, { params: { id } }, as)).body,
  };
}

async function withMails(): Promise<{ own: Department; source: CadSource }> {
  const own = department(desk);
  const source = await own.source();
  for (const body of pages) await desk.send(dispatchMail({ body: `${body}\r\n` }), source.address);
  await until(
    'the mails',
    () => own.messages({ status: 'processed' }),
    (all) => all.length === pages.length,
  );
  return { own, source };
}

const eventsOf = (id: string, action: string) =>
  until(
    action,
    async () => desk.events.filter((each) => each.object.id === id && each.action === action),
    (events) => events.length > 0,
  );

describe('trying a profile', () => {
  test('shows for each mail what it makes of it beside the active one', async () => {
    const { own, source } = await withMails();
    const ask = wishes(own);
    const answer = await ask.try({ sourceId: source.id, profile: right, text: true });
    expect(answer).toMatchObject({ mails: 3, unread: 0, worse: false, against: {} });
    expect(answer.summary.tried).toEqual({ found: 3, sure: 3, unsure: expect.any(Number) });
    const [newest] = answer.items;
    expect(newest?.tried).toMatchObject({
      profile: 'county',
      fields: { number: '31-02', address: '32 ELM ST', nature: 'ZQ2' },
    });
    expect(newest?.differs).toContain('nature');
    expect(newest?.text).toContain('ZQ2');
    const [event] = await eventsOf(source.id, 'cad-ingest.profile.tried');
    expect(event?.actor.id).toBe(own.admin.subject.id);
    expect(disclosed(event)).toMatchObject({ mails: { after: 3 }, textsShown: { after: true } });
  });

  test('shows nothing of the mails to who may not read them', async () => {
    const { own, source } = await withMails();
    const key = { ...own.admin, scopes: ['cad-profiles:manage' as const] };
    const answer = await wishes(own, key).try({ sourceId: source.id, profile: right, text: true });
    expect(answer.summary.tried.sure).toBe(3);
    const text = JSON.stringify(answer);
    for (const word of ['MILL', 'ZQ', 'CAD Page']) expect(text).not.toContain(word);
  });

  test('reads only the own department’s sources, and only for who may change profiles', async () => {
    const { own, source } = await withMails();
    const stranger = wishes(department(desk)).try({ sourceId: source.id, profile: right });
    await expect(stranger).rejects.toMatchObject({ code: 'not-found' });
    const supervisor = person({ tenant: own.tenant, roles: ['supervisor'] });
    const refused = wishes(own, supervisor).try({ sourceId: source.id, profile: right });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    const none = wishes(own).try({ sourceId: source.id, profileId: 'no-such' });
    await expect(none).rejects.toMatchObject({ code: 'not-found' });
    const both = wishes(own).try({ sourceId: source.id, profileId: 'county', profile: right });
    await expect(both).rejects.toMatchObject({ code: 'validation' });
  });
});

describe('activating a version', () => {
  test('that was tried and is no worse: the next mail is read by it', async () => {
    const { own, source } = await withMails();
    const ask = wishes(own);
    await ask.keep(right);
    await ask.try({ sourceId: source.id, profileId: 'county' });
    const { body, version } = await ask.activate(source.id, { profile: 'county' }, { ifMatch: 1 });
    expect(body).toMatchObject({ profile: 'county', profileVersion: 1, version: 2 });
    expect(version).toBe(2);
    await desk.send(dispatchMail({ body: '31-07=>9 BIRCH LN=>ZQ9=>X\r\n' }), source.address);
    const isRead = (all: readonly { status: string }[]) =>
      all.length === 4 && all[0]?.status === 'processed';
    const [message] = await until('the message', () => own.messages(), isRead);
    expect(message?.draft).toMatchObject({
      profile: 'county',
      profileVersion: 1,
      fields: { nature: 'ZQ9', address: '9 BIRCH LN' },
    });
    const [event] = await eventsOf(source.id, 'cad-ingest.source.activated');
    expect(event?.actor.id).toBe(own.admin.subject.id);
    expect(disclosed(event)).toEqual({
      profile: { after: 'county' },
      profileVersion: { after: 1 },
    });
  });

  test('untried, tried beside another one, or worse needs to be forced, which stands in the ledger', async () => {
    const { own, source } = await withMails();
    const ask = wishes(own);
    await ask.keep(right);
    const untried = ask.activate(source.id, { profile: 'county' });
    await expect(untried).rejects.toMatchObject({ code: 'conflict' });
    await ask.activate(source.id, { profile: 'county', force: true, reason: 'drill' });
    const [event] = await eventsOf(source.id, 'cad-ingest.source.activated');
    expect(event?.reason).toBe('drill');
    expect(disclosed(event)).toMatchObject({ forced: { after: true } });
    await ask.change(wrong);
    expect(await ask.try({ sourceId: source.id, profileId: 'county' })).toMatchObject({
      worse: true,
      against: { profile: 'county', version: 1 },
    });
    const worse = ask.activate(source.id, { profile: 'county', version: 2 });
    await expect(worse).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('of 3 mails it is sure of nature and address in 0'),
    });
    await ask.activate(source.id, { profile: null, force: true });
    const stale = ask.activate(source.id, { profile: 'county', version: 2 });
    await expect(stale).rejects.toMatchObject({
      message: expect.stringContaining('beside another profile'),
    });
  });

  test('can be taken back without a trial, and an old version can be activated again', async () => {
    const { own, source } = await withMails();
    const ask = wishes(own);
    await ask.keep(wrong);
    await ask.activate(source.id, { profile: 'county', force: true });
    await ask.change(right);
    await ask.try({ sourceId: source.id, profileId: 'county' });
    await ask.activate(source.id, { profile: 'county' });
    expect((await ask.source(source.id)).profileVersion).toBe(2);
    await ask.activate(source.id, { profile: 'county', version: 1 });
    expect((await ask.source(source.id)).profileVersion).toBe(1);
    const same = await ask.activate(source.id, { profile: 'county', version: 1 });
    expect(same.version).toBe(4);
  });

  test('fails for who knows an old source, a profile or source that is not there, a stranger', async () => {
    const { own, source } = await withMails();
    const ask = wishes(own);
    await ask.keep(right);
    await ask.activate(source.id, { profile: 'county', force: true });
    const stale = ask.activate(source.id, { profile: null }, { ifMatch: 1 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    for (const refused of [
      () => ask.activate(source.id, { profile: 'no-such', force: true }),
      () => ask.activate(source.id, { profile: 'county', version: 9, force: true }),
      () => wishes(department(desk)).activate(source.id, { profile: null, force: true }),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code: 'not-found' });
    }
    const supervisor = person({ tenant: own.tenant, roles: ['supervisor'] });
    const refused = wishes(own, supervisor).activate(source.id, { profile: null });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('a source can be made with an own profile, which is then active at once', async () => {
    const own = department(desk);
    await wishes(own).keep(right);
    expect(await own.source({ profile: 'county' })).toMatchObject({
      profile: 'county',
      profileVersion: 1,
    });
  });
});

describe('learning a profile', () => {
  const samples = pages.map((body, at) => {
    const [number = '', address = '', nature = ''] = body.split('=>');
    return { body, fields: { number, address, nature }, at };
  });
  const labelled = samples.map(({ body, fields }) => ({ body, fields }));

  test('answers a profile with its trust and a preview, and keeps nothing', async () => {
    const own = department(desk);
    const ask = wishes(own);
    const { profile, trust, preview } = await ask.learn({ id: 'learned', samples: labelled });
    expect(profile).toMatchObject({ id: 'learned', learned: { samples: 3 } });
    expect(trust.address).toBeGreaterThan(0.5);
    expect(preview.map(({ missed }) => missed)).toEqual([[], [], []]);
    const kept = await ask.keep(profile as InputOf<typeof createCadProfile>['body']);
    expect(kept.body.version).toBe(1);
  });

  test('takes kept mails with the fields as a person corrected them', async () => {
    const { own } = await withMails();
    const messages = (await own.messages()).toReversed();
    const fromMails = labelled.map(({ fields }, at) => ({
      messageId: messages[at]?.id ?? '',
      fields,
    }));
    const { preview } = await wishes(own).learn({ id: 'learned', samples: fromMails });
    expect(preview[0]?.draft.fields).toMatchObject({ address: '12 MILL RD', nature: 'ZQ0' });
    const stranger = wishes(department(desk)).learn({ id: 'learned', samples: fromMails });
    await expect(stranger).rejects.toMatchObject({ code: 'not-found' });
    const key = { ...own.admin, scopes: ['cad-profiles:manage' as const] };
    const blind = wishes(own, key).learn({ id: 'learned', samples: fromMails });
    await expect(blind).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('needs three samples, each with a page and a mark', async () => {
    const ask = wishes(department(desk));
    const pointers = async (list: unknown[]) => {
      const body = { id: 'learned', samples: list } as InputOf<typeof learnCadProfile>['body'];
      const problem = await ask.learn(body).catch((error: unknown) => error);
      return (problem as { particulars: { errors: { pointer: string }[] } }).particulars.errors.map(
        ({ pointer }) => pointer,
      );
    };
    expect(await pointers(labelled.slice(1))).toEqual(['#/body/samples']);
    expect(await pointers([...labelled, { body: 'x', fields: {} }])).toEqual([
      '#/body/samples/3/fields',
    ]);
    expect(await pointers([...labelled, { fields: { nature: 'x' } }])).toEqual([
      '#/body/samples/3/body',
    ]);
  });
});
