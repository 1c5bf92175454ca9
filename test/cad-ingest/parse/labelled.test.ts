import { expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

/** A page whose labels are written in an odd way, and what is in it. */
const pages: readonly (readonly [body: string, fields: object])[] = [
  [
    '[CALL] GAS LEAK [LOC] 14 PINE HOLLOW RD [TWP] ARLOW TWP [UNITS] [E91] [M4] [#] 31-0042',
    {
      nature: 'GAS LEAK',
      address: '14 PINE HOLLOW RD',
      city: 'ARLOW TWP',
      units: ['E91', 'M4'],
      number: '31-0042',
    },
  ],
  [
    '<TYPE> GAS LEAK <ADDR> 14 PINE HOLLOW RD <CITY> ARLOW <RMKS> odor in <b>basement',
    { nature: 'GAS LEAK', address: '14 PINE HOLLOW RD', city: 'ARLOW' },
  ],
  ['GAS LEAK\n14 PINE HOLLOW RD #4\n#: 3142', { address: '14 PINE HOLLOW RD', number: '3142' }],
  [
    'TYPE=GAS LEAK / ADDR=14 PINE HOLLOW RD / TOWN=ARLOW / UNITS=E91+M4 / ID=31-00042 / T=09:05',
    {
      address: '14 PINE HOLLOW RD',
      city: 'ARLOW',
      units: ['E91', 'M4'],
      number: '31-00042',
      time: '09:05',
    },
  ],
  [
    'EVTYPE:Gas Leak EVADDR:14 PINE HOLLOW RD UNIT:6 EVCITY:ARLOW RESP:E91 EVCMTS:odor',
    {
      nature: 'Gas Leak',
      address: '14 PINE HOLLOW RD',
      apartment: '6',
      city: 'ARLOW',
      units: ['E91'],
      narrative: 'odor',
    },
  ],
  [
    'Engine 9 respond to: 14 Pine Hollow Rd, Arlow for: Gas Leak. Cross streets: Elm St and Dead End.',
    {
      nature: 'Gas Leak',
      address: '14 Pine Hollow Rd',
      city: 'Arlow',
      crossStreets: ['Elm St'],
    },
  ],
  [
    'For: COUNTY EMS\nNature: FALL\nAddress: 14 PINE HOLLOW RD\nCross: OAK CIR, N ELM ST',
    { source: 'COUNTY EMS', nature: 'FALL', crossStreets: ['OAK CIR', 'N ELM ST'] },
  ],
  [
    'EVENT # F310042  01/02/31 0405\nTYPE GAS LEAK\nLOCATION 14 PINE HOLLOW RD\nCITY ARL\nCROSS\nDISPATCHED BR31 E91\nCOMMENT odor',
    {
      number: 'F310042',
      date: '2031-01-02',
      time: '04:05',
      units: ['BR31', 'E91'],
      narrative: 'odor',
    },
  ],
  [
    'Nature: GAS LEAK\nAddress: 14 PINE HOLLOW RD\nUnits\nUnit\tOrg Name\tArea\tTypes\nE91\tARLOW FIRE\t2\tENGINE\n\nNotes: [Odor in basement]\nODOR IN BASEMENT',
    { units: ['E91'], narrative: 'Odor in basement' },
  ],
  [
    'CAD #31-0042: GAS LEAK\n14 PINE HOLLOW RD\n[E91]\nARL\nESN: 60',
    {
      number: '31-0042',
      nature: 'GAS LEAK',
      address: '14 PINE HOLLOW RD',
      units: ['E91'],
      city: 'ARL',
    },
  ],
  [
    'U=E91,M4 T=Gas Leak A=14 PINE HOLLOW RD C=ARLOW X=ELM ST & OAK AVE',
    {
      units: ['E91', 'M4'],
      nature: 'Gas Leak',
      address: '14 PINE HOLLOW RD',
      city: 'ARLOW',
      crossStreets: ['ELM ST', 'OAK AVE'],
    },
  ],
  [
    'N: GAS LEAK, L: 14 PINE HOLLOW RD, C: ARLOW, T: 04:05, D: odor in the basement of a barn',
    { nature: 'GAS LEAK', address: '14 PINE HOLLOW RD', city: 'ARLOW', time: '04:05' },
  ],
  [
    'Nature: GAS LEAK\nUnit: E91\nDispatched: 04:05\nEn Route: 04:06\nCleared: 04:40',
    { unitTimes: [{ dispatched: '04:05', enRoute: '04:06', cleared: '04:40' }] },
  ],
  [
    'PROB GAS LEAK LOC US 12 / ELM ST TWN ARLOW INFO odor in basement',
    { nature: 'GAS LEAK', address: 'US 12 & ELM ST', city: 'ARLOW', narrative: 'odor in basement' },
  ],
];

test.each(pages)('%s is read', (body, fields) => {
  expect(readPage({ body }, []).fields).toMatchObject(fields);
});
