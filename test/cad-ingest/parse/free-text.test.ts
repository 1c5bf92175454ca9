import { expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

/** A page without labels, and the call type and address in it. */
const pages: readonly (readonly [body: string, nature: string, address: string])[] = [
  ['Gas Leak :: 14 Pine Hollow Rd :: Arlow :: odor in basement', 'Gas Leak', '14 Pine Hollow Rd'],
  ['GAS LEAK..14 PINE HOLLOW RD..ODOR IN BASEMENT..04:05', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['E12 > GAS LEAK > 14 PINE HOLLOW RD > ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['(1/2) GAS LEAK 14 PINE HOLLOW RD ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['TYPE GAS LEAK AT 14 PINE HOLLOW RD ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  [
    'CALL TYPE GAS LEAK / LOCATION 14 PINE HOLLOW RD / DETAILS ODOR IN BASEMENT',
    'GAS LEAK',
    '14 PINE HOLLOW RD',
  ],
  ['CO ALARM: 14 PINE HOLLOW RD ARLOW', 'CO ALARM', '14 PINE HOLLOW RD'],
  ['Engine 31: Gas Leak, 14 Pine Hollow Rd, Arlow', 'Gas Leak', '14 Pine Hollow Rd'],
  ['14 Pine Hollow Rd Arlow - Lines Down', 'Lines Down', '14 Pine Hollow Rd'],
  [
    '14 Pine Hollow Rd, Arlow - Fire Alarm - Commercial - keypad panel',
    'Fire Alarm - Commercial',
    '14 Pine Hollow Rd',
  ],
  [
    '01/02/2031 04:05 14 Pine Hollow Rd, Arlow, OH Diabetic Emergency Hit head on the floor',
    'Diabetic Emergency',
    '14 Pine Hollow Rd',
  ],
  ['FULL ARREST COUNTY JAIL 14 PINE HOLLOW RD', 'FULL ARREST', '14 PINE HOLLOW RD'],
  ['CHEST PAIN US HWY 12 EB MILE MARKER 114', 'CHEST PAIN', 'US HWY 12 EB MILE MARKER 114'],
  ['POSS STROKE I35SB@MM16', 'POSS STROKE', 'I35SB@MM16'],
  ['ODOR OF GAS I-44 SB / EXIT 45 ARLOW', 'ODOR OF GAS', 'I-44 SB / EXIT 45'],
  ['CARDIAC ARREST 66 STATE HIGHWAY H ARLOW', 'CARDIAC ARREST', '66 STATE HIGHWAY H'],
  ['GAS LEAK 66 OLD STAGE LOT 7', 'GAS LEAK', '66 OLD STAGE'],
  ['09E01 CARDIAC ARREST E MILL LOOP/OAK PKWY', 'CARDIAC ARREST', 'E MILL LOOP & OAK PKWY'],
  ['GAS LEAK--14 PINE HOLLOW RD--odor in basement', 'GAS LEAK', '14 PINE HOLLOW RD'],
  [
    'PETROLEUM SPILL: 14 PINE HOLLOW RD ARLOW: KEYHOLDER ENROUTE',
    'PETROLEUM SPILL',
    '14 PINE HOLLOW RD',
  ],
  ['14 PINE HOLLOW RD\nARLOW\nSEIZURE ACTIVE 65 YOF FELL', 'SEIZURE ACTIVE', '14 PINE HOLLOW RD'],
  [
    'E91 TO 14 PINE HOLLOW RD ARLOW FOR FLARE UP BEHIND THE GARAGE',
    'FLARE UP',
    '14 PINE HOLLOW RD',
  ],
  ['"GAS LEAK","14 PINE HOLLOW RD","ARLOW","","odor, strong"', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['Problem>GAS LEAK Addr>14 PINE HOLLOW RD City>ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['INC=10-50 PI LOC=14 PINE HOLLOW RD TN=ARLOW', '10-50 PI', '14 PINE HOLLOW RD'],
  ['1. GAS LEAK\n2. US 12 / ELM ST\n3. ARLOW', 'GAS LEAK', 'US 12 & ELM ST'],
  ['1) GAS LEAK 2) 14 PINE HOLLOW RD 3) ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['{GAS LEAK} {14 PINE HOLLOW RD} {ARLOW} {odor}', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['14 PINE HOLLOW RD ARLOW <GAS LEAK> odor', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['NATURE/GAS LEAK LOCATION/14 PINE HOLLOW RD CITY/ARLOW', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['Nature => GAS LEAK | Location => US 12 / ELM ST | Town => ARLOW', 'GAS LEAK', 'US 12 & ELM ST'],
  ['Fire Dept Needed For GAS LEAK At 14 PINE HOLLOW RD', 'GAS LEAK', '14 PINE HOLLOW RD'],
  ['QQQ:GAS LEAK LCN:14 PINE HOLLOW RD', 'GAS LEAK', '14 PINE HOLLOW RD'],
  [
    'BOX 12-3 GAS LEAK 14 PINE HOLLOW RD BETWEEN ELM ST AND OAK AVE',
    'GAS LEAK',
    '14 PINE HOLLOW RD',
  ],
  ['STA 3 FALL GIN HOUSE RD/EAST ST', 'FALL', 'GIN HOUSE RD & EAST ST'],
  [
    '31-0042 {1/2/2031 4:05:06}\n17A01 - GAS LEAK{2}\n14 PINE HOLLOW RD;ARL',
    'GAS LEAK',
    '14 PINE HOLLOW RD',
  ],
  ['GAS LEAK, 11961 W WALNUT. TIME OUT 2112', 'GAS LEAK', '11961 W WALNUT.'],
  [
    'FLOODED BASEMENT\nLP TANK NEARBY\n14 PINE HOLLOW RD\nARLOW',
    'FLOODED BASEMENT',
    '14 PINE HOLLOW RD',
  ],
  ['14 PINE HOLLOW RD ARLOW FIRE OTHER', 'FIRE OTHER', '14 PINE HOLLOW RD'],
  ['GAS LEAK, AREA OF PINE HOLLOW RD, ARLOW', 'GAS LEAK', 'PINE HOLLOW RD'],
];

test.each(pages)('%s is read', (body, nature, address) => {
  expect(readPage({ body }, []).fields).toMatchObject({ nature, address });
});

test('a sentence says the place, the town and the channel', () => {
  const body =
    'Gas Leak at Arlow Grange, 14 Pine Hollow Rd, Fairvale. Odor inside. Respond on Fire 2.';
  expect(readPage({ subject: 'Dispatch for Engine 91', body }, []).fields).toMatchObject({
    nature: 'Gas Leak',
    placeName: 'Arlow Grange',
    address: '14 Pine Hollow Rd',
    city: 'Fairvale',
    channel: 'Fire 2',
    units: ['Engine 91'],
  });
});

test('a place between the street and the town is the place', () => {
  const body = 'GAS LEAK~14 PINE HOLLOW RD~ARLOW REGIONAL HS~FAIRVALE TWP~E91~odor';
  expect(readPage({ body }, []).fields).toMatchObject({
    placeName: 'ARLOW REGIONAL HS',
    city: 'FAIRVALE TWP',
  });
});

test('an address in the call type makes the other one unsure', () => {
  const body =
    'As of 01/02/31 04:05:06 2031-00000042 17A01 - FALL 44 LAWRENCE 2150, ARLOW ARLOW LAWRENCE 2130 S BUSINESS 65 Unit Org Name Area Types E91 ARLOW FIRE 1 ENG';
  const { fields, unsure } = readPage({ subject: 'Unit E91 gets dispatched', body }, []);
  expect(fields.address).toBeDefined();
  expect(unsure).toContain('address');
});

test('the box, and units of one line, are told apart', () => {
  const body = 'BOX 12-3 GAS LEAK 14 PINE HOLLOW RD ENGINE 2 TRUCK 2 TAC 4';
  expect(readPage({ body }, []).fields).toMatchObject({
    box: '12-3',
    units: ['ENGINE 2', 'TRUCK 2'],
  });
});

test('a subject that names a unit is no call type', () => {
  const body = 'STROKE\n57 ELM ST ,20 18-7\nTime: 04:05:06';
  expect(readPage({ subject: 'Dispatch A-187', body }, []).fields).toMatchObject({
    nature: 'STROKE',
    address: '57 ELM ST',
    units: expect.arrayContaining(['A-187']),
  });
});

test('a page cut in its first street is read in one piece', () => {
  const page = { subject: 'GAS LEAK, 272 WIN', body: 'DY GAP ST, ARLOW, OAK CIR & ELM RD' };
  expect(readPage(page, []).fields).toMatchObject({
    nature: 'GAS LEAK',
    address: '272 WINDY GAP ST',
  });
});
