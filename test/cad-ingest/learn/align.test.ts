import { expect, test } from 'vitest';
import type { CadFieldKey } from '#contracts/cad-fields.ts';
import { alignValue } from '#services/cad-ingest/learn/align.ts';
import { stretch, tokenizePage } from '#services/cad-ingest/learn/page-tokens.ts';
import type { MarkedValue } from '#services/cad-ingest/learn/sample.ts';
import { preparePage } from '#services/cad-ingest/parse/text/prepare.ts';

function found(body: string, key: CadFieldKey, value: MarkedValue): string[][] {
  const page = tokenizePage(preparePage({ body }));
  return alignValue(page, key, value).map((places) =>
    places.map(({ from, to }) => stretch(page, from, to)),
  );
}

test.each<[string, string, CadFieldKey, MarkedValue, string[][]]>([
  ['in other case and with other blanks', 'GAS   LEAK; x', 'nature', 'Gas Leak', [['GAS   LEAK']]],
  ['at each place', 'P1 at 1 MILL RD, 1', 'priority', '1', [['1', '1']]],
  ['without the padding', '000126 MAYES DR', 'address', '126 MAYES DR', [['000126 MAYES DR']]],
  ['without the decimals', '4995.00 ELM ST', 'address', '4995 ELM ST', [['4995.00 ELM ST']]],
  [
    'with another mark',
    'ELM ST // OAK AVE',
    'address',
    'ELM ST & OAK AVE',
    [['ELM ST // OAK AVE']],
  ],
  ['with a word for the mark', 'ELM ST AND OAK', 'address', 'ELM ST & OAK', [['ELM ST AND OAK']]],
  ['as a date of another form', 'on 1/2/31 at', 'date', '2031-01-02', [['1/2/31']]],
  ['as a time of twelve hours', '4:05:06 PM x', 'time', '16:05:06', [['4:05:06 PM']]],
  ['as a time with seconds', 'at 04:05:06 x', 'time', '04:05', [['04:05:06']]],
  ['as units in any marks', 'E91 / M4', 'units', ['E91', 'M4'], [['E91 / M4']]],
  ['as scattered units', 'E91 x M4', 'units', ['E91', 'Q', 'M4'], [['E91'], ['M4']]],
  [
    'as a place',
    'geo:+036.500000, -081.250000',
    'coordinates',
    { lat: 36.5, lon: -81.25 },
    [['036.500000, -081.250000']],
  ],
  ['nowhere', 'GAS LEAK', 'address', '12 MILL RD', []],
])('a marked value is found %s', (_, body, key, value, expected) => {
  expect(found(body, key, value)).toEqual(expected);
});

test('a label glued to the value in front is a word of its own', () => {
  const page = tokenizePage(preparePage({ body: 'AD:12 ADAMS STCTY: FV' }), ['cty :']);
  expect(page.tokens.map((token) => token.text)).toContain('CTY');
});
