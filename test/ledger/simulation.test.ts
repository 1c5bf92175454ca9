import { describe, expect, test } from 'vitest';
import { openFixture } from './fixture.ts';
import { simulate } from './simulation/simulate.ts';

/** A few of the seeds of the slow suite, every day. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe('two processes in any order of their calls', () => {
  test.each(SEEDS)('loses, doubles and reorders nothing: seed %i', async (seed) => {
    await using fixture = await openFixture();
    const { entries } = await simulate(seed, fixture.tables);
    expect(entries).toBeGreaterThan(0);
  });

  test('a seed gives the same run again', async () => {
    await using fixture = await openFixture();
    const first = await simulate(7, fixture.tables);
    expect(await simulate(7, fixture.tables)).toEqual(first);
    expect(first.crashes).toBeGreaterThan(0);
  });
});
