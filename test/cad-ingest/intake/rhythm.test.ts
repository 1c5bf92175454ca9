/** Sources that send by their own rhythm: when silence is too long, and when it is not. */
import { describe, expect, test } from 'vitest';
import { BURSTS_MIN, learnRhythm, silentFrom } from '#services/cad-ingest/health/rhythm.ts';
import { type Random, randomOf } from '../generator/random.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2031, 0, 6);

/** Calls by chance, each with some pages; busy by day, quiet from midnight to six. */
function sendFor(random: Random, about: { readonly days: number; readonly perDay: number }) {
  const times: number[] = [];
  const rate = (at: number) => ((at / HOUR) % 24 < 6 ? 0.2 : 1.27) * about.perDay;
  for (let at = START; at < START + about.days * DAY; at += HOUR / 12) {
    if (!random.chance(rate(at) / (24 * 12))) continue;
    for (let page = 0; page <= random.int(0, 3); page += 1) times.push(at + page * 20_000);
  }
  return times;
}

/** Hours from the last mail, sent about then, to the alarm. */
function hoursToAlarm(times: readonly number[], lastAt: number): number {
  const before = times.filter((at) => at < lastAt);
  const rhythm = learnRhythm([...before, lastAt]);
  return rhythm === undefined ? Number.NaN : (silentFrom(rhythm) - lastAt) / HOUR;
}

describe('a source', () => {
  const busy = sendFor(randomOf('busy'), { days: 40, perDay: 60 });
  const slow = sendFor(randomOf('slow'), { days: 56, perDay: 2 });
  const evening = START + 38 * DAY + 17 * HOUR;
  const midnight = START + 38 * DAY;

  test('that is new has no alarm, nor one with a short past', () => {
    expect(learnRhythm([])).toBeUndefined();
    expect(learnRhythm(busy.slice(0, BURSTS_MIN))).toBeUndefined();
    expect(learnRhythm(busy.filter((at) => at < START + 6 * DAY))).toBeUndefined();
    expect(learnRhythm(slow.filter((at) => at < START + 10 * DAY))).toBeUndefined();
  });

  test('that is busy is silent after hours by day, and later in the night', () => {
    const byDay = hoursToAlarm(busy, evening);
    const byNight = hoursToAlarm(busy, midnight);
    expect(byDay).toBeGreaterThan(1);
    expect(byDay).toBeLessThan(6);
    expect(byNight).toBeGreaterThan(byDay + 2);
  });

  test('that is slow is silent after days, not hours', () => {
    const hours = hoursToAlarm(slow, evening);
    expect(hours).toBeGreaterThan(2 * 24);
    expect(hours).toBeLessThan(14 * 24);
  });

  test('raises no alarm by the silences that it had before, an outage apart', () => {
    for (const times of [busy, slow]) {
      const rhythm = learnRhythm(times);
      const alarms = times.filter((at, index) => {
        const next = times[index + 1];
        return (
          rhythm !== undefined && next !== undefined && silentFrom({ ...rhythm, lastAt: at }) < next
        );
      });
      expect(alarms).toEqual([]);
    }
    const outage = busy.filter((at) => at < START + 20 * DAY || at > START + 22 * DAY);
    expect(hoursToAlarm(outage, evening)).toBeLessThan(8);
  });

  test('that goes on as ever is alarmed at most once in a hundred days', () => {
    const rhythm = learnRhythm(busy);
    const later = sendFor(randomOf('later'), { days: 1_000, perDay: 60 });
    const alarms = later.filter((at, index) => {
      const next = later[index + 1];
      return (
        rhythm !== undefined && next !== undefined && silentFrom({ ...rhythm, lastAt: at }) < next
      );
    });
    expect(alarms.length).toBeLessThanOrEqual(10);
  });
});
