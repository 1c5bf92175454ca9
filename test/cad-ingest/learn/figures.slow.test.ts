import { expect, test } from 'vitest';
import { figuresTable } from './figures.ts';

/** Shares by the number of samples; the reader knows nothing else of the agencies. */
const floors = [
  { samples: 3, right: 0.85, wrongSure: 0.01 },
  { samples: 5, right: 0.9, wrongSure: 0.01 },
  { samples: 10, right: 0.92, wrongSure: 0.01 },
];

/** No product and no shape may be left behind. */
const RIGHT_OF_A_SHAPE_LEAST = 0.7;

test.each(floors)(
  '$samples samples of every product and shape reach the floor',
  ({ samples, right, wrongSure }) => {
    const { all, byProduct, text } = figuresTable({
      seed: 'held-out',
      samples,
      agencies: 4,
      heldOut: 20,
    });
    process.stdout.write(`${text}\n`);
    expect(all.right).toBeGreaterThanOrEqual(right);
    expect(all.wrongSure).toBeLessThanOrEqual(wrongSure);
    const poor = [...byProduct].filter(([, figures]) => figures.right < RIGHT_OF_A_SHAPE_LEAST);
    expect(poor.map(([id]) => id)).toEqual([]);
  },
  600_000,
);
