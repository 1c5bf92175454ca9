/** What mails and people say about one incident, read together. */
import { describe, expect, test } from 'vitest';
import type { CadDraft } from '#contracts/cad-fields.ts';
import {
  type Correction,
  type LogEntry,
  logEntry,
  readLog,
} from '#services/core-records/incident-log.ts';
import { proposal } from '#test/support/proposals.ts';

const minute = (count: number) => new Date(Date.UTC(2031, 0, 2, 4, count)).toISOString();

/** A mail of that minute. */
function mail(at: number, draft: Partial<CadDraft>): LogEntry {
  return logEntry.parse({ by: 'mail', ...proposal({ draft, receivedAt: minute(at) }) });
}

/** What a person did in that minute; the first version is what they recorded. */
function person(at: number, patch: Correction, version = at + 1): LogEntry {
  return logEntry.parse({ by: 'person', at: minute(at), version, patch });
}

const first = mail(0, {
  fields: { nature: 'FIRE', address: '12 MILL RD', units: ['E91'], number: '31-123' },
});

describe('mails among each other', () => {
  test('a dispatch that was read in full needs no review', () => {
    expect(readLog([first])).toEqual({
      fields: { nature: 'FIRE', address: '12 MILL RD', units: ['E91'], number: '31-123' },
      unsure: [],
      needsReview: false,
    });
  });

  test('the later mail counts, in whatever order they came', () => {
    const second = mail(1, { fields: { nature: 'STRUCTURE FIRE', priority: '1' } });
    for (const log of [
      [first, second],
      [second, first],
    ]) {
      const { fields } = readLog(log);
      expect(fields).toMatchObject({ nature: 'STRUCTURE FIRE', priority: '1', units: ['E91'] });
    }
  });

  test('units, numbers and cross streets are added, each once', () => {
    const second = mail(1, {
      fields: {
        units: ['T91', 'e91'],
        number: '#31-123, 31F7',
        crossStreets: ['OAK CT', 'ELM ST'],
      },
    });
    const third = mail(2, { fields: { units: ['M4'], crossStreets: ['Elm St', 'PINE RD'] } });
    const { fields } = readLog([first, second, third]);
    expect(fields.units).toEqual(['E91', 'T91', 'M4']);
    expect(fields.number).toBe('31-123, 31F7');
    expect(fields.crossStreets).toEqual(['OAK CT', 'ELM ST', 'PINE RD']);
  });

  test('of a later narrative only the lines that are new are added', () => {
    const { fields } = readLog([
      mail(0, { fields: { narrative: 'smoke showing\n\nsmoke showing' } }),
      mail(1, { fields: { narrative: 'smoke showing\nall out\n' } }),
      mail(2, { fields: { narrative: 'ALL  OUT' } }),
    ]);
    expect(fields.narrative).toBe('smoke showing\n\nsmoke showing\nall out');
  });

  test('an address that moves leaves behind what belonged to the old place', () => {
    const place = { crossStreets: ['OAK CT'], coordinates: { lat: 41, lon: -88 }, apartment: '4' };
    const there = mail(1, { fields: { address: '12 Mill  Rd', city: 'FAIRVALE', ...place } });
    expect(readLog([first, there]).fields).toMatchObject(place);
    const moved = mail(2, { fields: { address: '200 QUARRY LN', crossStreets: ['ELM ST'] } });
    const { fields } = readLog([first, there, moved]);
    expect(fields).toMatchObject({ address: '200 QUARRY LN', city: 'FAIRVALE' });
    expect(fields.crossStreets).toEqual(['ELM ST']);
    expect(fields).not.toHaveProperty('coordinates');
    expect(fields).not.toHaveProperty('apartment');
  });

  test('the time of dispatch stays that of the first page which has one', () => {
    const pages = [
      mail(0, { fields: { nature: 'FIRE', address: 'X', time: '04:05' } }),
      mail(1, { fields: { date: '2031-01-02', time: '04:05' } }),
      mail(2, { fields: { date: '2031-01-03', time: '00:10' } }),
    ];
    expect(readLog(pages).fields).toMatchObject({ date: '2031-01-02', time: '04:05' });
  });

  test('a report of times fills what is empty, merges the clocks of each unit, changes nothing', () => {
    const { fields, needsReview } = readLog([
      first,
      mail(1, {
        kind: 'times',
        fields: {
          nature: 'ALARM',
          city: 'FAIRVALE',
          unitTimes: [
            { unit: 'E91', dispatched: '04:05' },
            { unit: 'T91', enRoute: '04:07' },
          ],
        },
      }),
      mail(2, { kind: 'times', fields: { unitTimes: [{ unit: 'e91', onScene: '04:12' }] } }),
    ]);
    expect(fields).toMatchObject({ nature: 'FIRE', city: 'FAIRVALE', units: ['E91', 'T91'] });
    expect(fields.unitTimes).toEqual([
      { unit: 'E91', dispatched: '04:05', onScene: '04:12' },
      { unit: 'T91', enRoute: '04:07' },
    ]);
    expect(needsReview).toBe(false);
  });

  test('the CAD field `source` is the agency of the incident', () => {
    const { fields } = readLog([mail(0, { fields: { source: 'STATION 9' } })]);
    expect(fields).toEqual({ agency: 'STATION 9' });
  });
});

describe('review', () => {
  const read = { nature: 'FIRE', address: '12 MILL RD' };

  test.each<[string, Partial<CadDraft>]>([
    ['a page without an address', { fields: { nature: 'FIRE' } }],
    ['a page without a nature', { fields: { address: '12 MILL RD' } }],
    ['a page of little confidence', { fields: read, confidence: 0.49 }],
    ['an unsure field, also one that is absent', { fields: read, unsure: ['apartment'] }],
    ['a text that is no dispatch', { fields: { narrative: 'call the desk' }, kind: 'other' }],
    ['an update of nothing', { fields: read, kind: 'update' }],
    ['times of nothing', { fields: { unitTimes: [{ enRoute: '04:05' }] }, kind: 'times' }],
  ])('%s wants it', (_, draft) => {
    expect(readLog([mail(0, draft)]).needsReview).toBe(true);
  });

  test('times and updates that came before their dispatch do not want it', () => {
    const times = mail(2, { kind: 'times', fields: { unitTimes: [{ enRoute: '04:05' }] } });
    const update = mail(1, { kind: 'update', fields: { priority: '2' } });
    expect(readLog([times, update, first]).needsReview).toBe(false);
  });

  test('a later mail that is sure ends the doubt, but not the review', () => {
    const unsure = mail(0, { fields: read, unsure: ['address'] });
    const sure = mail(1, { fields: { address: '14 MILL RD', nature: 'FIRE' } });
    expect(readLog([unsure])).toMatchObject({ unsure: ['address'], needsReview: true });
    expect(readLog([sure, unsure])).toMatchObject({ unsure: [], needsReview: true });
  });

  test('what goes past the bounds of a field stays out and wants it', () => {
    const units = Array.from({ length: 100 }, (_, index) => `U${index}`);
    const more = mail(1, { fields: { units: ['ONE MORE'] } });
    const { fields, unsure } = readLog([mail(0, { fields: { ...read, units } }), more]);
    expect(fields.units).toEqual(units);
    expect(unsure).toEqual(['units']);
  });

  test('a narrative that would not fit an audit event is cut, and wants it', () => {
    const long = mail(0, { fields: { ...read, narrative: '火'.repeat(60_000) } });
    const { fields, unsure, needsReview } = readLog([long]);
    expect(Buffer.byteLength(JSON.stringify(fields.narrative))).toBeLessThanOrEqual(100_000);
    expect(fields.narrative?.length).toBeGreaterThan(33_000);
    expect({ unsure, needsReview }).toEqual({ unsure: ['narrative'], needsReview: true });
    const longest = mail(0, { fields: { ...read, narrative: 'line of a page\n'.repeat(4_000) } });
    expect(readLog([longest]).needsReview).toBe(false);
  });
});

describe('people', () => {
  test('what a person has set or removed stands; other news of a mail is a doubt', () => {
    const corrected = person(1, { address: '14 MILL RD', units: null });
    const repeated = mail(2, { fields: { address: '12 MILL RD', units: ['E91'], nature: 'FIRE' } });
    expect(readLog([first, corrected, repeated])).toMatchObject({
      fields: { address: '14 MILL RD' },
      unsure: [],
      needsReview: false,
    });
    expect(readLog([first, corrected, repeated]).fields).not.toHaveProperty('units');
    const news = mail(3, { fields: { address: '99 ELM ST', units: ['T91'] } });
    const again = mail(4, { fields: { address: '99 ELM ST' } });
    expect(readLog([first, corrected, repeated, news, again])).toMatchObject({
      fields: { address: '14 MILL RD', units: ['T91'] },
      unsure: ['address'],
      needsReview: true,
    });
  });

  test('a doubt ends with the word of a person, a review when they say so', () => {
    const unsure = mail(0, {
      fields: { nature: 'FIRE', address: '1 ELM ST', source: 'ST 9' },
      unsure: ['address', 'source'],
    });
    const agency = person(1, { agency: 'STATION 9' });
    expect(readLog([unsure, agency])).toMatchObject({ unsure: ['address'], needsReview: true });
    const reviewed = person(2, { needsReview: false });
    expect(readLog([unsure, agency, reviewed])).toMatchObject({ unsure: [], needsReview: false });
    const doubtful = mail(3, { fields: {}, unsure: ['nature'] });
    expect(readLog([unsure, reviewed, doubtful])).toMatchObject({
      unsure: ['nature'],
      needsReview: true,
    });
  });

  test('clocks that a person has set stand, those of other units come in', () => {
    const entries = [
      person(0, { nature: 'FIRE', unitTimes: [{ unit: 'E91', enRoute: '04:06' }] }),
      mail(1, {
        kind: 'times',
        fields: {
          unitTimes: [
            { unit: 'E91', enRoute: '04:09', onScene: '04:12' },
            { unit: 'T91', enRoute: '04:08' },
          ],
        },
      }),
    ];
    const { fields, unsure } = readLog(entries);
    expect(fields.unitTimes).toEqual([
      { unit: 'E91', enRoute: '04:06', onScene: '04:12' },
      { unit: 'T91', enRoute: '04:08' },
    ]);
    expect(unsure).toEqual(['unitTimes']);
  });

  test('in the same millisecond the mail comes before the person', () => {
    const early = mail(1, { fields: { priority: '9' } });
    const late = person(1, { priority: '1' });
    expect(readLog([late, early, first]).fields.priority).toBe('1');
    expect(readLog([late, early, first]).unsure).toEqual([]);
  });
});
