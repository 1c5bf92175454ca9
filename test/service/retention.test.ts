/** Retention windows and legal holds, asked for over the bus. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { listEntries } from '#contracts/ledger.ts';
import {
  listLegalHolds,
  placeLegalHold,
  readLegalHold,
  releaseLegalHold,
} from '#contracts/legal-holds.ts';
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { askRetention, changeRetention, readRetention } from '#contracts/retention.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openServing } from '#test/ledger/serving.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const tenant = randomUUIDv7();
const admin = person({ tenant, roles: ['admin'] });
const other = person({ tenant, roles: ['admin'] });
const reviewer = person({ tenant, roles: ['reviewer'] });
const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });

const forbidden = { code: 'forbidden' };
const order = (scope: object = { classes: ['ledger'] }) => ({
  reference: '2031-CV-17',
  reason: 'litigation',
  scope: scope as { classes: ('ledger' | 'cadMail' | 'files')[] },
});

async function openRetention() {
  const stack = new AsyncDisposableStack();
  // With the ledger: as long as an event waits for it, the clock must not move on.
  const serving = stack.use(await openServing());
  const { host } = serving;
  const parts = await host.parts('core-records');
  stack.use(await openCoreRecords(parts));
  const { client } = host;
  const { vault, bus } = host.host;
  const ledger = openClient(bus, openContextSigner(vault, 'ledger', host.clock));
  return {
    client,
    advance: async (days: number) => {
      const depth = async () => (await parts.tables.outboxDepth()).events;
      await until('events in the outbox', depth, (events) => events === 0);
      await serving.advance(days * DAY_MS);
    },
    tables: parts.tables,
    put: (body: object, who = admin, options: { ifMatch?: number } = {}) =>
      client.call(changeRetention, { body }, who, options),
    read: async (who = admin) => (await client.call(readRetention, {}, who)).body,
    place: async (scope?: object, who = admin) =>
      (await client.call(placeLegalHold, { body: order(scope) }, who)).body,
    release: async (id: string, who = other, options: { ifMatch?: number } = {}) =>
      (
        await client.call(
          releaseLegalHold,
          { params: { id }, body: { reason: 'settled' } },
          who,
          options,
        )
      ).body,
    ask: async (asked: 'ledger' | 'cadMail' | 'files', of: string = tenant) =>
      (
        await ledger.call(
          askRetention,
          { body: { class: asked } },
          jobCaller('ledger', { tenant: of }),
        )
      ).body,
    /** What the ledger was told of an action, once there is as much as expected. */
    entries: async (action: string, count: number) => {
      const caller = person({ tenant, roles: ['admin'] });
      const ask = async () => (await client.call(listEntries, { query: { action } }, caller)).body;
      return (await until(action, ask, ({ items }) => items.length >= count)).items;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe('windows', () => {
  test('ok: none at first; a shorter one is pending for seven days and can be taken back', async () => {
    await using opened = await openRetention();
    expect(await opened.read()).toEqual({ version: 1, ledger: {}, cadMail: {} });
    expect(await opened.ask('ledger')).toEqual({ holds: [] });

    const put = await opened.put({ ledger: { days: 400 }, cadMail: { days: 90 } });
    expect(put.body.ledger).toMatchObject({ pending: { days: 400 } });
    expect(put.body.ledger.effective).toBeUndefined();
    await opened.advance(6);
    expect(await opened.ask('ledger')).toEqual({ holds: [] });
    const back = await opened.put({ ledger: { days: 400 } });
    expect(back.body.cadMail).toEqual({});

    await opened.advance(1);
    expect(await opened.ask('ledger')).toEqual({ window: { days: 400 }, holds: [] });
    expect(await opened.ask('cadMail')).toEqual({ holds: [] });
    expect(await opened.ask('files')).toEqual({ holds: [] });
    const longer = await opened.put({ ledger: { days: 800 } });
    expect(longer.body.ledger).toEqual({ effective: { days: 800 } });
    expect(await opened.ask('ledger')).toEqual({ window: { days: 800 }, holds: [] });

    const told = await opened.entries('core-records.retention.changed', 3);
    expect(told).toMatchObject(Array(3).fill({ object: { type: 'retention', id: tenant } }));
  });

  test('the version moves when a pending window comes into force, so that a stale If-Match shows', async () => {
    await using opened = await openRetention();
    const { version } = (await opened.put({ ledger: { days: 400 } })).body;
    expect((await opened.read()).version).toBe(version);
    await opened.advance(7);
    const stale = opened.put({ ledger: { days: 365 } }, admin, { ifMatch: version });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    const current = await opened.read(reviewer);
    expect(current.version).toBeGreaterThan(version);
    const put = await opened.put({ ledger: { days: 365 } }, admin, { ifMatch: current.version });
    expect(put.version).toBeGreaterThan(current.version);
    const same = await opened.put({ ledger: { days: 365 } });
    expect(same.version).toBe(put.version);
  });

  test('validation, forbidden: the floors, and who sets them', async () => {
    await using opened = await openRetention();
    const short = opened.put({ ledger: { days: 364 } });
    await expect(short).rejects.toMatchObject({
      code: 'validation',
      particulars: { errors: [{ pointer: '#/body/ledger/days' }] },
    });
    await expect(opened.put({}, reviewer)).rejects.toMatchObject(forbidden);
    const officer = person({ tenant, roles: ['officer', 'supervisor'] });
    await expect(opened.read(officer)).rejects.toMatchObject(forbidden);
    const asPerson = opened.client.call(askRetention, { body: { class: 'ledger' } }, admin);
    await expect(asPerson).rejects.toMatchObject(forbidden);
  });

  test('another department has windows and holds of its own', async () => {
    await using opened = await openRetention();
    await opened.put({ ledger: { days: 400 } });
    const hold = await opened.place();
    await opened.advance(8);
    expect(await opened.ask('ledger', stranger.tenant)).toEqual({ holds: [] });
    expect((await opened.read(stranger)).version).toBe(1);
    const release = opened.release(hold.id, stranger);
    await expect(release).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('legal holds', () => {
  test('ok: one person places, another releases, and the hold stays on record', async () => {
    await using opened = await openRetention();
    const record = { type: 'incident', id: 'i-1' };
    const hold = await opened.place({ classes: ['cadMail', 'ledger'], record });
    const all = await opened.place({ classes: ['files'] });
    expect(hold).toMatchObject({ status: 'on', version: 1, placedBy: { id: admin.subject.id } });
    expect(await opened.ask('ledger')).toEqual({ holds: [{ id: hold.id, record }] });
    expect(await opened.ask('files')).toEqual({ holds: [{ id: all.id }] });

    const released = await opened.release(hold.id);
    expect(released).toMatchObject({
      status: 'released',
      version: 2,
      releasedBy: { id: other.subject.id },
      releaseReason: 'settled',
    });
    expect(await opened.ask('ledger')).toEqual({ holds: [] });
    expect(await opened.release(hold.id)).toEqual(released);
    const params = { id: hold.id };
    expect((await opened.client.call(readLegalHold, { params }, reviewer)).body).toEqual(released);
    const list = async (query: object) =>
      (await opened.client.call(listLegalHolds, { query }, reviewer)).body.items;
    expect(await list({})).toEqual([all, released]);
    expect(await list({ status: 'on' })).toEqual([all]);

    expect(await opened.entries('core-records.legal-hold.placed', 2)).toHaveLength(2);
    const [told] = await opened.entries('core-records.legal-hold.released', 1);
    expect(told).toMatchObject({ object: { id: hold.id, version: 2 }, reason: 'settled' });
  });

  test('forbidden: whoever placed it, which is an event; a reviewer; an API key', async () => {
    await using opened = await openRetention();
    const hold = await opened.place();
    await expect(opened.release(hold.id, admin)).rejects.toMatchObject(forbidden);
    const [told] = await opened.entries('core-records.legal-hold.released', 1);
    expect(told).toMatchObject({ object: { id: hold.id }, outcome: 'refused' });
    await expect(opened.release(hold.id, reviewer)).rejects.toMatchObject(forbidden);
    const key = { ...other, subject: { type: 'key' as const, id: randomUUIDv7() } };
    await expect(opened.release(hold.id, key)).rejects.toMatchObject(forbidden);
    await expect(opened.place(undefined, key)).rejects.toMatchObject(forbidden);
    expect(await opened.ask('ledger')).toMatchObject({ holds: [{ id: hold.id }] });
  });

  test('version-mismatch, validation', async () => {
    await using opened = await openRetention();
    const hold = await opened.place();
    const stale = opened.release(hold.id, other, { ifMatch: 7 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    const twice = opened.place({ classes: ['ledger', 'ledger'] });
    await expect(twice).rejects.toMatchObject({ code: 'validation' });
    await expect(opened.place({ classes: [] })).rejects.toMatchObject({ code: 'validation' });
  });

  test('more holds than one look shows: each of them holds everything', async () => {
    await using opened = await openRetention();
    const record = { type: 'incident', id: 'i-1' };
    const hold = await opened.place({ classes: ['cadMail'], record });
    const tables = opened.tables.forTenant(tenant);
    for (let first = 1; first < LIST_ROWS_MAX; first += 99) {
      const count = Math.min(99, LIST_ROWS_MAX - first);
      const changes = Array.from({ length: count }, () => {
        const id = randomUUIDv7();
        return {
          put: { kind: 'legal-hold-on', id, value: JSON.parse(JSON.stringify({ ...hold, id })) },
          expect: 0,
        };
      });
      await tables.write({ changes, events: [], unaudited: 'a test' });
    }
    const { holds } = await opened.ask('files');
    expect(holds.length).toBe(LIST_ROWS_MAX);
    expect(holds.every((each) => each.record === undefined)).toBe(true);
  });
});
