import { expect, test } from 'vitest';
import { learnProfiles } from '#services/cad-ingest/learn/learn-profiles.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';
import { invent, owns } from '../generator/pages.ts';
import { sampleOf } from './agencies.ts';

/** No page may hold the reader up longer, in milliseconds. */
const PAGE_MS_MOST = 50;
/** The best of some turns: another process may take the machine for a while. */
const TURNS = 8;

const hard: Readonly<Record<string, string>> = {
  'a long narrative with labels inside': 'ADDR: 12 MILL RD CITY: X CALL: FIRE Info: '.repeat(400),
  'marks alone': ';:,/*|~'.repeat(3_000),
  'numbers alone': '12 '.repeat(20_000),
  'streets alone': '12 MILL RD ELM ST / OAK AVE '.repeat(900),
  'many short lines': 'A: 1\n'.repeat(9_000),
  'one word': 'x'.repeat(60_000),
};

test.each(Object.entries(hard))('%s is read in time by what was learned', (_, body) => {
  const product = owns[0];
  if (product === undefined) throw new Error('There is no agency to learn.');
  const pages = invent({ product, seed: 'cost', agencies: 1, pages: 10 });
  const profiles = learnProfiles(pages.map(sampleOf));
  const page = { body, source: `${product.id}-0` };
  readPage(page, profiles);
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const begun = performance.now();
    readPage(page, profiles);
    best = Math.min(best, performance.now() - begun);
  }
  expect(best).toBeLessThan(PAGE_MS_MOST);
});
