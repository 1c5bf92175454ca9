import { expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';

/**
 * What a page is repeated of to meet a scanner that goes back: each once made some reader of pages
 * run away, or is a mark of this one.
 */
const units = [
  'A ',
  ':',
  'a:a:',
  ' ',
  '\n',
  '\t',
  '<',
  '<td>',
  '<style',
  '&',
  '&#1',
  '(',
  '] [',
  '[01/02/31 04:05:06 ',
  '** 01/02/2031 ',
  '12:34 ',
  '1/2 ',
  '1 ',
  '#1',
  '=20\n',
  '123 MAIN ST ',
  'ADDR: 1 A ST\n',
  'CALL: X ',
  'OLD COUNTY ROAD ',
  'N ',
  'ST ',
  'US 1 ',
  'MM 1 ',
  'E12,',
  '36.1234 ',
  '36123456 ',
  '555-1234 ',
  'FIRE ',
  'btwn ',
  '17D4 ',
  'Unit: E1 Enroute: 10:00 ',
  'E1 Enroute 10:00\n',
  'Narrative\n',
  '* ',
  ';',
  ' / ',
  'Run# 1/',
  'CAD:',
  '\uD800',
];
const SHORT_CHARS = 20_000;
const LONG_CHARS = 80_000;
/** Four times the text may cost four times the work; a scanner that goes back costs sixteen. */
const RATIO_MAX = 9;
/** Below this the clock says nothing. */
const SMALL_MS = 4;
const TRIES = 4;

test.each(units)('the work for a page of %j grows as its length', (unit) => {
  let ratio = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < TRIES && ratio > RATIO_MAX; turn += 1) {
    const short = Math.max(SMALL_MS, cost(unit, SHORT_CHARS));
    ratio = Math.min(ratio, cost(unit, LONG_CHARS) / short);
  }
  expect(ratio).toBeLessThanOrEqual(RATIO_MAX);
});

/** The best of three: what is slower is the machine's doing. */
function cost(unit: string, chars: number): number {
  const body = unit.repeat(Math.ceil(chars / unit.length)).slice(0, chars);
  const times = [0, 1, 2].map(() => {
    const start = performance.now();
    readPage({ body }, []);
    return performance.now() - start;
  });
  return Math.min(...times);
}
