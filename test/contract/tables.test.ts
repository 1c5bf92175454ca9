import { describe, expect, test as plain } from 'vitest';
import { ROW_BYTES_MAX, WRITE_BYTES_MAX, WRITE_ITEMS_MAX } from '#contracts/limits.ts';
import type { Change } from '#shared/ports/tables.ts';
import { tablesAdapters } from './adapters.ts';
import { changes, event, idsOf, neighbour, openedTables, put, tenant } from './tables-fixtures.ts';

describe.each(tablesAdapters)('rows and writes on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);
  const opened = () => openedTables(open);

  describe('a row', () => {
    test('comes back as it was put, with its version', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const value = {
        text: 'Brücke 🚒 \u0000 \ud800',
        list: [1, 0.1, -1e21, null, true],
        deep: { a: {} },
      };
      await rows.write(changes(put('one', 0, value)));
      expect(await rows.get({ kind: 'incident', id: 'one' })).toEqual({
        kind: 'incident',
        id: 'one',
        version: 1,
        value,
      });
    });

    test('is undefined when it is not there', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      expect(await rows.get({ kind: 'incident', id: 'one' })).toBeUndefined();
    });

    test('keeps bytes beside its value, none of them included', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const row = (id: string, content: Uint8Array): Change => ({
        put: { kind: 'block', id, value: null, bytes: content },
        expect: 0,
      });
      await rows.write(changes(row('full', bytes), row('empty', new Uint8Array())));
      expect((await rows.get({ kind: 'block', id: 'full' }))?.bytes).toEqual(bytes);
      expect((await rows.get({ kind: 'block', id: 'empty' }))?.bytes).toEqual(new Uint8Array());
    });

    test('is a copy: neither what was put nor what was read is the store itself', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const value = { units: ['E1'] };
      const bytes = Uint8Array.of(1, 2, 3);
      const writing = rows.write(
        changes({ put: { kind: 'incident', id: 'one', value, bytes }, expect: 0 }),
      );
      value.units.push('changed while it is written');
      bytes.fill(9);
      await writing;
      const first = await rows.get({ kind: 'incident', id: 'one' });
      Object.assign(first?.value ?? {}, { units: ['changed after it was read'] });
      const second = await rows.get({ kind: 'incident', id: 'one' });
      expect(second?.value).toEqual({ units: ['E1'] });
      expect(second?.bytes).toEqual(Uint8Array.of(1, 2, 3));
    });

    test('has one version more with each put, and loses its bytes when a put has none', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const first: Change = {
        put: { kind: 'incident', id: 'one', value: 1, bytes: Uint8Array.of(1) },
        expect: 0,
      };
      await rows.write(changes(first));
      await rows.write(changes(put('one', 1, 2)));
      const row = await rows.get({ kind: 'incident', id: 'one' });
      expect(row).toEqual({ kind: 'incident', id: 'one', version: 2, value: 2 });
    });

    test('begins at version 1 again after it was removed', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      await rows.write(changes(put('one', 0)));
      await rows.write(changes({ remove: { kind: 'incident', id: 'one' }, expect: 1 }));
      expect(await rows.get({ kind: 'incident', id: 'one' })).toBeUndefined();
      expect(await rows.write(changes(put('one', 0, 'new')))).toEqual({ ok: true });
      expect(await rows.get({ kind: 'incident', id: 'one' })).toMatchObject({ version: 1 });
    });

    test('belongs to one tenant: the other one neither finds, lists nor changes it', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      const others = tables.forTenant(neighbour);
      await rows.write(changes(put('one', 0, 'ours')));
      expect(await others.get({ kind: 'incident', id: 'one' })).toBeUndefined();
      expect(await idsOf(others)).toEqual([]);
      expect(await others.write(changes(put('one', 1, 'taken')))).toMatchObject({ ok: false });
      expect(await others.write(changes(put('one', 0, 'theirs')))).toEqual({ ok: true });
      expect(await rows.get({ kind: 'incident', id: 'one' })).toMatchObject({ value: 'ours' });
    });
  });

  describe('a write', () => {
    test.each([
      ['a put of a new row that exists', put('there', 0)],
      ['a put of a row that is not there', put('gone', 1)],
      ['a put of an older version', put('changed', 1)],
      ['a put of a later version', put('there', 2)],
      ['a removal of an older version', { remove: { kind: 'incident', id: 'changed' }, expect: 1 }],
      ['a check of an older version', { check: { kind: 'incident', id: 'changed' }, expect: 1 }],
      ['a check that something is absent', { check: { kind: 'incident', id: 'there' }, expect: 0 }],
    ] satisfies [string, Change][])('lost by %s changes nothing at all', async (_, losing) => {
      const { place, tables, rows } = await opened();
      await using _place = place;
      await rows.write(changes(put('there', 0), put('changed', 0), put('spare', 0)));
      await rows.write(changes(put('changed', 1, 'twice')));
      const result = await rows.write({
        changes: [put('new', 0), { remove: { kind: 'incident', id: 'spare' }, expect: 1 }, losing],
        directory: [{ add: { kind: 'mail', id: 'chief@example.org' }, entry: { tenant, id: 'u' } }],
        events: [event('new')],
      });
      expect(result).toEqual({ ok: false, conflict: { kind: 'incident', id: idOf(losing) } });
      expect(await idsOf(rows)).toEqual(['changed', 'spare', 'there']);
      expect(await tables.find({ kind: 'mail', id: 'chief@example.org' })).toBeUndefined();
      expect(await tables.outbox({ after: 0, limit: 10 })).toEqual([]);
    });

    test('names the first key that did not hold', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const result = await rows.write(changes(put('a', 0), put('b', 3), put('c', 3)));
      expect(result).toEqual({ ok: false, conflict: { kind: 'incident', id: 'b' } });
    });

    test('that holds may check rows which it does not change', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      await rows.write(changes(put('one', 0)));
      const check: Change = { check: { kind: 'incident', id: 'one' }, expect: 1 };
      expect(await rows.write(changes(check, put('two', 0)))).toEqual({ ok: true });
      expect(await rows.get({ kind: 'incident', id: 'one' })).toMatchObject({ version: 1 });
    });

    test('of many at once: exactly one wins each version', async () => {
      const { place, rows, again } = await opened();
      await using _ = place;
      const other = (await again()).forTenant(tenant);
      await rows.write(changes(put('one', 0)));
      for (const version of [1, 2, 3]) {
        const races = Array.from({ length: 20 }, (_, i) =>
          (i % 2 ? rows : other).write(changes(put('one', version, i))),
        );
        const results = await Promise.all(races);
        expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      }
      expect(await other.get({ kind: 'incident', id: 'one' })).toMatchObject({ version: 4 });
    });

    test('is seen by every handle on the same store once it has returned', async () => {
      const { place, rows, again } = await opened();
      await using _ = place;
      const other = (await again()).forTenant(tenant);
      for (const version of [0, 1, 2]) {
        await rows.write(changes(put('one', version, version)));
        expect(await other.get({ kind: 'incident', id: 'one' })).toMatchObject({ value: version });
      }
    });

    test('without audit events and without a reason is refused', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      await expect(rows.write({ changes: [put('one', 0)], events: [] })).rejects.toThrow('audit');
      expect(await idsOf(rows)).toEqual([]);
    });

    test('that a limit forbids is refused, and one at the limit is not', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const many = Array.from({ length: WRITE_ITEMS_MAX + 1 }, (_, i) => put(`n${i}`, 0));
      await expect(rows.write(changes(...many))).rejects.toThrow('items');
      expect(await rows.write(changes(...many.slice(1)))).toEqual({ ok: true });
      const overhead = Buffer.byteLength('big') + Buffer.byteLength('""');
      const fits = put('big', 0, 'x'.repeat(ROW_BYTES_MAX - overhead));
      const over = put('big', 0, 'x'.repeat(ROW_BYTES_MAX - overhead + 1));
      await expect(rows.write(changes(over))).rejects.toMatchObject({ code: 'too-large' });
      expect(await rows.write(changes(fits))).toEqual({ ok: true });
    });

    test('of rows that are too large together is refused, and nothing of it is kept', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      const large = 'x'.repeat(ROW_BYTES_MAX - 100);
      const many = Array.from({ length: Math.ceil(WRITE_BYTES_MAX / large.length) + 1 }, (_, i) =>
        put(`n${i}`, 0, large),
      );
      await expect(rows.write(changes(...many))).rejects.toMatchObject({ code: 'too-large' });
      expect(await idsOf(rows)).toEqual([]);
      expect(await rows.write(changes(...many.slice(2)))).toEqual({ ok: true });
    });

    test.each([
      ['an id without bytes', { kind: 'incident', id: '' }],
      ['an id of more than 512 bytes', { kind: 'incident', id: 'ü'.repeat(257) }],
      ['an id that UTF-8 cannot hold', { kind: 'incident', id: 'a\ud800' }],
      ['an id with NUL', { kind: 'incident', id: 'a\0' }],
      ['a kind that is no word', { kind: 'In cident', id: 'a' }],
    ])('with %s is refused, and so is a read', async (_, key) => {
      const { place, rows } = await opened();
      await using _place = place;
      await expect(rows.get(key)).rejects.toThrow();
      await expect(rows.write(changes(put(key.id, 0, 1, key.kind)))).rejects.toThrow();
    });

    test('that names a row twice is refused', async () => {
      const { place, rows } = await opened();
      await using _ = place;
      await expect(rows.write(changes(put('one', 0), put('one', 1)))).rejects.toThrow('once');
    });
  });
});

function idOf(change: Change): string {
  if ('put' in change) return change.put.id;
  return 'remove' in change ? change.remove.id : change.check.id;
}
