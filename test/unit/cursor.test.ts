import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorAfter, rowIdIn, scopeOf } from '#shared/cursor.ts';

const scope = scopeOf('core-records.incident.list', { status: 'open', limit: 50 });
const id = randomUUIDv7();

test('a cursor leads back to its row, also with another page size', () => {
  const cursor = cursorAfter(scope, id);
  expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
  const again = scopeOf('core-records.incident.list', { limit: 3, status: 'open', cursor });
  expect(rowIdIn(again, cursor)).toBe(id);
  expect(rowIdIn(again, undefined)).toBeUndefined();
});

test('a cursor of another list, or with other filters, is refused', () => {
  const cursor = cursorAfter(scope, id);
  const others = [
    scopeOf('core-records.incident.list', { status: 'closed' }),
    scopeOf('core-records.incident.list', {}),
    scopeOf('core-records.incident.history', { status: 'open' }),
  ];
  for (const other of others) {
    expect(() => rowIdIn(other, cursor)).toThrow(
      expect.objectContaining({ code: 'invalid-cursor' }),
    );
  }
});

test('anything else is refused as a cursor, never an error of ours', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc
      .string()
      .map((row) => Buffer.from(JSON.stringify([scope, `\0${row}`])).toString('base64url')),
  );
  fc.assert(
    fc.property(text, (cursor) => {
      expect(() => rowIdIn(scope, cursor)).toThrow(
        expect.objectContaining({ code: 'invalid-cursor' }),
      );
    }),
  );
});
