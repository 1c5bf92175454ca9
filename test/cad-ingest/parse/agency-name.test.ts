import { expect, test } from 'vitest';
import { agencyLength, isAgency, withoutAgency } from '#services/cad-ingest/parse/agency-name.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

test.each([
  ['ARLOW FIRE CHEST PAIN', 2],
  ['EAST ARLOW VFD GAS LEAK', 3],
  ['COUNTY EMS FALL', 2],
  ['ARLOW FIRE DEPT STRUCTURE FIRE', 3],
  ['FIRE/EMS PAGE STRUCTURE FIRE', 2],
  ['EMS CALL SEIZURE', 2],
  // Call types, not names.
  ['STRUCTURE FIRE SMOKE SHOWING', 0],
  ['TRACTOR FIRE SMOKE SHOWING', 0],
  ['WATER RESCUE', 0],
  ['FIRE ALARM COMMERCIAL', 0],
  ['CHEST PAIN', 0],
  ['', 0],
])('the agency in front of %s has %d words', (text, length) => {
  expect(agencyLength(text.split(' '))).toBe(length);
});

test.each([
  ['ARLOW RESCUE CALL', true],
  ['Arlow Fire Dept', true],
  ['Structure Fire', false],
  ['Gas Leak', false],
])('whether %s is nothing but an agency: %s', (text, expected) => {
  expect(isAgency(text)).toBe(expected);
});

test.each([
  ['ARLOW FD - Gas Leak', 'Gas Leak'],
  ['Gas Leak - ARLOW FD', 'Gas Leak'],
  ['COUNTY EMS - Ambulance Needed', 'Ambulance Needed'],
  ['FIRE - STRUCTURE', 'FIRE - STRUCTURE'],
])('without the agency %s is %s', (text, expected) => {
  expect(withoutAgency(text)).toBe(expected);
});

test('the agency of a page is its source and no part of the call type', () => {
  const { fields } = readPage({ body: 'ARLOW FIRE CHEST PAIN 14 PINE HOLLOW RD' }, []);
  expect(fields).toMatchObject({
    source: 'ARLOW FIRE',
    nature: 'CHEST PAIN',
    address: '14 PINE HOLLOW RD',
  });
});
