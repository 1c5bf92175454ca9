/** `SEED=n` runs one seed alone. */
import { test } from 'vitest';
import { purgeAmongOthers } from './purge-seeds.ts';

const SEEDS = 40;
const SEEDS_PER_TEST = 10;

const only = process.env.SEED;
const groups =
  only === undefined
    ? Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, group) => group * SEEDS_PER_TEST + 1)
    : [Number(only)];

test.each(groups)(
  'seeds from %i: a purge among others loses and brings back nothing',
  async (first) => {
    for (let seed = first; seed < first + (only === undefined ? SEEDS_PER_TEST : 1); seed += 1) {
      await purgeAmongOthers(seed).catch((error: unknown) => {
        const what = error instanceof Error ? error.message : String(error);
        throw new Error(`seed ${seed}: ${what}`, { cause: error });
      });
    }
  },
);
