import { expect, test } from 'vitest';
import { figuresTable } from './figures.ts';

/** What a profile learned from five samples must reach on other pages of agencies held out. */
const RIGHT_LEAST = 0.85;
const WRONG_SURE_MOST = 0.01;
/** No shape may be left behind; of twelve pages each, one or two more or less are chance. */
const RIGHT_OF_A_SHAPE_LEAST = 0.5;

test('five samples of an agency are enough to read its other pages, in every shape', () => {
  const extent = { seed: 'held-out', samples: 5, agencies: 1, heldOut: 12 };
  const { all, byProduct, text } = figuresTable({ ...extent, only: ['unknowns', 'wilds', 'owns'] });
  process.stdout.write(`${text}\n`);
  expect(all.right).toBeGreaterThanOrEqual(RIGHT_LEAST);
  expect(all.wrongSure).toBeLessThanOrEqual(WRONG_SURE_MOST);
  const poor = [...byProduct].filter(([, figures]) => figures.right < RIGHT_OF_A_SHAPE_LEAST);
  expect(poor.map(([id]) => id)).toEqual([]);
}, 60_000);
