import { describe, expect, test as plain } from 'vitest';
import type { Write } from '#shared/ports/tables.ts';
import { tablesAdapters } from './adapters.ts';
import {
  changes,
  idsOf,
  neighbour,
  openedTables,
  put,
  tenant,
  unaudited,
} from './tables-fixtures.ts';

describe.each(tablesAdapters)('lists and the directory on $name', ({ open, missing }) => {
  const test = plain.skipIf(missing);
  const opened = () => openedTables(open);

  describe('a list', () => {
    const ids = ['a', 'a-1', 'a-2', 'a.1', 'aé', 'a￿', 'a😀', 'a🚒', 'b', 'ba'];

    async function withRows() {
      const made = await opened();
      await made.rows.write(changes(...ids.map((id) => put(id, 0))));
      await made.rows.write(changes(put('a', 0, 1, 'history'), put('z', 0, 1, 'incidents')));
      return made;
    }

    test('is in the order of UTF-8 bytes, both ways, and of one kind', async () => {
      const { place, rows } = await withRows();
      await using _ = place;
      const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await idsOf(rows)).toEqual(sorted);
      const down = await rows.list({ kind: 'incident', limit: 100, descending: true });
      expect(down.map(({ id }) => id)).toEqual(sorted.toReversed());
    });

    test.each([
      ['a prefix', { prefix: 'a-' }, ['a-1', 'a-2']],
      ['a prefix that is an id itself', { prefix: 'b' }, ['b', 'ba']],
      ['a prefix outside of the first plane', { prefix: 'a🚒' }, ['a🚒']],
      ['a prefix at the end of all characters', { prefix: 'a￿' }, ['a￿']],
      ['after an id', { after: 'a🚒' }, ['b', 'ba']],
      ['after something that is no id', { after: 'a🚒z' }, ['b', 'ba']],
      ['after, in a prefix', { prefix: 'a-', after: 'a-1' }, ['a-2']],
      ['after what comes before the prefix', { prefix: 'b', after: 'a' }, ['b', 'ba']],
      ['after what comes behind the prefix', { prefix: 'a-', after: 'b' }, []],
      ['down, after an id', { after: 'a-2', descending: true }, ['a-1', 'a']],
      ['down, in a prefix', { prefix: 'a-', descending: true }, ['a-2', 'a-1']],
      ['down, after, in a prefix', { prefix: 'a-', after: 'a-2', descending: true }, ['a-1']],
      [
        'down, after what is behind the prefix',
        { prefix: 'a-', after: 'b', descending: true },
        ['a-2', 'a-1'],
      ],
      // JavaScript compares UTF-16, in which U+FFFF comes behind the planes that follow it.
      ['after U+FFFF, in a prefix behind it', { prefix: 'a🚒', after: 'a￿' }, ['a🚒']],
      [
        'down, after what is behind a prefix that ends at U+FFFF',
        { prefix: 'a￾', after: 'a🚒', descending: true },
        [],
      ],
      ['a limit', { limit: 2 }, ['a', 'a-1']],
    ])('gives %s', async (_, request, expected) => {
      const { place, rows } = await withRows();
      await using _place = place;
      const found = await rows.list({ kind: 'incident', limit: 100, ...request });
      expect(found.map(({ id }) => id)).toEqual(expected);
    });

    test.each([0, 1_001, 1.5])('refuses a limit of %s', async (limit) => {
      const { place, rows } = await opened();
      await using _ = place;
      await expect(rows.list({ kind: 'incident', limit })).rejects.toThrow('limit');
    });
  });

  describe('the directory', () => {
    const key = { kind: 'mail', id: 'chief@example.org' };
    const add = (id: string): Write => ({
      changes: [],
      directory: [{ add: key, entry: { tenant, id } }],
      events: [],
      unaudited,
    });

    test('finds the tenant of a name', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      expect(await tables.find(key)).toBeUndefined();
      await rows.write(add('user'));
      expect(await tables.find(key)).toEqual({ tenant, id: 'user' });
    });

    test('gives a name once, whoever asks for it', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      await rows.write(add('first'));
      const result = await tables.forTenant(neighbour).write(add('second'));
      expect(result).toEqual({ ok: false, conflict: key });
      expect(await tables.find(key)).toEqual({ tenant, id: 'first' });
    });

    test('gives a dropped name again, and dropping is idempotent', async () => {
      const { place, tables, rows } = await opened();
      await using _ = place;
      await rows.write(add('first'));
      const drop: Write = { changes: [], directory: [{ drop: key }], events: [], unaudited };
      await rows.write(drop);
      expect(await rows.write(drop)).toEqual({ ok: true });
      expect(await tables.find(key)).toBeUndefined();
      expect(await rows.write(add('second'))).toEqual({ ok: true });
    });
  });
});
