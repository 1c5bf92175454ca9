import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkpointLetter, reminderLetter } from '#services/ledger/mail/letters.ts';
import { lastDaily, lastWeekly, MONDAY, WEDNESDAY } from '#services/ledger/mail/schedule.ts';
import { weekNamed } from '#services/ledger/reviews/week.ts';

const HOUR_MS = 3_600_000;
const at = (iso: string) => Date.parse(iso);
const shown = (zone: string, ms: number) =>
  new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(ms);

const zones = fc.constantFrom(
  'America/Chicago',
  'America/St_Johns',
  'America/Phoenix',
  'Pacific/Honolulu',
  'Pacific/Kiritimati',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'UTC',
);
const times = fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2036-01-01T00:00:00Z') });

describe('what is due', () => {
  test('each day is due at seven by the clocks there, once, whatever they are set to', () => {
    fc.assert(
      fc.property(zones, times, (zone, now) => {
        const { key, atMs } = lastDaily(zone, now);
        expect(atMs).toBeLessThanOrEqual(now);
        expect(now - atMs).toBeLessThan(25 * HOUR_MS);
        expect(shown(zone, atMs)).toBe(`${key} 07:00`);
        const before = lastDaily(zone, atMs - 1);
        expect(before.key < key).toBe(true);
        expect(lastDaily(zone, atMs)).toEqual({ key, atMs });
        expect(Date.parse(key) - Date.parse(before.key)).toBe(24 * HOUR_MS);
      }),
    );
  });

  test('is 23 or 25 hours after the day before when clocks change in between', () => {
    const zone = 'America/Chicago';
    expect(lastDaily(zone, at('2031-03-09T12:00:00Z'))).toEqual({
      key: '2031-03-09',
      atMs: at('2031-03-09T12:00:00Z'),
    });
    expect(lastDaily(zone, at('2031-03-09T11:59:59Z')).atMs).toBe(at('2031-03-08T13:00:00Z'));
    expect(lastDaily(zone, at('2031-11-02T13:00:00Z')).atMs).toBe(at('2031-11-02T13:00:00Z'));
    expect(lastDaily(zone, at('2031-11-02T12:59:59Z')).atMs).toBe(at('2031-11-01T12:00:00Z'));
  });

  test('is seven as soon as clocks have passed it, on a date that has no seven', () => {
    // The island had no 30 December 2011.
    const zone = 'Pacific/Apia';
    const last = lastDaily(zone, at('2011-12-30T18:00:00Z'));
    expect(last).toEqual({ key: '2011-12-31', atMs: at('2011-12-30T17:00:00Z') });
  });

  test('weekly is on its day of the week there, one in seven days', () => {
    fc.assert(
      fc.property(zones, times, fc.constantFrom(MONDAY, WEDNESDAY), (zone, now, day) => {
        const { key, atMs } = lastWeekly(zone, now, day);
        expect(new Date(`${key}T00:00:00Z`).getUTCDay()).toBe(day);
        expect(now - atMs).toBeLessThan(7 * 24 * HOUR_MS + HOUR_MS);
        expect(now).toBeGreaterThanOrEqual(atMs);
      }),
    );
  });
});

describe('a letter', () => {
  test('of a checkpoint has the note as it is, the key, and how to check it', () => {
    const note = 'ledger.example/log/00\n9\nq6ur\n\n— ledger.example/log/00 c2ln\n';
    const verifierKey = 'ledger.example/log/00+00000000+AQ==';
    const origin = 'ledger.example/log/00';
    const head = { v: 1, origin, size: 9, root: 'ab'.repeat(32), note, verifierKey } as const;
    const letter = checkpointLetter(head, '2031-01-06');
    expect(letter).toMatchObject({
      roles: ['reviewer'],
      attachment: { name: 'checkpoint-2031-01-06.txt', text: note },
    });
    expect(letter.text).toContain(
      `checkpoint verify checkpoint-2031-01-06.txt --key ${verifierKey}`,
    );
  });

  test('of a missing review names the week and goes to who can sign it off', () => {
    const week = weekNamed('2031-W07');
    if (week === undefined) throw new Error('no such week');
    const letter = reminderLetter(week);
    expect(letter.roles).toEqual(['reviewer', 'admin']);
    expect(letter.subject).toContain('2031-W07');
    expect(letter.text).toContain('2031-02-10T00:00:00.000Z');
  });
});
