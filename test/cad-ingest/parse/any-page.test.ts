import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cadDraft } from '#contracts/cad-fields.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

const RUNS = 400;

/** Pieces that pages are made of, so that chance meets the reader's own marks. */
const fragment = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'CALL: ',
    'ADDR:',
    'Address: ',
    'Units:',
    'INFO: ',
    'Cross Streets\n',
    'Narrative\n',
    'CAD:',
    'FYI: ;',
    'Run# 1/',
    'INCIDENT # ',
    '\n',
    '\r',
    '\t',
    ';',
    '*',
    '|',
    '~',
    ', ',
    ' - ',
    ' / ',
    ' at ',
    ' & ',
    '(',
    ')',
    '[',
    ']',
    '#',
    '12 MILL RD ',
    'ELM ST ',
    'US 23 ',
    'MM 120 ',
    'FIRE ',
    'CHEST PAIN ',
    '17D04',
    'E12,M4 ',
    '2031-000042 ',
    '01/02/31 04:05:06 ',
    '[01/02/31 04:05:06 JDOE] ',
    '36.123456,-81.234567 ',
    '555-0142 ',
    'Enroute: 04:05 ',
    '<table><tr><td>',
    '</td><td>',
    '<br>',
    '<style>',
    '&amp;',
    '&#0;',
    '=20\n',
    '\uFEFF',
    '\uD800',
    '\u0000',
    '\u0085',
  ),
);
const text = fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join(''));
const page = fc.record(
  { subject: text, body: text, html: text, from: text, receivedAt: text, source: text },
  { requiredKeys: ['body'] },
);

test('any text gets an answer that fits the contract, and none throws', () => {
  fc.assert(
    fc.property(page, (value) => {
      const draft = readPage(value, []);
      expect(cadDraft.parse(draft)).toEqual(draft);
    }),
    { numRuns: RUNS },
  );
});

test('a field that is not there is absent: never empty, and never unsure', () => {
  fc.assert(
    fc.property(page, (value) => {
      const { fields, unsure } = readPage(value, []);
      for (const field of Object.values(fields)) {
        expect(field === '' || (Array.isArray(field) && field.length === 0)).toBe(false);
      }
      expect(unsure.filter((key) => fields[key] === undefined && key !== 'narrative')).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

test('the same page is read the same every time', () => {
  fc.assert(
    fc.property(page, (value) => {
      expect(readPage(value, [])).toEqual(readPage(value, []));
    }),
    { numRuns: 100 },
  );
});
