import { describe, expect, test } from 'vitest';
import { openFixture } from './fixture.ts';
import { simulate } from './simulation/simulate.ts';

/** A few of the seeds of the slow suite, every day. */
const SEEDS = [1, 2, 5, 6, 7, 8, 9, 10, 11, 12];
/** Its log is old enough to be purged. */
const OLD_SEED = 4;

describe('two processes in any order of their calls', () => {
  test.each(SEEDS)('loses, doubles and reorders nothing: seed %i', async (seed) => {
    await using fixture = await openFixture();
    const { entries } = await simulate(seed, fixture.tables);
    expect(entries).toBeGreaterThan(0);
  });

  test('forgets and removes what it is told to, and nothing else: seed 4', async () => {
    await using fixture = await openFixture();
    const { purged, expunged } = await simulate(OLD_SEED, fixture.tables);
    expect(purged).toBe(512);
    expect(expunged).toBeGreaterThan(0);
  });

  test('a seed gives the same run again', async () => {
    await using fixture = await openFixture();
    const first = await simulate(7, fixture.tables);
    expect(await simulate(7, fixture.tables)).toEqual(first);
    expect(first.crashes).toBeGreaterThan(0);
  });
});
