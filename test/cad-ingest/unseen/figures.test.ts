import { expect, test } from 'vitest';
import { cadDraft } from '#contracts/cad-fields.ts';
import { readPage } from '#services/cad-ingest/parse/read-page.ts';
import { randomOf } from '../generator/random.ts';
import { figuresOfVerdicts, HEAD, row } from '../generator/score.ts';
import { mutants } from './mutants.ts';
import { type UnseenPage, unseenPages, verdictOf } from './pages.ts';

/** Floors a little below what the reader reaches on pages that nobody looked at while tuning it. */
const RIGHT_LEAST = { unknown: 0.84, products: 0.95, counties: 0.75, centres: 0.93 };
/** Sure addresses: a reader that asks a person about every page is of no use. */
const SURE_LEAST = { unknown: 0.71, products: 0.78, counties: 0.5, centres: 0.59 };
/** A wrong address that nobody is asked to look at is the dangerous outcome. */
const WRONG_SURE_MAX = 0.01;
const KIND_RIGHT_LEAST = 0.94;

test.each(['unknown', 'products', 'counties', 'centres'] as const)(
  'unseen pages of %s agencies are read',
  (name) => {
    const pages = unseenPages(name);
    const calls = pages.filter(({ kind }) => kind === 'dispatch' || kind === 'update');
    const figures = figuresOf(calls);
    const shapes = [...Map.groupBy(calls, ({ shape }) => shape)].toSorted();
    const rows = shapes.map(([shape, list]) => row(shape, figuresOf(list)));
    process.stdout.write(`${[HEAD, ...rows, row(`unseen, ${name}`, figures)].join('\n')}\n\n`);
    expect(figures.right).toBeGreaterThanOrEqual(RIGHT_LEAST[name]);
    expect(figures.address - figures.rightUnsure).toBeGreaterThanOrEqual(SURE_LEAST[name]);
    expect(figures.wrongSure).toBeLessThanOrEqual(WRONG_SURE_MAX);
  },
);

test('the kind of an unseen page is told', () => {
  const pages = [...unseenPages('unknown'), ...unseenPages('products')];
  const right = pages.filter(({ page, kind }) => readPage(page, []).kind === kind);
  expect(right.length / pages.length).toBeGreaterThanOrEqual(KIND_RIGHT_LEAST);
});

test('pages that were cut, shuffled, doubled or damaged still get an answer that fits the contract', () => {
  const random = randomOf('unseen/mutants');
  const pages = unseenPages('unknown').filter((_, at) => at % 3 === 0);
  for (const { page } of pages) {
    for (const body of mutants(page.body, random)) {
      expect(cadDraft.safeParse(readPage({ ...page, body }, [])).success, body).toBe(true);
    }
  }
});

test('a verdict tells a wrong answer from a right one', () => {
  const [page] = unseenPages('products');
  if (page === undefined) throw new Error('There is no page.');
  const draft = readPage(page.page, []);
  const wrong = { ...draft, fields: { ...draft.fields, address: '1 WRONG ST' }, unsure: [] };
  expect(figuresOfVerdicts([verdictOf(page, wrong)])).toMatchObject({ right: 0, wrongSure: 1 });
});

function figuresOf(pages: readonly UnseenPage[]) {
  return figuresOfVerdicts(pages.map((truth) => verdictOf(truth, readPage(truth.page, []))));
}
