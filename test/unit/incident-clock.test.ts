/** Clocks of a dispatch centre as moments: midnight, and the two nights on which clocks are changed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CadDraft } from '#contracts/cad-fields.ts';
import { firstFrom, lastUntil, momentOfPage } from '#services/core-records/incident-clock.ts';
import { hearLog, logEntry } from '#services/core-records/incident-log.ts';
import { entryOf, type Proposal } from '#services/core-records/incident-proposal.ts';
import { proposal } from '#test/support/proposals.ts';

const zone = 'America/Chicago';

const momentOf = (time: string, receivedAt: string, date?: string) =>
  momentOfPage({ time, ...(date === undefined ? {} : { date }) }, { receivedAt, zone });

describe('the moment of a page', () => {
  test.each<[string, string, string, string]>([
    ['23:59', '2031-01-03T06:01:00.000Z', '2031-01-03T05:59:00.000Z', 'is before midnight'],
    ['00:01', '2031-01-03T06:02:00.000Z', '2031-01-03T06:01:00.000Z', 'is past midnight'],
    ['00:01', '2031-01-03T05:50:00.000Z', '2031-01-03T06:01:00.000Z', 'of a clock that is ahead'],
    ['22:00', '2031-01-03T14:00:00.000Z', '2031-01-03T04:00:00.000Z', 'that came hours late'],
  ])('%s, received %s, is %s: it %s', (time, receivedAt, at) => {
    expect(momentOf(time, receivedAt)).toEqual({ at });
  });

  test('is of its own date, where the page has one', () => {
    expect(momentOf('04:05:06', '2031-01-05T12:00:00.000Z', '2031-01-02')).toEqual({
      at: '2031-01-02T10:05:06.000Z',
    });
    expect(momentOfPage({}, { receivedAt: '2031-01-05T12:00:00.000Z', zone })).toBeUndefined();
  });

  // In 2031 the clocks go forward on March 9 and back on November 2, at two in the morning.
  test('in the hour that comes twice is the nearer one, and doubtful', () => {
    const first = { at: '2031-11-02T06:30:00.000Z', doubt: 'twice' };
    const second = { at: '2031-11-02T07:30:00.000Z', doubt: 'twice' };
    for (const date of [undefined, '2031-11-02']) {
      expect(momentOf('01:30', '2031-11-02T06:31:00.000Z', date)).toEqual(first);
      expect(momentOf('01:30', '2031-11-02T07:31:00.000Z', date)).toEqual(second);
    }
    expect(momentOf('00:59', '2031-11-02T06:01:00.000Z')).not.toHaveProperty('doubt');
    expect(momentOf('02:00', '2031-11-02T08:01:00.000Z')).not.toHaveProperty('doubt');
  });

  test('in the hour that is left out is doubtful, and read as if the clock was not put forward', () => {
    const moment = { at: '2031-03-09T08:30:00.000Z', doubt: 'skipped' };
    for (const date of [undefined, '2031-03-09']) {
      expect(momentOf('02:30', '2031-03-09T08:31:00.000Z', date)).toEqual(moment);
    }
    expect(momentOf('03:00', '2031-03-09T08:01:00.000Z')).not.toHaveProperty('doubt');
  });

  test('without a date is right around midnight of both nights', () => {
    for (const [received, at] of [
      ['2031-03-09T06:01:00.000Z', '2031-03-09T05:59:00.000Z'],
      ['2031-03-10T05:01:00.000Z', '2031-03-10T04:59:00.000Z'],
      ['2031-11-02T05:01:00.000Z', '2031-11-02T04:59:00.000Z'],
      ['2031-11-03T06:01:00.000Z', '2031-11-03T05:59:00.000Z'],
    ] as const) {
      expect(momentOf('23:59', received)).toEqual({ at });
    }
  });

  test('any moment, shown on the clock and read back, is the moment or a doubt', () => {
    const begin = Date.UTC(2031, 0, 1) / 1_000;
    const zones = fc.constantFrom('America/Chicago', 'America/St_Johns', 'Pacific/Honolulu');
    fc.assert(
      fc.property(fc.nat(365 * 24 * 60 * 60), fc.nat(600), zones, (second, late, here) => {
        const at = (begin + second) * 1_000;
        const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(here);
        const time = local.toPlainTime().toString({ smallestUnit: 'second' });
        const receivedAt = new Date(at + late * 1_000).toISOString();
        const read = momentOfPage({ time }, { receivedAt, zone: here });
        if (read?.doubt === undefined) expect(Date.parse(read?.at ?? '')).toBe(at);
        else expect(read.doubt).toBe('twice');
        expect(Date.parse(firstFrom({ time, zone: here }, at)?.at ?? '')).toBe(at);
        expect(Date.parse(lastUntil({ time, zone: here }, at)?.at ?? '')).toBe(at);
      }),
    );
  });
});

describe('the times of an incident', () => {
  const heard = (...mails: readonly { draft: Partial<CadDraft>; receivedAt: string }[]) =>
    hearLog(
      mails.map((mail) => logEntry.parse(entryOf(proposal(mail) as Proposal, zone))),
      zone,
    );
  const call = { nature: 'FIRE', address: '12 MILL RD' };
  const report = (unitTimes: CadDraft['fields']['unitTimes'], receivedAt: string) => ({
    draft: { kind: 'times' as const, fields: { unitTimes } },
    receivedAt,
  });

  test('roll over midnight, per unit and for the whole, whenever the report comes', () => {
    const page = {
      draft: { fields: { ...call, time: '23:58' } },
      receivedAt: '2031-01-03T05:58:30.000Z',
    };
    const times = report(
      [
        { received: '23:57', cleared: '01:30' },
        {
          unit: 'E91',
          dispatched: '23:58:10',
          enRoute: '00:01',
          onScene: '00:07',
          cleared: '01:29',
        },
      ],
      '2031-01-03T20:00:00.000Z',
    );
    const { timeline, reading } = heard(page, times);
    expect(reading.fields.units).toEqual(['E91']);
    expect(timeline).toEqual({
      zone,
      at: '2031-01-03T05:58:00.000Z',
      units: [
        { received: '2031-01-03T05:57:00.000Z', cleared: '2031-01-03T07:30:00.000Z' },
        {
          unit: 'E91',
          dispatched: '2031-01-03T05:58:10.000Z',
          enRoute: '2031-01-03T06:01:00.000Z',
          onScene: '2031-01-03T06:07:00.000Z',
          cleared: '2031-01-03T07:29:00.000Z',
        },
      ],
    });
  });

  test('are counted from the page where it has no time, and back from a report of its own', () => {
    const page = { draft: { fields: call }, receivedAt: '2031-01-03T05:58:30.000Z' };
    const times = report([{ unit: 'E91', onScene: '00:07' }], '2031-01-03T20:00:00.000Z');
    const units = [{ unit: 'E91', onScene: '2031-01-03T06:07:00.000Z' }];
    expect(heard(page, times).timeline).toEqual({ zone, units });
    expect(heard(times).timeline).toEqual({ zone, units });
  });

  test('in the hour that comes twice are flagged, and want no review for it', () => {
    const page = {
      draft: { fields: { ...call, time: '01:10' } },
      receivedAt: '2031-11-02T06:10:20.000Z',
    };
    const times = report(
      [{ unit: 'E91', onScene: '01:20', cleared: '02:20' }],
      '2031-11-02T09:00:00.000Z',
    );
    const { timeline, reading } = heard(page, times);
    expect(reading).toMatchObject({ needsReview: false, unsure: [] });
    expect(timeline).toMatchObject({
      at: '2031-11-02T06:10:00.000Z',
      units: [{ onScene: '2031-11-02T06:20:00.000Z', cleared: '2031-11-02T08:20:00.000Z' }],
      twice: ['time', 'E91 onScene'],
    });
  });

  test('in the hour that is left out want a review, the time of the call as well as of a unit', () => {
    const page = (time: string) => ({
      draft: { fields: { ...call, time } },
      receivedAt: '2031-03-09T08:31:00.000Z',
    });
    const wrong = heard(page('02:30'));
    expect(wrong.reading).toMatchObject({ needsReview: true, unsure: ['time'] });
    expect(wrong.timeline).toMatchObject({ skipped: ['time'] });
    const times = report([{ unit: 'E91', onScene: '02:20' }], '2031-03-09T12:00:00.000Z');
    const right = heard(page('01:55'), times);
    expect(right.reading).toMatchObject({ needsReview: true, unsure: ['unitTimes'] });
    expect(right.timeline).toMatchObject({ skipped: ['E91 onScene'] });
    expect(heard(page('03:05')).reading.needsReview).toBe(false);
  });
});
