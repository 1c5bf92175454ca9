import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Profile, profile } from '#contracts/cad-profile.ts';
import { builtInProfiles } from '#services/cad-ingest/parse/profiles/built-in.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

describe('built-in profiles', () => {
  test.each(builtInProfiles.map((each) => [each.id, each] as const))(
    '%s is plain data',
    (_, each) => {
      expect(profile.parse(JSON.parse(JSON.stringify(each)))).toEqual(each);
    },
  );

  test('have ids of their own', () => {
    const ids = builtInProfiles.map((each) => each.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('the schema can be published', () => {
  const schema = z.toJSONSchema(z.array(profile));
  expect(JSON.stringify(schema)).toContain('detect');
});

const agency: Profile = {
  id: 'fairvale',
  version: 1,
  sources: ['fairvale-911'],
  body: { split: '/', parts: ['city', 'nature', 'address'] },
  tables: { city: { FV: 'Fairvale' }, nature: { SF: 'Structure fire' } },
};
const body = 'FV/SF/12 MILL RD';

describe('a profile that is given', () => {
  test('reads the mail of its sources, with its code tables', () => {
    const draft = readPage({ body, source: 'fairvale-911' }, [agency]);
    expect(draft).toMatchObject({
      profile: 'fairvale',
      fields: { city: 'Fairvale', nature: 'Structure fire', code: 'SF', address: '12 MILL RD' },
      unsure: [],
    });
  });

  test('reads no mail of another source', () => {
    expect(readPage({ body, source: 'other-911' }, [agency]).profile).toBe('generic');
    expect(readPage({ body }, [agency]).profile).toBe('generic');
  });

  test('gives way to the generic reader where it finds nothing', () => {
    const draft = readPage({ body: 'Nature: FIRE\nAddress: 12 MILL RD', source: 'fairvale-911' }, [
      { ...agency, body: { split: '/', parts: ['number'] } },
    ]);
    expect(draft).toMatchObject({ profile: 'generic', fields: { address: '12 MILL RD' } });
  });

  test('knows its mail by its marks where it names no source', () => {
    const marked: Profile = {
      id: 'marked',
      version: 1,
      detect: [[{ in: 'subject', like: '^fairvale page$' }]],
      body: { slots: ['address', { mark: ' -> ' }, 'nature'] },
    };
    const page = { subject: 'Fairvale Page', body: '12 MILL RD -> SMOKE' };
    expect(readPage(page, [marked])).toMatchObject({
      profile: 'marked',
      fields: { address: '12 MILL RD', nature: 'SMOKE' },
    });
    expect(readPage({ ...page, subject: 'x' }, [marked]).profile).toBe('generic');
  });
});

test.each([
  ['an unknown key', { ...agency, regex: '.*' }],
  ['an unknown target', { ...agency, body: 'street' }],
  ['no cut', { id: 'x', version: 1 }],
  [
    'too many labels',
    {
      ...agency,
      body: {
        labels: Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`L${at}`, 'nature'])),
      },
    },
  ],
])('a profile with %s is refused', (_, value) => {
  expect(profile.safeParse(value).success).toBe(false);
});
