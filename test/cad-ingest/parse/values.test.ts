import { describe, expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';
import { datesIn, readMoment, timesIn } from '#services/cad-ingest/parse/values/clock.ts';
import {
  findDeterminant,
  isIncidentNumber,
  isPhone,
  readNumbers,
} from '#services/cad-ingest/parse/values/codes.ts';
import { findCoordinates } from '#services/cad-ingest/parse/values/coordinates.ts';
import { readCrossStreets } from '#services/cad-ingest/parse/values/cross-streets.ts';
import { readNarrative } from '#services/cad-ingest/parse/values/narrative.ts';
import { readNature } from '#services/cad-ingest/parse/values/nature.ts';
import { readUnitTimes } from '#services/cad-ingest/parse/values/unit-times.ts';
import { readUnits, unitListScore } from '#services/cad-ingest/parse/values/units.ts';

describe('dates and times', () => {
  test.each([
    ['1/2/2031', '2031-01-02'],
    ['01/02/31', '2031-01-02'],
    ['1-2-31', '2031-01-02'],
    ['01.02.31', '2031-01-02'],
    ['2031-01-02T04:05:06', '2031-01-02'],
    ['310102 04:05', '2031-01-02'],
    ['Jan 2, 2031', '2031-01-02'],
    ['02-JAN-31', '2031-01-02'],
  ])('%s is %s', (text, date) => {
    expect(datesIn(text)[0]?.value).toBe(date);
  });

  test('a day that no month has is no date', () => {
    expect(datesIn('02/30/2031')).toEqual([]);
    expect(datesIn('13/13/2031')).toEqual([]);
  });

  test.each([
    ['1/2 04:05', '2031-01-03', '2031-01-02'],
    ['12/31 23:58', '2031-01-01', '2030-12-31'],
    ['1/1 00:02', '2030-12-31', '2031-01-01'],
    ['2/29 10:00', '2031-03-01', '2032-02-29'],
  ])('%s on a page that came on %s is %s', (text, received, date) => {
    expect(datesIn(text, received)[0]?.value).toBe(date);
  });

  test('a date without a year is none where nobody knows when the page came', () => {
    expect(datesIn('1/2 04:05')).toEqual([]);
  });

  test('a page of the last evening that comes in the new year is of the old one', () => {
    const page = { body: 'Date: 12/31\nTime: 23:58\nAddress: 14 PINE HOLLOW RD\nNature: GAS LEAK' };
    const draft = readPage({ ...page, receivedAt: '2031-01-01T05:01:00.000Z' }, []);
    expect(draft.fields).toMatchObject({ date: '2030-12-31', time: '23:58' });
  });

  test.each([
    ['04:05:06', '04:05:06'],
    ['4:05', undefined],
    ['04:05', '04:05'],
    ['4:05:06 PM', '16:05:06'],
    ['12:05 AM', '00:05'],
    ['12:05 pm', '12:05'],
    ['24:10', undefined],
    ['04:65', undefined],
  ])('the time of %s', (text, time) => {
    const expected = text === '4:05' ? '04:05' : time;
    expect(timesIn(text)[0]?.value).toBe(expected);
  });

  test('bare digits are a time only where they are asked for', () => {
    expect(timesIn('0405')).toEqual([]);
    expect(timesIn('0405', { bare: true })[0]?.value).toBe('04:05');
    expect(readMoment('01/02/31 0405')).toEqual({ date: '2031-01-02', time: '04:05' });
    expect(readMoment('04 05 06 01/02/2031')).toEqual({ date: '2031-01-02', time: '04:05:06' });
  });
});

describe('coordinates', () => {
  const fairvale = { lat: 36.123456, lon: -81.234567 };
  test.each([
    ['36.123456,-81.234567', fairvale],
    ['36.123456 81.234567', fairvale],
    ['-081.234567 +036.123456', fairvale],
    ['geo:+36.123456, -81.234567', fairvale],
    ['36123456 81234567', fairvale],
    ['https://maps.example.com/?q=36.123456,-81.234567', fairvale],
    ['LAT: 36.123456\nLON: -81.234567', fairvale],
    ['X: -120 15.4524 Y: 38 1.1207', { lat: 38.0186783, lon: -120.25754 }],
  ])('%s', (text, place) => {
    expect(findCoordinates(text)?.value).toEqual(place);
  });

  test.each(['<UNKNOWN>', '0,0', '0.000000, 0.000000', '12.5 3.5', '555.1234 555.5678'])(
    '%s is no place',
    (text) => {
      expect(findCoordinates(text)).toBeUndefined();
    },
  );

  test('the last of several pairs counts', () => {
    const text = '(35.000001, -80.000001) (36.123456, -81.234567)';
    expect(findCoordinates(text)?.value).toEqual(fairvale);
  });
});

describe('codes and numbers', () => {
  test.each(['17D04', '29-B-1', '6-D-1a', '10C4P'])('%s is a determinant', (code) => {
    expect(findDeterminant(`X ${code} Y`)?.value).toBe(code);
  });

  test.each(['E12', '123 ELM', '200D04', '12:34'])('%s is none', (text) => {
    expect(findDeterminant(text)).toBeUndefined();
  });

  test.each(['2031-00000123', '31-000123', '31F0042', 'CFS3100042', '203100000042', '#42'])(
    '%s is an incident number',
    (text) => {
      expect(isIncidentNumber(text)).toBe(true);
    },
  );

  test('a phone is no incident number of ten digits that begins with a year', () => {
    expect(isPhone('(555) 555-0142')).toBe(true);
    expect(isPhone('2031000042')).toBe(false);
    expect(isPhone('31-00042')).toBe(false);
    expect(isPhone('555-0142')).toBe(true);
    expect(isIncidentNumber('555-0142 x')).toBe(false);
  });

  test('several numbers are joined, and one not made yet is left out', () => {
    expect(readNumbers('31F0042,31E0040')).toBe('31F0042, 31E0040');
    expect(readNumbers('[2031-00000123 FD0001], [Incident not yet created FD0002]')).toBe(
      '2031-00000123',
    );
  });
});

describe('units', () => {
  test.each([
    ['E12,MED4; 51C1 BC-2', ['E12', 'MED4', '51C1', 'BC-2']],
    ['ENGINE 5, County Sta 7', ['ENGINE 5', 'County Sta 7']],
    ['E91 (Dispatched), E91', ['E91']],
    ['[M4] [E91]', ['M4', 'E91']],
  ])('%s', (text, units) => {
    expect(readUnits(text)).toEqual(units);
  });

  test.each(['SR347', '278TH Rd', '123 MAIN ST', 'chest pain'])(
    '%s is no list of units',
    (text) => {
      expect(unitListScore(text)).toBeLessThan(0.6);
    },
  );

  test('status times per unit come from labels, rows and logs', () => {
    const text = `Unit: E91  Dispatched at: 04:06:10  Enroute at: 04:08:00
E92       Arrived     04:15:44
04:20:00 E93:Available
smoke showing at 04:30:00`;
    expect(readUnitTimes(text)).toEqual([
      { unit: 'E91', dispatched: '04:06:10', enRoute: '04:08:00' },
      { unit: 'E92', onScene: '04:15:44' },
      { unit: 'E93', available: '04:20:00' },
    ]);
  });
});

test('the times of units that stand one behind the other are of each', () => {
  const text =
    'CAD:GAS LEAK;  E91 Disp: 04:05:06 Enr: 04:06:10 Arr: 04:15:44 Enr Hosp:  Clr: 04:30:00  ARLFD Disp: 04:05:09 Avail: 04:40';
  expect(readUnitTimes(text)).toEqual([
    {
      unit: 'E91',
      dispatched: '04:05:06',
      enRoute: '04:06:10',
      onScene: '04:15:44',
      cleared: '04:30:00',
    },
    { unit: 'ARLFD', dispatched: '04:05:09', available: '04:40' },
  ]);
});

test.each([
  'E91 Dispatched 04:05 Enroute 04:06 On Scene 04:15 Clear 04:30',
  'CLEAR REPORT;31-0042;GAS LEAK;E91 DP 04:05 ER 04:06 AR 04:15 CLR 04:30',
  'E91 - DSP: 04:05, ENR: 04:06, ARV: 04:15, CLR: 04:30',
])('%s are times of a unit', (text) => {
  expect(readUnitTimes(text)).toEqual([
    { unit: 'E91', dispatched: '04:05', enRoute: '04:06', onScene: '04:15', cleared: '04:30' },
  ]);
});

test('a table has a row for each unit, and a column for each status', () => {
  const times = [{ unit: 'E91', dispatched: '04:05', onScene: '04:15', cleared: '04:40' }];
  const rows = 'Unit    Dispatched   On Scene   Clear\nE91     04:05        04:15      04:40';
  expect(readUnitTimes(rows)).toEqual(times);
  expect(readUnitTimes(rows.replaceAll(/ {2,}/g, '\t'))).toEqual(times);
});

test('behind a label of the unit the word before the first time is none', () => {
  const text = 'Unit: Tanker 21 Addr: 12 MILL RD, FAIRVALE Disp: 04:05:06 Clr: 04:30:00';
  expect(readUnitTimes(text)).toEqual([
    { unit: 'Tanker 21', dispatched: '04:05:06', cleared: '04:30:00' },
  ]);
});

test('a log says when a unit came to the hospital', () => {
  expect(readUnitTimes('04:05:06 M62 DISPATCHED; 04:30:10 M62 ATHOSP;')).toEqual([
    { unit: 'M62', dispatched: '04:05:06', atHospital: '04:30:10' },
  ]);
});

describe('call types', () => {
  test.each([
    ['STRUCTURE FIRE', { nature: 'STRUCTURE FIRE' }],
    ['29-B-1 TRAFFIC ACCIDENT', { nature: 'TRAFFIC ACCIDENT', code: '29-B-1' }],
    ['FALRM - FIRE ALARM', { nature: 'FIRE ALARM', code: 'FALRM' }],
    ['ODOR - ODOR OF SMOKE', { nature: 'ODOR OF SMOKE', code: 'ODOR' }],
    ['FIRE - STRUCTURE', { nature: 'FIRE - STRUCTURE' }],
    ['FALLS (17D05)', { nature: 'FALLS', code: '17D05' }],
  ])('%s', (text, nature) => {
    expect(readNature(text)).toEqual(nature);
  });
});

describe('cross streets', () => {
  test.each([
    ['ELM ST & OAK AVE', ['ELM ST', 'OAK AVE']],
    ['ELM ST X DEAD END', ['ELM ST']],
    ['AVENUE 12 1/2/OAK AVE, S ELM ST', ['AVENUE 12 1/2', 'OAK AVE', 'S ELM ST']],
    ['COUNTY RD 99W W OAK AVE', ['COUNTY RD 99W', 'W OAK AVE']],
    ['Between: A ST & B ST', ['A ST', 'B ST']],
    ['btwn ELM ST and OAK AVE', ['ELM ST', 'OAK AVE']],
    ['ELM ST OAK AVE', ['ELM ST', 'OAK AVE']],
    ['ELM ST//OAK AVE', ['ELM ST', 'OAK AVE']],
    ['0.17 mi SE ELM ST', ['ELM ST']],
    ['No Cross Streets Found', []],
    ['N/A', []],
  ])('%s', (text, streets) => {
    expect(readCrossStreets(text)).toEqual(streets);
  });
});

describe('narratives', () => {
  test.each([
    ['SMOKE [01/02/31 04:05:06 JDOE]', 'SMOKE'],
    ['[01/02/31 04:05:06 JDOE] SMOKE\n[01/02/31 04:06:06 JDOE] FIRE', 'SMOKE\nFIRE'],
    ['04:05:06 JDOE: SMOKE', 'SMOKE'],
    ['** 01/02/2031 04:05:06 0709 ** SMOKE', 'SMOKE'],
    ['01/02/31 04:05:06~SMOKE', 'SMOKE'],
    ['01/02/31 04:05:06 : pos3 : JDOE : SMOKE', 'SMOKE'],
    ['-----\nSMOKE\n_____', 'SMOKE'],
  ])('stamps and rulers are shed from %j', (text, narrative) => {
    expect(readNarrative(text)).toBe(narrative);
  });
});
