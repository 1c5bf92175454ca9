import { expect, test } from 'vitest';
import { readAddress } from '#services/cad-ingest/parse/address/address.ts';
import { findAddress } from '#services/cad-ingest/parse/address/find.ts';

/** What is written, and the address in it; `sure` where a person need not look at it. */
const written: readonly (readonly [value: string, address: string, sure: boolean])[] = [
  ['123 N MAIN ST', '123 N MAIN ST', true],
  ['217 ELM ST MAYFIELD', '217 ELM ST', true],
  ['217 ELM ST, MAYFIELD, KY 42066', '217 ELM ST', true],
  ['217 ELM ST, MAYFIELD, KY, USA', '217 ELM ST', true],
  ['000126 MAYES DR', '126 MAYES DR', true],
  ['4995.00 OAK RIDGE RD', '4995 OAK RIDGE RD', true],
  ['100-BLK ELM ST', '100-BLK ELM ST', true],
  ['4300 BLOCK OF ELM ST', '4300 BLOCK OF ELM ST', true],
  ['123 1/2 ELM ST', '123 1/2 ELM ST', true],
  ['12-34 33 ST', '12-34 33 ST', true],
  ['ELM ST / OAK AVE', 'ELM ST & OAK AVE', true],
  ['ELM ST & OAK AVE, FAIRVALE', 'ELM ST & OAK AVE', true],
  ['ELM ST @ OAK AVE', 'ELM ST & OAK AVE', true],
  ['ELM ST//OAK AVE', 'ELM ST & OAK AVE', true],
  ['K62 Hwy and 278th Rd, Fairvale', 'K62 Hwy & 278th Rd', true],
  ['HWY F62 E / County Road 10', 'HWY F62 E & County Road 10', true],
  ['SR 347 & ST RT 7', 'SR 347 & ST RT 7', true],
  ['US 23 N', 'US 23 N', true],
  ['I65 SB MM 120', 'I65 SB MM 120', true],
  ['4000 US HWY 41', '4000 US HWY 41', true],
  ['N6542 COUNTY ROAD A', 'N6542 COUNTY ROAD A', true],
  ['1234 S 500 W', '1234 S 500 W', true],
  ['100 N ST CLAIR AVE FAIRVALE', '100 N ST CLAIR AVE', true],
  ['12 PARK PLACE DR', '12 PARK PLACE DR', true],
  ['12 FOX RUN CT', '12 FOX RUN CT', true],
  ['55 MARTIN LUTHER KING JR BLVD W STE 200', '55 MARTIN LUTHER KING JR BLVD W', true],
  ['45 AVENUE C', '45 AVENUE C', true],
  ['MOUNTAIN PKWY EB MM 38, FAIRVALE', 'MOUNTAIN PKWY EB MM 38', true],
  ['1240 AVENIDA DEL RIO', '1240 AVENIDA DEL RIO', true],
  ['77 EL CAMINO VERDE', '77 EL CAMINO VERDE', true],
  ['6592 HIGHWAY ZZ APT 3', '6592 HIGHWAY ZZ', true],
  ['COUNTY HWY QQ & BIRCH CT', 'COUNTY HWY QQ & BIRCH CT', true],
  ['STATE HWY DD/COUNTY LN 184, FAIRVALE', 'STATE HWY DD & COUNTY LN 184', true],
  ['4471 ROAD 36', '4471 ROAD 36', true],
  // Without a suffix the street may go on into the town: a person must look.
  ['100 PENN MAYFIELD', '100 PENN MAYFIELD', false],
  ['100 BROADWAY MAYFIELD', '100 BROADWAY', false],
  ['MAIN / OAK', 'MAIN & OAK', false],
  ['12 ROCK CREEK MAYFIELD', '12 ROCK CREEK', false],
  ['FAIRGROUNDS', 'FAIRGROUNDS', false],
];
const SURE = 0.8;

test.each(written)('%s is the address %s', (value, address, sure) => {
  const parts = readAddress(value);
  expect(parts.address).toBe(address);
  expect(parts.certain >= SURE).toBe(sure);
});

const attached: readonly (readonly [value: string, parts: object])[] = [
  ['12 MILL RD APT 4', { apartment: '4' }],
  ['12 MILL RD #4', { apartment: '4' }],
  ['12 MILL RD, 4', { apartment: '4' }],
  ['12 MILL RD;4', { apartment: '4' }],
  ['12 MILL RD LOT 12 FAIRVALE', { apartment: 'LOT 12', city: 'FAIRVALE' }],
  ['12 MILL RD 4B FAIRVALE', { apartment: '4B', city: 'FAIRVALE' }],
  ['12 MILL RD,MA4', { city: 'MA4' }],
  ['12 MILL RD - SW', { city: 'SW' }],
  ['12 MILL RD_T', { city: 'T' }],
  ['12 MILL RD, T/AVN', { city: 'T/AVN' }],
  ['12 MILL RD, T ADDIS', { city: 'T ADDIS' }],
  ['12 MILL RD, TOWN OF ADDIS APT 4', { city: 'TOWN OF ADDIS', apartment: '4' }],
  ['12 MILL RD, FAIRVALE GRANGE, ARLOW', { placeName: 'FAIRVALE GRANGE', city: 'ARLOW' }],
  ['12 MILL RD; LOWER BARN', { placeName: 'LOWER BARN' }],
  ['12 MILL RD (FAIRVALE GRANGE)', { placeName: 'FAIRVALE GRANGE' }],
  ['12 MILL RD (ELM ST / OAK AVE)', { crossStreets: ['ELM ST', 'OAK AVE'] }],
  ['12 MILL RD @ FAIRVALE GRANGE', { placeName: 'FAIRVALE GRANGE' }],
  ['FAIRVALE GRANGE - 12 MILL RD', { lead: 'FAIRVALE GRANGE' }],
  ['FAIRVALE SCHOOL 12 MILL RD', { lead: 'FAIRVALE SCHOOL' }],
  ['12 MILL RD / OAK ST', { crossStreets: ['OAK ST'] }],
  ['12 MILL RD (36.123456, -81.234567)', { coordinates: { lat: 36.123456, lon: -81.234567 } }],
  ['12 Mill Rd, Fairvale, NC, USA, 4', { apartment: '4', city: 'Fairvale', state: 'NC' }],
];

test.each(attached)('what is attached to %s is not part of the street', (value, parts) => {
  expect(readAddress(value)).toMatchObject({ address: expect.stringMatching(/^12 mill rd$/i) });
  expect(readAddress(value)).toMatchObject(parts);
});

test('a place name alone is a place and no address', () => {
  const parts = readAddress('@FAIRVALE GRANGE');
  expect(parts.address).toBeUndefined();
  expect(parts.placeName).toBe('FAIRVALE GRANGE');
});

test('a town that is known ends a street without a suffix', () => {
  const hints = { cities: new Set(['MAYFIELD']) };
  expect(readAddress('100 BROADWAY MAYFIELD', hints)).toMatchObject({
    address: '100 BROADWAY',
    city: 'MAYFIELD',
  });
});

const free: readonly (readonly [text: string, address: string | undefined])[] = [
  ['STRUCTURE FIRE 123 MAIN ST MAYFIELD', '123 MAIN ST'],
  ['58 YOM CHEST PAIN 12 MILL RD', '12 MILL RD'],
  ['10-50 PI ELM ST / OAK AVE', 'ELM ST & OAK AVE'],
  ['RESPOND CODE 3 JOHN DEERE RD', 'JOHN DEERE RD'],
  ['GRASS FIRE MAIN LN / OAK AVE', 'MAIN LN & OAK AVE'],
  ['SICK 686 SHADY LN E. DORSET TWP', '686 SHADY LN'],
  ['FALL 9 AVENUE 12 1/2 FAIRVALE', '9 AVENUE 12 1/2'],
  ['DOG BITE KY 11 S MM 88.3 FAIRVALE', 'KY 11 S MM 88.3'],
  ['VEH INTO BLDG 8247 AL HWY 9', '8247 AL HWY 9'],
  ['HEAD INJURY PRIVATE RD 4471/OAK DR', 'PRIVATE RD 4471 & OAK DR'],
  ['327 W WALNUT ELECTRICAL ODOR', '327 W WALNUT'],
  ['CALLED FROM 9372 KY 36 E CAMPTON FORK', '9372 KY 36 E'],
  ['50 300 W, FAIRVALE', '50 300 W'],
  ['CHIMNEY FIRE US 75 HWY MILE MARKER 112 SMOKE', 'US 75 HWY MILE MARKER 112'],
  ['NOSE BLEED OSAGE ST/S CEDAR', 'OSAGE ST & S CEDAR'],
  ['PED STRUCK GA 400 NB MM 140 TURNER FERRY RD', 'GA 400 NB MM 140'],
  ['WRECK 550 E 7TH NO INJURIES', '550 E 7TH'],
  ['STA 3 AND 5 CHEST PAIN SPRING GARDEN RD', 'SPRING GARDEN RD'],
  ['SICK GSP NB EXIT 99', 'GSP NB EXIT 99'],
  ['44 EAGLE CREST, FAIRVALE COUNTY LN 18 HIGHWAY ZZ', '44 EAGLE CREST'],
  ['2 PATIENTS ON SCENE, BOTH WALKING', undefined],
  ['CALL BACK 555-0142 NO ANSWER', undefined],
];

test.each(free)('in running text %s the address is %s', (text, address) => {
  expect(findAddress(text)?.match.text).toBe(address);
});
