/** Incidents through the bus: the six operations that every kind of record has. */
import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createIncident,
  type HistoryRow,
  type IncidentFields,
  incidentHistory,
  listIncidents,
  readIncident,
  updateIncident,
  voidIncident,
} from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';

const tenant = randomUUIDv7();
const supervisor = person({ tenant, roles: ['supervisor'] });
const reviewer = person({ tenant, roles: ['reviewer'] });
const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });

/** The service on its own host, and calls of a supervisor unless another caller is given. */
async function openIncidents() {
  const stack = new AsyncDisposableStack();
  const host = stack.use(await openTestHost());
  const parts = await host.parts('core-records');
  stack.use(await openCoreRecords(parts));
  const { client } = host;
  return {
    parts,
    client,
    create: async (fields: IncidentFields, who = supervisor) =>
      (await client.call(createIncident, { body: fields }, who)).body,
    read: async (id: string, who = supervisor) =>
      (await client.call(readIncident, { params: { id } }, who)).body,
    list: async (query: NonNullable<Parameters<typeof listOf>[1]> = {}, who = supervisor) =>
      listOf(client, query, who),
    patch: (id: string, body: object, options: { ifMatch?: number } = {}, who = supervisor) =>
      client.call(updateIncident, { params: { id }, body }, who, options),
    voids: (
      id: string,
      reason = 'entered twice',
      options: { ifMatch?: number } = {},
      who = supervisor,
    ) => client.call(voidIncident, { params: { id }, body: { reason } }, who, options),
    history: async (id: string, query: { limit?: number; cursor?: string } = {}) =>
      (await client.call(incidentHistory, { params: { id }, query }, supervisor)).body,
    events: async () =>
      (await parts.tables.outbox({ after: 0, limit: 1_000 })).map(({ event }) => event),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function listOf(
  client: TestHost['client'],
  query: {
    limit?: number;
    cursor?: string;
    number?: string;
    status?: 'open' | 'closed' | 'voided';
    needsReview?: string;
  },
  who = supervisor,
) {
  return (await client.call(listIncidents, { query }, who)).body;
}

/** What the event reveals, for who holds the disclosures: field to before and after. */
function disclosed(disclosures: readonly string[]) {
  const parsed = disclosures.map((each) => JSON.parse(Buffer.from(each, 'base64url').toString()));
  return Object.fromEntries(parsed.map(([, name, value]) => [name, value]));
}

/** The record as its history tells it, without what stands beside the changes. */
function replay(rows: readonly HistoryRow[]) {
  const state: Record<string, unknown> = {};
  for (const { field, before, after } of rows.flatMap(({ changes }) => changes)) {
    expect(state[field], field).toEqual(before);
    if (after === undefined) delete state[field];
    else state[field] = after;
  }
  return state;
}

describe('create and read', () => {
  test('ok: version 1, readable, in history, one event with what was set', async () => {
    await using incidents = await openIncidents();
    const made = await incidents.create({ nature: 'FIRE', number: '31-1', units: ['E91'] });
    expect(made).toMatchObject({ version: 1, status: 'open', nature: 'FIRE', units: ['E91'] });
    expect(await incidents.read(made.id, reviewer)).toEqual(made);
    const { items, next } = await incidents.history(made.id);
    expect(next).toBeUndefined();
    expect(items).toMatchObject([
      {
        version: 1,
        at: made.createdAt,
        action: 'core-records.incident.created',
        actor: supervisor.subject,
      },
    ]);
    const [event, ...more] = await incidents.events();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      tenant,
      action: 'core-records.incident.created',
      object: { type: 'incident', id: made.id, version: 1 },
      outcome: 'success',
      requestId: supervisor.requestId,
    });
    expect(disclosed(event?.disclosures ?? [])).toMatchObject({
      nature: { after: 'FIRE' },
      units: { after: ['E91'] },
      status: { after: 'open' },
    });
  });

  test('validation: unknown fields, nothing said, wrong types, control characters', async () => {
    await using incidents = await openIncidents();
    const refused = async (body: object, pointer: string) =>
      expect(incidents.create(body)).rejects.toMatchObject({
        code: 'validation',
        particulars: { errors: [{ pointer }] },
      });
    await refused({ nature: 'FIRE', adress: '1 ELM ST' }, '#/body/adress');
    await refused({ narrative: 'smoke' }, '#/body');
    await refused({ nature: 7 }, '#/body/nature');
    await refused({ nature: 'FI\u0000RE' }, '#/body/nature');
    await refused({ nature: 'FIRE', coordinates: { lat: 91, lon: 0 } }, '#/body/coordinates/lat');
    expect((await incidents.list()).items).toEqual([]);
  });

  test('forbidden: a reviewer does not write, and the refusal is an event', async () => {
    await using incidents = await openIncidents();
    const refused = incidents.create({ nature: 'FIRE' }, reviewer);
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    expect(await incidents.events()).toMatchObject([
      { outcome: 'refused', object: { id: 'core-records.incident.create' } },
    ]);
  });

  test('not found: an id that nobody has', async () => {
    await using incidents = await openIncidents();
    await expect(incidents.read(randomUUIDv7())).rejects.toMatchObject({ code: 'not-found' });
    await expect(incidents.history(randomUUIDv7())).rejects.toMatchObject({ code: 'not-found' });
  });

  test('idempotent: side by side one incident, another body under the key is refused', async () => {
    await using incidents = await openIncidents();
    const ask = (nature: string) =>
      incidents.client.call(createIncident, { body: { nature } }, supervisor, {
        idempotencyKey: 'the same',
      });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('FIRE')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await incidents.events()).toHaveLength(1);
    await expect(ask('FLOOD')).rejects.toMatchObject({ code: 'idempotency-key-reused' });
  });

  test('a change that would not fit its audit event is refused, with nothing written', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE', narrative: '火'.repeat(60_000) });
    const refused = incidents.patch(id, { narrative: '水'.repeat(60_000) });
    await expect(refused).rejects.toMatchObject({ code: 'too-large' });
    expect((await incidents.read(id)).version).toBe(1);
    expect((await incidents.patch(id, { narrative: 'short' })).version).toBe(2);
  });
});

describe('update', () => {
  test('ok: a merge patch; history and event hold what changed, and only that', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE', channel: 'TAC 1', city: 'FAIRVALE' });
    const { body, version } = await incidents.patch(
      id,
      { channel: 'TAC 2', city: null },
      { ifMatch: 1 },
    );
    expect(version).toBe(2);
    expect(body).toMatchObject({ version: 2, nature: 'FIRE', channel: 'TAC 2' });
    expect(body).not.toHaveProperty('city');
    const changes = {
      channel: { before: 'TAC 1', after: 'TAC 2' },
      city: { before: 'FAIRVALE' },
    };
    const [, event] = await incidents.events();
    expect(event?.object).toEqual({ type: 'incident', id, version: 2 });
    expect(disclosed(event?.disclosures ?? [])).toEqual(changes);
    const [, row] = (await incidents.history(id)).items;
    expect(row?.changes).toEqual(
      Object.entries(changes).map(([field, change]) => ({ field, ...change })),
    );
  });

  test('a patch without news answers the record and writes nothing', async () => {
    await using incidents = await openIncidents();
    const made = await incidents.create({ nature: 'FIRE' });
    const { body, version } = await incidents.patch(made.id, { nature: 'FIRE', city: null });
    expect({ body, version }).toEqual({ body: made, version: 1 });
    expect(await incidents.events()).toHaveLength(1);
  });

  test('validation: an empty patch, an unknown field, a review that cannot be asked for', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    for (const body of [{}, { version: 7 }, { needsReview: true }, { status: 'voided' }]) {
      await expect(incidents.patch(id, body)).rejects.toMatchObject({ code: 'validation' });
    }
  });

  test('version mismatch: a stale If-Match, and one that is ahead', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    await incidents.patch(id, { nature: 'FLOOD' });
    for (const ifMatch of [0, 1, 3]) {
      const refused = incidents.patch(id, { nature: 'ALARM' }, { ifMatch });
      await expect(refused).rejects.toMatchObject({ code: 'version-mismatch' });
      await expect(incidents.voids(id, 'wrong', { ifMatch })).rejects.toMatchObject({
        code: 'version-mismatch',
      });
    }
    expect(await incidents.read(id)).toMatchObject({ nature: 'FLOOD', version: 2, status: 'open' });
  });

  test('with the same If-Match side by side one wins, the others hear of it', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    const tries = Array.from({ length: 10 }, (_, index) =>
      incidents.patch(id, { channel: `TAC ${index}` }, { ifMatch: 1 }),
    );
    const settled = await Promise.allSettled(tries);
    const lost = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    expect(lost).toEqual(Array.from({ length: 9 }, () => 'version-mismatch'));
    expect((await incidents.history(id)).items).toHaveLength(2);
  });

  test('20 side by side without If-Match all survive, in history and outbox, in order', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    const values = Array.from({ length: 20 }, (_, index) => `TAC ${index}`);
    const answers = await Promise.all(values.map((channel) => incidents.patch(id, { channel })));
    const versions = Array.from({ length: 21 }, (_, index) => index + 1);
    expect(answers.map(({ version }) => version).toSorted((a = 0, b = 0) => a - b)).toEqual(
      versions.slice(1),
    );
    const { items } = await incidents.history(id);
    expect(items.map(({ version }) => version)).toEqual(versions);
    const set = items.slice(1).map(({ changes }) => changes[0]?.after);
    expect(set.toSorted()).toEqual(values.toSorted());
    const events = await incidents.events();
    expect(events.map(({ object }) => object.version)).toEqual(versions);
    expect(new Set(events.map((event) => event.id)).size).toBe(21);
    expect((await incidents.read(id)).channel).toBe(items.at(-1)?.changes[0]?.after);
  });

  test('two services on the same tables do not lose or double a change either', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    // The bus shares the requests of a subject among those who serve it.
    await using _second = await openCoreRecords({ ...incidents.parts });
    const channels = Array.from({ length: 12 }, (_, index) => `TAC ${index}`);
    await Promise.all(channels.map((channel) => incidents.patch(id, { channel })));
    const { items } = await incidents.history(id);
    expect(items.map(({ version }) => version)).toEqual(
      Array.from({ length: 13 }, (_, index) => index + 1),
    );
    expect(replay(items)).toMatchObject({ channel: items.at(-1)?.changes[0]?.after });
  });
});

describe('void', () => {
  test('ok: stays readable with reason and history, and is in the lists', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE', number: '31-1' });
    const { body } = await incidents.voids(id, 'entered twice', { ifMatch: 1 });
    expect(body).toMatchObject({ version: 2, status: 'voided', voidReason: 'entered twice' });
    expect(await incidents.read(id)).toEqual(body);
    expect((await incidents.list({ status: 'voided' })).items).toEqual([body]);
    expect((await incidents.list({ number: '31-1' })).items).toEqual([body]);
    expect((await incidents.history(id)).items[1]).toMatchObject({
      action: 'core-records.incident.voided',
      reason: 'entered twice',
    });
    expect((await incidents.events())[1]).toMatchObject({ reason: 'entered twice' });
  });

  test('conflict: voided twice, or changed afterwards', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    const both = await Promise.allSettled([incidents.voids(id), incidents.voids(id)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const conflict = { code: 'conflict' };
    await expect(incidents.voids(id)).rejects.toMatchObject(conflict);
    await expect(incidents.patch(id, { nature: 'FLOOD' })).rejects.toMatchObject(conflict);
    await expect(incidents.patch(id, { nature: 'FIRE' })).rejects.toMatchObject(conflict);
    expect((await incidents.history(id)).items).toHaveLength(2);
  });

  test('validation and forbidden: a reason is needed, and more than an officer', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    await expect(incidents.voids(id, ' ')).rejects.toMatchObject({ code: 'validation' });
    const officer = person({ tenant, roles: ['officer'] });
    await expect(incidents.voids(id, 'x', {}, officer)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});

describe('list', () => {
  test('pages newest first through everything, once each, until there is no next', async () => {
    await using incidents = await openIncidents();
    const made: string[] = [];
    for (let count = 0; count < 11; count += 1) {
      made.push((await incidents.create({ nature: `CALL ${count}` })).id);
    }
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await incidents.list({ limit: 4, ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ id }) => id));
      sizes.push(page.items.length);
      cursor = page.next;
    } while (cursor !== undefined);
    // Ids of the same millisecond have no order between them.
    expect(seen).toEqual(made.toSorted().toReversed());
    expect(sizes).toEqual([4, 4, 3]);
    expect((await incidents.list({ limit: 11 })).next).toBeUndefined();
  });

  test('filters by status, review and number; a cursor belongs to its filters', async () => {
    await using incidents = await openIncidents();
    const one = await incidents.create({ nature: 'FIRE', number: '31-1, F#7' });
    const two = await incidents.create({ nature: 'FLOOD', number: '#31–1' });
    await incidents.create({ nature: 'ALARM', number: '31-10' });
    await incidents.patch(two.id, { status: 'closed' });
    const idsOf = async (query: Parameters<typeof incidents.list>[0]) =>
      (await incidents.list(query)).items.map(({ id }) => id);
    expect(await idsOf({ number: '31-1' })).toEqual([two.id, one.id].toSorted().toReversed());
    expect(await idsOf({ number: 'f#7' })).toEqual([one.id]);
    expect(await idsOf({ number: '31-1, F#7' })).toEqual([one.id]);
    expect(await idsOf({ number: '31-1', status: 'closed' })).toEqual([two.id]);
    expect(await idsOf({ number: '31' })).toEqual([]);
    expect(await idsOf({ number: '#' })).toEqual([]);
    expect(await idsOf({ needsReview: 'true' })).toEqual([]);
    expect(await idsOf({ needsReview: 'false', status: 'closed' })).toEqual([two.id]);
    const { next } = await incidents.list({ number: '31-1', limit: 1 });
    expect(await idsOf({ number: '31-1', limit: 5, ...(next ? { cursor: next } : {}) })).toEqual([
      one.id,
    ]);
    for (const cursor of [next ?? '', 'x', Buffer.from('[1]').toString('base64url')]) {
      await expect(incidents.list({ cursor })).rejects.toMatchObject({ code: 'invalid-cursor' });
    }
  });

  test('by number follows the number when it is changed or removed', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE', number: '31-1, 31-2' });
    await incidents.patch(id, { number: '31-2, 31-3' });
    const found = async (number: string) => (await incidents.list({ number })).items.length;
    expect(await Promise.all(['31-1', '31-2', '31-3'].map(found))).toEqual([0, 1, 1]);
    await incidents.patch(id, { number: null });
    expect(await Promise.all(['31-1', '31-2', '31-3'].map(found))).toEqual([0, 0, 0]);
    await incidents.patch(id, { number: '31-1' });
    expect(await found('31-1')).toBe(1);
  });

  test('a filter that hits nothing reads a bounded number of rows and goes on from there', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'OLDEST' });
    await incidents.patch(id, { status: 'closed' });
    const rows = incidents.parts.tables.forTenant(tenant);
    const { version, id: _, ...value } = await incidents.read(id);
    for (let count = 0; count < 1_100; count += 50) {
      const changes = Array.from({ length: 50 }, () => ({
        put: { kind: 'incident', id: randomUUIDv7(), value: { ...value, status: 'open' } as never },
        expect: 0,
      }));
      await rows.write({ changes, events: [], unaudited: 'rows for a test' });
    }
    const first = await incidents.list({ status: 'closed' });
    expect(first.items).toEqual([]);
    expect(first.next).toBeDefined();
    const second = await incidents.list({ status: 'closed', cursor: first.next ?? '' });
    expect(second.items).toMatchObject([{ id, nature: 'OLDEST' }]);
    expect(second.next).toBeUndefined();
  });

  test('a page fits a bus message, however long the narratives are', async () => {
    await using incidents = await openIncidents();
    const narrative = 'x'.repeat(59_000);
    const made: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      made.push((await incidents.create({ nature: `CALL ${count}`, narrative })).id);
    }
    const first = await incidents.list({ limit: 200 });
    expect(first.items.length).toBeLessThan(20);
    const rest = await incidents.list({ limit: 200, cursor: first.next ?? '' });
    const last = await incidents.list({ limit: 200, cursor: rest.next ?? '' });
    const ids = [first, rest, last].flatMap(({ items }) => items.map(({ id }) => id));
    expect(ids).toEqual(made.toSorted().toReversed());
  });
});

describe('history', () => {
  test('replays to the record as it is, whatever was done to it', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE', units: ['E91'] });
    await incidents.patch(id, { coordinates: { lat: 41.5, lon: -88.25 }, units: ['E91', 'T91'] });
    await incidents.patch(id, { units: null, status: 'closed' });
    await incidents.patch(id, { nature: null, narrative: 'all out\nreturning' });
    await incidents.voids(id);
    const { id: _, version, createdAt, updatedAt, ...content } = await incidents.read(id);
    const { items } = await incidents.history(id);
    expect(replay(items)).toEqual(content);
    expect([items.length, items.at(-1)?.at, items[0]?.at]).toEqual([version, updatedAt, createdAt]);
  });

  test('replays to the record for any corrections that a person can make', async () => {
    await using incidents = await openIncidents();
    const text = fc.constantFrom('FIRE', 'FLOOD', 'TAC 1', 'first line\nsecond "line"', null);
    const line = text.filter((value) => !value?.includes('\n'));
    const lines = fc.option(fc.array(fc.constantFrom('E91', 'T91', 'M4'), { maxLength: 3 }));
    const correction = fc.record(
      { nature: line, channel: line, narrative: text, units: lines, crossStreets: lines },
      { requiredKeys: [], noNullPrototype: true },
    );
    const corrections = fc.array(correction, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(corrections, async (patches) => {
        const { id } = await incidents.create({ nature: 'FIRE', units: ['E91'] });
        for (const patch of patches) {
          if (Object.keys(patch).length > 0) await incidents.patch(id, patch);
        }
        const { id: _, version, createdAt, updatedAt, ...content } = await incidents.read(id);
        const { items } = await incidents.history(id);
        expect(replay(items)).toEqual(content);
        expect(items.map((row) => row.version)).toEqual(
          Array.from({ length: version }, (_each, index) => index + 1),
        );
      }),
      { numRuns: 25 },
    );
  });

  test('pages oldest first, and not beyond its record', async () => {
    await using incidents = await openIncidents();
    const { id } = await incidents.create({ nature: 'FIRE' });
    await incidents.create({ nature: 'ANOTHER' });
    for (let count = 0; count < 11; count += 1) await incidents.patch(id, { channel: `T${count}` });
    const first = await incidents.history(id, { limit: 7 });
    const second = await incidents.history(id, { limit: 7, cursor: first.next ?? '' });
    const versions = [...first.items, ...second.items].map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect(second.next).toBeUndefined();
    const ofHistory = incidents.list({ cursor: first.next ?? '' });
    await expect(ofHistory).rejects.toMatchObject({ code: 'invalid-cursor' });
  });
});

describe('another department', () => {
  test('gets 404 for everything, finds nothing, and changes nothing', async () => {
    await using incidents = await openIncidents();
    const made = await incidents.create({ nature: 'FIRE', number: '31-1' });
    const page = await incidents.list({ limit: 1 });
    await incidents.create({ nature: 'ANOTHER' });
    const { next } = await incidents.list({ limit: 1 });
    expect(page.next).toBeUndefined();
    const { client } = incidents;
    const params = { id: made.id };
    const asked = await Promise.allSettled([
      client.call(readIncident, { params }, stranger),
      client.call(incidentHistory, { params }, stranger),
      client.call(updateIncident, { params, body: { nature: 'X' } }, stranger),
      client.call(voidIncident, { params, body: { reason: 'X' } }, stranger),
    ]);
    for (const each of asked) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'not-found' } });
    }
    expect((await incidents.list({}, stranger)).items).toEqual([]);
    expect((await incidents.list({ number: '31-1' }, stranger)).items).toEqual([]);
    expect((await incidents.list({ cursor: next ?? '' }, stranger)).items).toEqual([]);
    expect(await incidents.read(made.id)).toEqual(made);
    const theirs = await incidents.create({ nature: 'THEIRS', number: '31-1' }, stranger);
    expect((await incidents.list({ number: '31-1' })).items).toEqual([made]);
    expect((await incidents.list({ number: '31-1' }, stranger)).items).toEqual([theirs]);
  });
});
