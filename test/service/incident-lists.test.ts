/** Incidents through the bus: lists and history. */
import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openIncidents, replay, tenant } from '#test/support/incidents.ts';

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
