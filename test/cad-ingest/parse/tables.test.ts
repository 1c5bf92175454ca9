import { describe, expect, test } from 'vitest';
import { cadDraft } from '#contracts/cad-fields.ts';
import { readPageInFull } from '#services/cad-ingest/parse/read-page.ts';

const body = 'CALL: STF1\nADDR: 12 MILL RD\nCITY: frv\nUNITS: E7, L2\nID: 31-1';
const tables = {
  city: { FRV: 'Fairvale' },
  nature: { STF1: 'Structure fire, single family' },
  units: { E7: 'Engine 7' },
};

describe('code tables of a centre', () => {
  test('put words for codes of any profile’s reading, and keep the codes', () => {
    const draft = cadDraft.parse(readPageInFull({ body }, { profiles: [], tables }));
    expect(draft.fields).toMatchObject({
      nature: 'Structure fire, single family',
      code: 'STF1',
      city: 'Fairvale',
      units: ['Engine 7', 'L2'],
    });
    expect(draft.translated).toEqual({ nature: 'STF1', city: 'frv', units: 'E7, L2' });
  });

  // Before confidence is decided: a code that the centre's own table knows is no guess.
  test('make a value sure that was not', () => {
    const page = { body: 'STF1 12 MILL RD FRV' };
    const plain = readPageInFull(page, { profiles: [] });
    const known = readPageInFull(page, { profiles: [], tables });
    expect(known.fields).toMatchObject({ address: '12 MILL RD', city: 'Fairvale' });
    expect(known.fieldConfidence?.city).toBeGreaterThan(plain.fieldConfidence?.city ?? 0);
    expect(known.confidence).toBeGreaterThanOrEqual(plain.confidence);
  });

  test('count before what a profile knows of the same code', () => {
    const learned = {
      id: 'county',
      version: 3,
      sources: ['s'],
      body: {
        labels: { ADDR: 'address' as const, CITY: 'city' as const, CALL: 'nature' as const },
      },
      tables: { city: { FRV: 'Fairview', OAK: 'Oakdale' } },
    };
    const read = (text: string) =>
      readPageInFull({ body: text, source: 's' }, { profiles: [learned], tables });
    expect(read(body)).toMatchObject({ profile: 'county', profileVersion: 3 });
    expect(read(body).fields.city).toBe('Fairvale');
    expect(read(body.replace('frv', 'OAK')).fields.city).toBe('Oakdale');
  });
});

test('the grounds of a draft name a confidence for each field that one is known of', () => {
  const { fieldConfidence, confidence } = readPageInFull({ body }, { profiles: [] });
  expect(Object.keys(fieldConfidence ?? {})).toEqual(expect.arrayContaining(['nature', 'address']));
  const { nature = 0, address = 0 } = fieldConfidence ?? {};
  expect(confidence).toBeCloseTo((nature + address) / 2, 1);
});
