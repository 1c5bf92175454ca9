import { describe, expect, test } from 'vitest';
import { type Profile, profile } from '#contracts/cad-profile.ts';
import { learnProfiles } from '#services/cad-ingest/learn/learn-profiles.ts';
import type { SampleLine } from '#services/cad-ingest/learn/sample.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

const source = 'fairvale-911';

function sample(body: string, fields: Record<string, unknown>, subject = ''): SampleLine {
  return { source, subject, body, fields };
}

function read(body: string, profiles: readonly Profile[], subject = '') {
  return readPage({ body, subject, source }, profiles);
}

const labelled = [
  sample('What: LZ SETUP Where: 12 MILL RD, Orrin RP: Doe Out: 04:05 Say: north field', {
    nature: 'LZ SETUP',
    address: '12 MILL RD',
    city: 'Orrin',
    time: '04:05',
  }),
  sample('What: CHIMNEY Where: ELM ST / OAK AVE, Fairvale RP: Roe Out: 14:15 Say: smoke', {
    nature: 'CHIMNEY',
    address: 'ELM ST & OAK AVE',
    city: 'Fairvale',
    time: '14:15',
  }),
  sample('What: SQUAD RUN Where: 9 QUARRY LN, Delphos Out: 23:59 Say: 58 YOM fell', {
    nature: 'SQUAD RUN',
    address: '9 QUARRY LN',
    city: 'Delphos',
    time: '23:59',
  }),
];

describe('labels that no dictionary knows', () => {
  const profiles = learnProfiles(labelled);

  test('are learned from three samples', () => {
    const page = 'What: PIG LOOSE Where: 77 FERN CT, Orrin RP: Poe Out: 01:02 Say: big one';
    expect(read(page, profiles)).toMatchObject({
      profile: profiles[0]?.id,
      fields: { nature: 'PIG LOOSE', address: '77 FERN CT', city: 'Orrin', time: '01:02' },
    });
  });

  test('may come in another order, be missing, and have others between them', () => {
    const page = 'Where: 77 FERN CT, Orrin Dog: yes What: PIG LOOSE Say: at the gate';
    expect(read(page, profiles).fields).toMatchObject({
      nature: 'PIG LOOSE',
      address: '77 FERN CT',
    });
  });

  test('inside a narrative do not begin a field again', () => {
    const page =
      'What: PIG LOOSE Where: 77 FERN CT, Orrin RP: Poe Out: 01:02 Say: owner at Where: 4 OAK ST';
    expect(read(page, profiles).fields.address).toBe('77 FERN CT');
  });

  test('leave a page of another source to the others', () => {
    const draft = readPage({ body: 'CALL: FIRE\nADDR: 12 MILL RD', source: 'other' }, profiles);
    expect(draft.profile).not.toBe(profiles[0]?.id);
  });
});

describe('what is learned', () => {
  test('is data that fits the schema and survives a file', () => {
    const profiles = learnProfiles(labelled);
    expect(profile.array().parse(JSON.parse(JSON.stringify(profiles)))).toEqual(profiles);
  });

  test('is one profile for each source', () => {
    const other = labelled.map((line) => ({ ...line, source: 'second source!' }));
    const profiles = learnProfiles([...labelled, ...other]);
    expect(profiles.map((each) => each.sources)).toEqual([[source], ['second source!']]);
    expect(new Set(profiles.map((each) => each.id)).size).toBe(2);
  });

  test('is made of any text, also of one that would be a pattern', () => {
    const odd = [1, 2, 3].map((number) =>
      sample(`.*(a+)+$ ${number}00 MILL RD [x] FIRE`, {
        nature: 'FIRE',
        address: `${number}00 MILL RD`,
      }),
    );
    const profiles = learnProfiles(odd);
    expect(read('.*(a+)+$ 700 MILL RD [x] FIRE', profiles).fields.address).toBe('700 MILL RD');
  });

  test.each([
    ['nothing marked', [sample('CALL: FIRE\nADDR: 12 MILL RD', {})]],
    ['one sample', labelled.slice(0, 1)],
    [
      'values that are not on the page',
      [sample('hello', { nature: 'FIRE', address: '12 MILL RD' })],
    ],
    [
      'values of any length',
      [sample(`${'A'.repeat(900)} : FIRE F`, { city: 'F'.repeat(900), nature: 'FIRE' })],
    ],
    ['an empty source', [{ ...sample('FIRE', { nature: 'FIRE' }), source: '' }]],
    ['an empty page', [sample('', { nature: 'FIRE' })]],
    [
      'marks that mean nothing',
      [sample('FIRE', { nature: { odd: 1 }, unitTimes: 'x', other: 'y' })],
    ],
  ])('can come from %s without breaking', (_, lines) => {
    const profiles = learnProfiles(lines as SampleLine[]);
    expect(profile.array().parse(profiles)).toHaveLength(1);
    expect(read('CALL: FIRE\nADDR: 12 MILL RD', profiles).fields.address).toBe('12 MILL RD');
  });
});

test('codes of towns are learned from what the person calls them', () => {
  const towns: [string, string][] = [
    ['FRV', 'Fairvale'],
    ['ORN', 'Orrin'],
    ['FRV', 'Fairvale'],
    ['DPH', 'Delphos'],
  ];
  const lines = towns.map(([code, city], at) =>
    sample(`FIRE ALARM;${at + 3}1 MILL RD;${code};2031-00000${at}`, {
      nature: 'FIRE ALARM',
      address: `${at + 3}1 MILL RD`,
      city,
    }),
  );
  const profiles = learnProfiles(lines);
  expect(profiles[0]?.tables?.city).toEqual({ FRV: 'Fairvale', ORN: 'Orrin', DPH: 'Delphos' });
  const draft = read('CHEST PAIN;8 ELM ST;ORN;2031-000077', profiles);
  expect(draft.fields).toMatchObject({ nature: 'CHEST PAIN', address: '8 ELM ST', city: 'Orrin' });
});

test('characters that stand for a blank are learned', () => {
  const lines = ['744 ELM RD', '9 OLD MILL LN', '120 N QUARRY AVE'].map((address) =>
    sample(`Location:~${address.replaceAll(' ', '~')}~\nType:~GAS~LEAK~`, {
      address,
      nature: 'GAS LEAK',
    }),
  );
  const profiles = learnProfiles(lines);
  expect(read('Location:~55~OAK~ST~\nType:~PIG~LOOSE~', profiles).fields).toMatchObject({
    address: '55 OAK ST',
    nature: 'PIG LOOSE',
  });
});

test('fields of the subject are learned', () => {
  const lines = ['LZ SETUP', 'CHIMNEY', 'SQUAD RUN'].map((nature, at) =>
    sample(
      `${at + 1}5 MILL RD\nE91`,
      { nature, address: `${at + 1}5 MILL RD`, units: ['E91'] },
      `31-00${at} ${nature}`,
    ),
  );
  const draft = read('8 ELM ST\nE92', learnProfiles(lines), '31-0044 PIG LOOSE');
  expect(draft.fields).toMatchObject({ nature: 'PIG LOOSE', address: '8 ELM ST', units: ['E92'] });
});

test('an apartment that no sample had is no part of the address', () => {
  const draft = read(
    'What: PIG LOOSE Where: 77 FERN CT APT 4, Orrin Out: 01:02',
    learnProfiles(labelled),
  );
  expect(draft.fields).toMatchObject({ address: '77 FERN CT', apartment: '4' });
});

test('an address that the samples cannot tell from others is marked unsure', () => {
  const profiles = learnProfiles(labelled);
  const draft = read('PIG LOOSE SOMEWHERE NEAR FERN COURT OR MILL', profiles);
  const { address } = draft.fields;
  expect(address === undefined || draft.unsure.includes('address')).toBe(true);
});
