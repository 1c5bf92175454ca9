import { describe, expect, test as plain } from 'vitest';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { tablesAdapters } from './adapters.ts';
import { changes, event, idsOf, openedTables, put, tenant } from './tables-fixtures.ts';

describe.each(tablesAdapters)('the outbox and the store on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);
  const opened = () => openedTables(open);

  describe('the outbox', () => {
    test('holds the events of each write, in the order of the writes', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      const events = ['a', 'b', 'c', 'd'].map((id) => event(id));
      const [a, b, c, d] = events as [AuditEvent, AuditEvent, AuditEvent, AuditEvent];
      await rows.write({ changes: [put('a', 0)], events: [a, b] });
      await Promise.all([
        rows.write({ changes: [], events: [c] }),
        rows.write({ changes: [], events: [d] }),
      ]);
      const waiting = await tables.outbox({ after: 0, limit: 10 });
      expect(waiting.map((each) => each.event)).toEqual(events);
      const positions = waiting.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((x, y) => x - y));
      expect(await tables.outbox({ after: positions[1] ?? 0, limit: 1 })).toEqual([waiting[2]]);
    });

    test('gives the events of one record in the order of its versions, however many race', async () => {
      const { place, tables, rows, again } = await opened();
      await using _ = place;
      const other = (await again()).forTenant(tenant);
      await rows.write({ changes: [put('one', 0)], events: [event('one', 1)] });
      async function bump(mine: TenantTables): Promise<void> {
        const row = await mine.get({ kind: 'incident', id: 'one' });
        const version = row?.version ?? 0;
        const events = [event('one', version + 1)];
        const { ok } = await mine.write({ changes: [put('one', version)], events });
        if (!ok) await bump(mine);
      }
      await Promise.all(Array.from({ length: 30 }, (_, i) => bump(i % 2 ? rows : other)));
      const waiting = await tables.outbox({ after: 0, limit: 100 });
      const versions = waiting.map((each) => each.event.object.version);
      expect(versions).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
    });

    test('forgets what is done, once and again, and keeps the rest', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      await rows.write({ changes: [], events: [event('a'), event('b'), event('c')] });
      const [first, , third] = await tables.outbox({ after: 0, limit: 10 });
      const done = [first?.position ?? 0, third?.position ?? 0];
      await tables.outboxDone(done);
      await tables.outboxDone(done);
      await tables.outboxDone([]);
      const rest = await tables.outbox({ after: 0, limit: 10 });
      expect(rest.map((each) => each.event.object.id)).toEqual(['b']);
    });

    test('never gives a position twice, not even of the last event after it is done', async () => {
      const { place, tables, rows, again } = await opened();
      await using _ = place;
      await rows.write({ changes: [], events: [event('a')] });
      const [first] = await tables.outbox({ after: 0, limit: 10 });
      await tables.outboxDone([first?.position ?? 0]);
      await rows.write({ changes: [], events: [event('b')] });
      const [second] = await (await again()).outbox({ after: 0, limit: 10 });
      expect(second?.position).toBeGreaterThan(first?.position ?? 0);
    });

    test('tells how many wait, and since when', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      expect(await tables.outboxDepth()).toEqual({ events: 0, oldestAt: undefined });
      const since = place.clock();
      await rows.write({ changes: [], events: [event('a')] });
      place.clock.advance(5_000);
      await rows.write({ changes: [], events: [event('b')] });
      expect(await tables.outboxDepth()).toEqual({ events: 2, oldestAt: since });
    });
  });

  describe('a store', () => {
    test('that is opened again has everything', async () => {
      const { place, tables, rows, again } = await opened();
      await using _ = place;
      await rows.write({ changes: [put('one', 0)], events: [event('one')] });
      await tables[Symbol.asyncDispose]();
      const reopened = await again();
      expect(await idsOf(reopened.forTenant(tenant))).toEqual(['one']);
      expect(await reopened.outboxDepth()).toMatchObject({ events: 1 });
    });

    test('that is closed refuses, after it has ended what was under way', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      const writing = rows.write(changes(put('one', 0)));
      await tables[Symbol.asyncDispose]();
      expect(await writing).toEqual({ ok: true });
      await expect(rows.write(changes(put('two', 0)))).rejects.toMatchObject({
        code: 'unavailable',
      });
      await expect(rows.get({ kind: 'incident', id: 'one' })).rejects.toMatchObject({
        code: 'unavailable',
      });
    });
  });
});
