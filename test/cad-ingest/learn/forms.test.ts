import { expect, test } from 'vitest';
import type { Profile } from '#contracts/cad-profile.ts';
import { learnProfiles } from '#services/cad-ingest/learn/learn-profiles.ts';
import type { SampleLine } from '#services/cad-ingest/learn/sample.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

const source = 'fairvale-911';

function profilesOf(samples: readonly [body: string, nature: string, address: string][]) {
  return learnProfiles(
    samples.map(
      ([body, nature, address]): SampleLine => ({ source, body, fields: { nature, address } }),
    ),
  );
}

function read(body: string, profiles: readonly Profile[]) {
  return readPage({ body, source }, profiles);
}

const labelled = profilesOf([
  ['Sig: LZ SETUP Spot: 12 MILL RD Grid: 4', 'LZ SETUP', '12 MILL RD'],
  ['Sig: CHIMNEY Spot: 9 QUARRY LN Grid: 7', 'CHIMNEY', '9 QUARRY LN'],
  ['Sig: SQUAD RUN Spot: 310 OAK AVE Grid: 4', 'SQUAD RUN', '310 OAK AVE'],
]);

test('a page of another form than the samples is read as one of an agency nobody knows', () => {
  const page = 'CALL: STRUCTURE FIRE\nADDR: 77 FERN CT\nCITY: ORRIN\nINFO: smoke showing';
  const draft = read(page, labelled);
  expect(draft).toEqual(read(page, []));
  expect(draft.fields).toMatchObject({ nature: 'STRUCTURE FIRE', address: '77 FERN CT' });
});

test('both forms that one agency writes are learned side by side', () => {
  const profiles = profilesOf([
    ['Sig: LZ SETUP Spot: 12 MILL RD Grid: 4', 'LZ SETUP', '12 MILL RD'],
    ['E91;310 OAK AVE;PIG LOOSE;31-004', 'PIG LOOSE', '310 OAK AVE'],
    ['Sig: CHIMNEY Spot: 9 QUARRY LN Grid: 7', 'CHIMNEY', '9 QUARRY LN'],
    ['E92;4 ELM ST;SQUAD RUN;31-007', 'SQUAD RUN', '4 ELM ST'],
    ['Sig: COW DOWN Spot: 8 FORD RD Grid: 7', 'COW DOWN', '8 FORD RD'],
  ]);
  expect(read('Sig: OX OUT Spot: 77 FERN CT Grid: 2', profiles).fields).toMatchObject({
    nature: 'OX OUT',
    address: '77 FERN CT',
  });
  expect(read('E91;77 FERN CT;OX OUT;31-009', profiles).fields).toMatchObject({
    nature: 'OX OUT',
    address: '77 FERN CT',
  });
});

test.each(['; REAR', ' - GARAGE BEHIND HOUSE', ' (BLUE DOOR)'])(
  'a note behind the street is no part of the address: %s',
  (note) => {
    const draft = read(`Sig: OX OUT Spot: 77 FERN CT${note} Grid: 2`, labelled);
    expect(draft.fields.address).toBe('77 FERN CT');
  },
);

test('the last word of a street stays with it where no town is known by that name', () => {
  const draft = read('Sig: OX OUT Spot: 3218 ROUTE DE HAUT Grid: 2', labelled);
  expect(draft.fields.address).toBe('3218 ROUTE DE HAUT');
});

test.each(['UPDATE: OX OUT', 'REASSIGN OX OUT', 'FYI: OX OUT'])(
  'a word that says that the call is changed is no part of its type: %s',
  (called) => {
    const draft = read(`Sig: ${called} Spot: 77 FERN CT Grid: 2`, labelled);
    expect(draft).toMatchObject({ kind: 'update', fields: { nature: 'OX OUT' } });
  },
);

test('wide blanks part fields where nothing else does', () => {
  const profiles = profilesOf([
    ['31004  12 MILL RD  LZ SETUP  OLD HILL', 'LZ SETUP', '12 MILL RD'],
    ['31005  9 QUARRY LN  CHIMNEY  RIVER POINT', 'CHIMNEY', '9 QUARRY LN'],
    ['31006  310 OAK AVE  SQUAD RUN  FAR SIDE', 'SQUAD RUN', '310 OAK AVE'],
  ]);
  const draft = read('31007  77 FERN CT  BIG OX OUT  STONE BRIDGE', profiles);
  expect(draft.fields).toMatchObject({ nature: 'BIG OX OUT', address: '77 FERN CT' });
});

test('a label that a wrapped page has in the next line ends a value too', () => {
  const draft = read('Sig: OX OUT Spot: 77 FERN COVE\nGrid: 2', labelled);
  expect(draft.fields).toMatchObject({ nature: 'OX OUT', address: '77 FERN COVE' });
});

test('a call type goes on to the parenthesis that closes', () => {
  const draft = read('Sig: OX PAIN (NON-TRAUMATIC) Spot: 77 FERN CT Grid: 2', labelled);
  expect(draft.fields.nature).toBe('OX PAIN (NON-TRAUMATIC)');
});

test('labels before an equals sign are glued to what they say', () => {
  const profiles = profilesOf([
    ['ADD=12 MILL RD CTY=ORN TYP=LZ SETUP', 'LZ SETUP', '12 MILL RD'],
    ['ADD=9 QUARRY LN CTY=ORN TYP=CHIMNEY', 'CHIMNEY', '9 QUARRY LN'],
    ['ADD=310 OAK AVE CTY=FRV TYP=SQUAD RUN', 'SQUAD RUN', '310 OAK AVE'],
  ]);
  const draft = read('ADD=77 FERN CT CTY=DPH TYP=OX OUT', profiles);
  expect(draft.fields).toMatchObject({ nature: 'OX OUT', address: '77 FERN CT' });
  expect(draft.unsure).not.toContain('address');
});
