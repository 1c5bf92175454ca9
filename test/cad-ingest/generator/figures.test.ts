import { expect, test } from 'vitest';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';
import { invent, products, shareOf, unknowns, wilds } from './pages.ts';
import type { Product } from './product.ts';
import { type Figures, figuresOf, HEAD, row } from './score.ts';

/** Agencies of this seed were never looked at while the reader was tuned. */
const HELD_OUT = 'held-out';
const AGENCIES = 10;
const PAGES = 6;

/**
 * Floors a little below what the reader reaches. Real pages are harder than invented ones and are
 * measured elsewhere; here a floor that gives way says that a change made the reader worse.
 */
const FLOORS = {
  products: { mean: 0.95, each: 0.7 },
  unknown: { mean: 0.84, each: 0.6 },
  wild: { mean: 0.82, each: 0.65 },
};
/** A wrong address that nobody is asked to look at is the dangerous outcome. */
const WRONG_SURE_MAX = 0.01;

test.each([
  ['products', products],
  ['unknown', unknowns],
  ['wild', wilds],
] as const)('pages of %s are read', (name, list) => {
  const figures = list.map((product) => [product, measure(product)] as const);
  const total = weigh(figures);
  const rows = figures.map(([product, each]) => row(product.id, each));
  process.stdout.write(`${[HEAD, ...rows, row(`${name}, weighted`, total)].join('\n')}\n\n`);
  for (const [product, each] of figures) {
    expect(each.right, product.id).toBeGreaterThanOrEqual(FLOORS[name].each);
  }
  expect(total.right).toBeGreaterThanOrEqual(FLOORS[name].mean);
  expect(total.wrongSure).toBeLessThanOrEqual(WRONG_SURE_MAX);
});

test('a judge that cannot tell a wrong answer is no judge', () => {
  const [invented] = invent({ product: firstOf(products), seed: 'judge', agencies: 1, pages: 1 });
  if (invented === undefined) throw new Error('No page was invented.');
  const draft = readPage(invented.mail, []);
  const wrong = { ...draft, fields: { ...draft.fields, address: '1 WRONG ST' }, unsure: [] };
  expect(figuresOf([{ invented, draft: wrong }])).toMatchObject({ right: 0, wrongSure: 1 });
});

test('the same seed invents the same pages', () => {
  const choice = { product: firstOf(unknowns), seed: 'same', agencies: 2, pages: 2 };
  expect(invent(choice)).toEqual(invent(choice));
  expect(invent(choice)).not.toEqual(invent({ ...choice, seed: 'other' }));
});

function measure(product: Product): Figures {
  const pages = invent({ product, seed: HELD_OUT, agencies: AGENCIES, pages: PAGES });
  return figuresOf(pages.map((invented) => ({ invented, draft: readPage(invented.mail, []) })));
}

/** Unknown agencies count by the share of their shape in the field; the others alike. */
function weigh(figures: readonly (readonly [Product, Figures])[]): Figures {
  const total = figures.reduce((sum, [product]) => sum + (shareOf.get(product.id) ?? 1), 0);
  const mean = (key: keyof Figures) =>
    figures.reduce((sum, [product, each]) => sum + each[key] * (shareOf.get(product.id) ?? 1), 0) /
    total;
  return {
    agencies: mean('agencies'),
    pages: mean('pages'),
    right: mean('right'),
    address: mean('address'),
    nature: mean('nature'),
    wrongSure: mean('wrongSure'),
    rightUnsure: mean('rightUnsure'),
  };
}

function firstOf(list: readonly Product[]): Product {
  const [first] = list;
  if (first === undefined) throw new Error('There is no product.');
  return first;
}
