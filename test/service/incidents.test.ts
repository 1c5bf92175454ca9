/** Incidents through the bus: what changes them, and whom it is refused. */
import { randomUUIDv7 } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createIncident,
  incidentHistory,
  readIncident,
  updateIncident,
  voidIncident,
} from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { person } from '#test/support/host.ts';
import {
  openIncidents,
  replay,
  reviewer,
  stranger,
  supervisor,
  tenant,
} from '#test/support/incidents.ts';

/** What the event reveals, for who holds the disclosures: field to before and after. */
function disclosed(disclosures: readonly string[]) {
  const parsed = disclosures.map((each) => JSON.parse(Buffer.from(each, 'base64url').toString()));
  return Object.fromEntries(parsed.map(([, name, value]) => [name, value]));
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
