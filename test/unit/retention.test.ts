import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CAD_MAIL_RETENTION_DAYS_MIN,
  LEDGER_RETENTION_DAYS_MIN,
  RETENTION_DAYS_MAX,
  RETENTION_SHORTENING_DAYS,
  retentionWindows,
} from '#contracts/retention.ts';
import {
  changedRetention,
  retentionAt,
  type StoredRetention,
} from '#services/core-records/retention.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const START = Date.parse('2031-01-02T03:04:05.678Z');
const at = (days: number) => new Date(START + days * DAY_MS);

const days = (daysMin: number) =>
  fc.option(fc.integer({ min: daysMin, max: daysMin + 9 }), { nil: undefined });
const windows = fc
  .record({
    ledger: days(LEDGER_RETENTION_DAYS_MIN),
    cadMail: days(CAD_MAIL_RETENTION_DAYS_MIN),
  })
  .map(({ ledger, cadMail }) => ({
    ...(ledger && { ledger: { days: ledger } }),
    ...(cadMail && { cadMail: { days: cadMail } }),
  }));
/** Changes, and how many days lie before each. */
const history = fc.array(fc.record({ windows, after: fc.integer({ min: 0, max: 9 }) }), {
  minLength: 1,
  maxLength: 8,
});

/** The settings after these changes, told with what each of them asked for. */
function play(changes: readonly { windows: object; after: number }[]) {
  let row: { version: number; stored: StoredRetention } | undefined;
  let day = 0;
  const told = [];
  for (const { windows: asked, after } of changes) {
    day += after;
    const before = retentionAt(row, at(day));
    const stored = changedRetention(before, retentionWindows.parse(asked), at(day));
    if (stored !== undefined) row = { version: (row?.version ?? 0) + 1, stored };
    told.push({ day, asked, before, now: retentionAt(row, at(day)), row });
  }
  return told;
}

const effective = (of: ReturnType<typeof retentionAt>, name: 'ledger' | 'cadMail') =>
  of[name].effective?.days ?? Number.POSITIVE_INFINITY;

describe('retention windows', () => {
  test('nothing has a window that nobody has set', () => {
    expect(retentionAt(undefined, at(9_999))).toEqual({ version: 1, ledger: {}, cadMail: {} });
  });

  test('no window gets shorter sooner than seven days after it was asked for', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 20 }), (changes, later) => {
        const told = play(changes);
        const last = told.at(-1);
        const end = (last?.day ?? 0) + later;
        for (const name of ['ledger', 'cadMail'] as const) {
          const old = told.filter(({ day }) => day + RETENTION_SHORTENING_DAYS <= end);
          // What anybody asked for at least seven days ago, and that was the last word by then.
          const allowed = old.map(({ asked }) => windowIn(asked, name));
          const now = effective(retentionAt(last?.row, at(end)), name);
          const recent = told.map(({ before }) => effective(before, name));
          expect([...allowed, ...recent, Number.POSITIVE_INFINITY].some((x) => x <= now)).toBe(
            true,
          );
        }
      }),
    );
  });

  test('a longer window counts at once, the last word after seven days, and versions only grow', () => {
    fc.assert(
      fc.property(history, (changes) => {
        const told = play(changes);
        for (const { asked, before, now, row, day } of told) {
          for (const name of ['ledger', 'cadMail'] as const) {
            const wanted = windowIn(asked, name);
            const expected = Math.max(wanted, effective(before, name));
            expect(effective(now, name)).toBe(expected);
            expect(now[name].pending?.days ?? effective(now, name)).toBe(wanted);
            const settled = retentionAt(row, at(day + RETENTION_SHORTENING_DAYS));
            expect(effective(settled, name)).toBe(wanted);
          }
          expect(now.version).toBeGreaterThanOrEqual(before.version);
          const isSame = JSON.stringify(now) === JSON.stringify(before);
          expect(now.version === before.version).toBe(isSame);
        }
      }),
    );
  });

  test('asking again does not begin the seven days anew; asking for more takes it back', () => {
    const ask = (days: number, day: number, stored?: StoredRetention) =>
      changedRetention(
        retentionAt(stored && { version: 1, stored }, at(day)),
        { ledger: { days } },
        at(day),
      );
    const first = ask(400, 0);
    expect(first?.ledger).toEqual({ pending: { days: 400, from: at(7).toISOString() } });
    expect(ask(400, 6, first)).toBeUndefined();
    const longer = changedRetention(
      retentionAt(first && { version: 1, stored: first }, at(6)),
      {},
      at(6),
    );
    expect(longer?.ledger).toEqual({});
    expect(ask(500, 8, first)?.ledger).toEqual({ effective: { days: 500 } });
  });

  test('a window below the floor is refused', () => {
    for (const windows of [
      { ledger: { days: LEDGER_RETENTION_DAYS_MIN - 1 } },
      { cadMail: { days: CAD_MAIL_RETENTION_DAYS_MIN - 1 } },
      { ledger: { days: RETENTION_DAYS_MAX + 1 } },
      { ledger: { days: 400.5 } },
      { files: { days: 400 } },
    ]) {
      expect(retentionWindows.safeParse(windows).success, JSON.stringify(windows)).toBe(false);
    }
  });
});

function windowIn(asked: object, name: string): number {
  return (
    new Map<string, { days: number }>(Object.entries(asked)).get(name)?.days ??
    Number.POSITIVE_INFINITY
  );
}
