import fc from 'fast-check';
import { expect, test } from 'vitest';
import { weekAt, weekBefore, weekNamed } from '#services/ledger/reviews/week.ts';

// From the calendar of ISO 8601, around the turns of years.
test.each([
  ['2026-11-22T23:59:59.999Z', '2026-W47'],
  ['2026-11-23T00:00:00.000Z', '2026-W48'],
  ['2021-01-03T12:00:00.000Z', '2020-W53'],
  ['2021-01-04T00:00:00.000Z', '2021-W01'],
  ['2024-12-30T00:00:00.000Z', '2025-W01'],
  ['2027-01-01T00:00:00.000Z', '2026-W53'],
  ['1970-01-01T00:00:00.000Z', '1970-W01'],
])('%s is in %s', (time, name) => expect(weekAt(Date.parse(time)).name).toBe(name));

test('a year that has no week 53 has none', () => {
  expect(weekNamed('2020-W53')).toBeDefined();
  for (const name of ['2021-W53', '2026-W00', '2026-W54']) expect(weekNamed(name)).toBeUndefined();
});

test('weeks follow each other without a gap, and are found by their names', () => {
  const moments = fc.integer({ min: 0, max: Date.UTC(2199, 0) });
  fc.assert(
    fc.property(moments, (ms) => {
      const week = weekAt(ms);
      expect(week.fromMs <= ms && ms < week.toMs).toBe(true);
      expect(new Date(week.fromMs).getUTCDay()).toBe(1);
      expect(weekNamed(week.name)).toEqual(week);
      expect(weekBefore(week).toMs).toBe(week.fromMs);
      expect(weekAt(week.toMs).fromMs).toBe(week.toMs);
    }),
  );
});
