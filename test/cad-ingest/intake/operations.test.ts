import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  readCadMessage,
  readRawCadMessage,
  rejectCadMessage,
  releaseCadMessage,
  replayCadMessage,
} from '#contracts/cad-messages.ts';
import {
  createCadSource,
  listCadSources,
  readCadSource,
  updateCadSource,
} from '#contracts/cad-sources.ts';
import type { InputOf } from '#contracts/operation.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Desk, department, disclosed, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

const eventsOf = (id: string) => desk.events.filter(({ object }) => object.id === id);

describe('sources', () => {
  test('have an address of their own that nobody can guess', async () => {
    const own = department(desk);
    const [first, second] = [await own.source(), await own.source()];
    expect(first.address).toMatch(/^cad\+[a-z2-7]{32}@desk\.example$/);
    expect(first.address).not.toBe(second.address);
    const { body, version } = await desk.client.call(
      readCadSource,
      { params: { id: first.id } },
      own.admin,
    );
    const { health: _health, ...shown } = body;
    expect(shown).toEqual(first);
    expect(version).toBe(1);
  });

  test('can be set to a profile, which then reads their mail first', async () => {
    const own = department(desk);
    const body = 'FIRE ALARM;200 QUARRY LN;FRV;MILL RD;OAK CT;KEYPAD PANEL\r\n';
    const detected = await own.source();
    await desk.send(dispatchMail({ body }), detected.address);
    expect((await own.messageOnce('processed')).draft?.profile).not.toBe('ossi');
    const set = await own.source({ profile: 'ossi' });
    await desk.send(dispatchMail({ body }), set.address);
    const isOfSet = (all: readonly { sourceId: string; status: string }[]) =>
      all[0]?.sourceId === set.id && all[0].status === 'processed';
    const [message] = await until('the message', () => own.messages(), isOfSet);
    expect(message?.draft?.profile).toBe('ossi');
    await expect(own.source({ profile: 'no-such' })).rejects.toMatchObject({ code: 'validation' });
  });

  test('change by merge patch; the event says what, the address stays, mail follows the change', async () => {
    const own = department(desk);
    const source = await own.source();
    expect(source.updates).toEqual({ action: 'update', match: 'numberElseLocation' });
    const change = (body: InputOf<typeof updateCadSource>['body'], ifMatch?: number) =>
      desk.client.call(updateCadSource, { params: { id: source.id }, body }, own.admin, {
        ...(ifMatch === undefined ? {} : { ifMatch }),
      });
    const updates = { action: 'passthrough', match: 'number' } as const;
    const { body, version } = await change({ updates, senders: ['@county.example'] }, 1);
    expect(body).toEqual({ ...source, version: 2, updates, senders: ['@county.example'] });
    expect(version).toBe(2);
    await expect(change({ name: 'other' }, 1)).rejects.toMatchObject({ code: 'version-mismatch' });
    await expect(change({ networks: null })).rejects.toMatchObject({
      code: 'validation',
      particulars: { errors: [{ pointer: '#/body/networks' }] },
    });
    expect((await change({ updates })).version).toBe(2);
    const event = await until(
      'the event',
      async () => eventsOf(source.id).find(({ action }) => action.endsWith('.updated')),
      (found) => found !== undefined,
    );
    expect(disclosed(event)).toEqual({
      senders: { before: ['desk@county.example'], after: ['@county.example'] },
      updates: { after: updates },
    });
    const raw = dispatchMail();
    await desk.send(raw, source.address);
    await desk.send(raw.replace('CAD Page', 'CAD Page again'), source.address);
    await own.incidentsOnce(2);
    expect((await change({ updates: null })).body.updates).toEqual(source.updates);
  });

  test('are made once for a repeated request', async () => {
    const own = department(desk);
    const body = { name: 'x', senders: ['@county.example'], trust: 'authenticated' as const };
    const create = () =>
      desk.client.call(createCadSource, { body }, own.admin, { idempotencyKey: 'k1' });
    const [first, second] = [await create(), await create()];
    expect(second.body).toEqual(first.body);
    const { items } = (await desk.client.call(listCadSources, {}, own.admin)).body;
    expect(items).toHaveLength(1);
  });

  test('are listed page by page, and the token is not told to the ledger', async () => {
    const own = department(desk);
    const made = [await own.source(), await own.source(), await own.source()];
    const list = async (cursor?: string) =>
      (await desk.client.call(listCadSources, { query: { limit: 2, cursor } }, own.admin)).body;
    const first = await list();
    const second = await list(first.next);
    expect([...first.items, ...second.items]).toEqual(made);
    expect(second.next).toBeUndefined();
    await expect(list('bm90IGEgY3Vyc29y')).rejects.toMatchObject({ code: 'invalid-cursor' });
    const [event] = await until(
      'the event',
      async () => eventsOf(made[0]?.id ?? ''),
      (events) => events.length === 1,
    );
    const token = made[0]?.address.slice(4, 36) ?? 'none';
    expect(JSON.stringify(disclosed(event))).not.toContain(token);
    expect(disclosed(event)).toHaveProperty('senders');
  });
});

describe('lists of messages', () => {
  test('go from the newest to the oldest, page by page, by status and source', async () => {
    const own = department(desk);
    const source = await own.source();
    for (let count = 0; count < 3; count += 1) {
      await desk.send(dispatchMail(), source.address);
    }
    await desk.send(dispatchMail(), source.address, 'x@other.example');
    await until(
      'three',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 3,
    );
    const all = await own.messages();
    expect(all.map(({ status }) => status)[0]).toBe('quarantined');
    for (const filter of [{ status: 'processed' as const }, { sourceId: source.id }, {}]) {
      const whole = await own.messages(filter);
      const paged = [];
      let cursor: string | undefined;
      do {
        const query = { ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) };
        const page = await own.page(query);
        paged.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
      expect(whole.map(({ id }) => id)).toEqual(
        whole
          .map(({ id }) => id)
          .toSorted()
          .toReversed(),
      );
    }
  });
});

describe('another department', () => {
  test('sees nothing of it', async () => {
    const [own, other] = [department(desk), department(desk)];
    const source = await own.source({ networks: ['192.0.2.1'] });
    await desk.send(dispatchMail(), source.address);
    const { id } = await own.messageOnce('quarantined');
    const params = { id };
    for (const operation of [
      readCadMessage,
      readRawCadMessage,
      releaseCadMessage,
      rejectCadMessage,
      replayCadMessage,
    ]) {
      const call = desk.client.call(operation, { params }, other.admin);
      await expect(call).rejects.toMatchObject({ code: 'not-found' });
    }
    const read = desk.client.call(readCadSource, { params: { id: source.id } }, other.admin);
    await expect(read).rejects.toMatchObject({ code: 'not-found' });
    expect(await other.messages()).toEqual([]);
  });

  test('and officers of the own one may not look into mails or decide on them', async () => {
    const own = department(desk);
    const source = await own.source({ networks: ['192.0.2.1'] });
    await desk.send(dispatchMail(), source.address);
    const { id } = await own.messageOnce('quarantined');
    const officer = person({ tenant: own.tenant, roles: ['officer'] });
    for (const operation of [readCadMessage, readRawCadMessage, releaseCadMessage]) {
      const call = desk.client.call(operation, { params: { id } }, officer);
      await expect(call).rejects.toMatchObject({ code: 'forbidden' });
    }
  });
});
