import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAddress } from '#services/cad-ingest/parse/address/address.ts';
import { matchPlace } from '#services/cad-ingest/parse/address/place.ts';
import { hasStreetSign } from '#services/cad-ingest/parse/address/signs.ts';
import { compileLike, matchesLike } from '#services/cad-ingest/parse/like.ts';
import { isSqueezed, squeeze } from '#services/cad-ingest/parse/text/squeeze.ts';
import { tokenize } from '#services/cad-ingest/parse/text/tokens.ts';
import { readUnitTimes } from '#services/cad-ingest/parse/values/unit-times.ts';

/** Signs rule work out: each must stand wherever what it is the sign of stands. */
const words = fc
  .array(
    fc.constantFrom(
      ...'MAIN OAK ST AVE AVENUE CTH COUNTY CO RT HWY A AA N WEST BROADWAY THE CALLE LUNA RR BOX EXIT MM FIRE FALLS CHURCH HILL AND AT OLD @ FAIRVALE'.split(
        ' ',
      ),
      '12',
      'I65',
      'St.',
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => list.join(' '));

test('a text without a sign of a street holds no place that the grammar knows', () => {
  fc.assert(
    fc.property(words, (text) => {
      if (hasStreetSign(text)) return;
      const tokens = tokenize(text);
      for (const at of tokens.keys()) expect(matchPlace({ text, tokens }, at)).toBeUndefined();
      expect(readAddress(text).form).toMatch(/^(?:plain|none)$/);
    }),
    { numRuns: 400 },
  );
});

test('squeezed text has one blank between words and none around them', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '\u00A0', 'é', '~') });
  fc.assert(
    fc.property(text, (given) => {
      const expected = given.split(/\s+/).filter(Boolean).join(' ');
      expect(squeeze(given)).toBe(expected);
      expect(isSqueezed(squeeze(given))).toBe(!/[é]/.test(expected));
    }),
  );
});

test.each(['UNIT', 'Units', 'UNIT(S)', 'Responding Units', 'Apparatus', 'WHO', 'Fire Unit No'])(
  'the times of a unit are found behind %j',
  (label) => {
    expect(readUnitTimes(`${label}: E91  Enroute: 04:06  On Scene: 04:11`)).toEqual([
      { unit: 'E91', enRoute: '04:06', onScene: '04:11' },
    ]);
  },
);

test('a like text is sought by its longest part and still matched as a whole', () => {
  const like = compileLike('call:*location %');
  expect(like.literal).toBe('location');
  expect(matchesLike(like, 'call: fire location 12')).toBe(true);
  expect(matchesLike(like, 'location 12 call: fire')).toBe(false);
});
