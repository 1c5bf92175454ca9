/** `SIMULATION_SEED=1234 npm run test:slow -- test/ledger/simulation.slow.test.ts` repeats one run. */
import { describe, expect, test } from 'vitest';
import { openFixture } from './fixture.ts';
import { simulate } from './simulation/simulate.ts';

const SEEDS = 1_000;
const SEEDS_PER_TEST = 50;

const wanted = process.env.SIMULATION_SEED;
const starts =
  wanted === undefined
    ? Array.from({ length: SEEDS / SEEDS_PER_TEST }, (_, index) => 1 + index * SEEDS_PER_TEST)
    : [Number(wanted)];
const seedsPerTest = wanted === undefined ? SEEDS_PER_TEST : 1;

describe('two processes in any order of their calls', () => {
  test.each(starts)(
    `${seedsPerTest} seeds from %i lose, double and reorder nothing, and remove what they are told to`,
    async (start) => {
      await using fixture = await openFixture();
      let [crashes, long, purged, expunged] = [0, 0, 0, 0];
      for (let seed = start; seed < start + seedsPerTest; seed += 1) {
        const run = await simulate(seed, fixture.tables).catch((cause: unknown) => {
          throw new Error(`SIMULATION_SEED=${seed} failed: ${cause}`, { cause });
        });
        crashes += run.crashes;
        long += run.entries > 256 ? 1 : 0;
        purged += run.purged;
        expunged += run.expunged;
      }
      // A simulation in which nothing happens would prove nothing.
      if (wanted === undefined) {
        expect(crashes).toBeGreaterThan(seedsPerTest);
        expect(long).toBeGreaterThan(0);
        expect(purged).toBeGreaterThan(0);
        expect(expunged).toBeGreaterThan(seedsPerTest / 2);
      }
    },
  );
});
