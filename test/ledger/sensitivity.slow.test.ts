/**
 * Whether the simulation would notice: each of the broken variants must fail on some seed. And the
 * other way round: what the log does not need of a store, it can do without on every seed.
 */
import { describe, expect, test } from 'vitest';
import { openFixture } from './fixture.ts';
import { simulate } from './simulation/simulate.ts';
import { broken, tolerated, type Variant } from './simulation/variants.ts';

/** The most seeds that any of them took when it was written: 3, the first with a purge. */
const SEEDS_MAX = 50;
const TOLERATED_SEEDS = 20;

/** The first seed that fails, and what it fails with. */
async function firstFailure(variant: Variant, seeds: number): Promise<string | undefined> {
  await using fixture = await openFixture();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const failure = await simulate(seed, fixture.tables, variant).then(
      () => undefined,
      (error: unknown) => `seed ${seed}: ${error instanceof Error ? error.message : error}`,
    );
    if (failure !== undefined) return failure;
  }
  return undefined;
}

describe('the simulation notices that', () => {
  test.each(Object.entries(broken))('%s', async (_, variant) => {
    expect(await firstFailure(variant, SEEDS_MAX)).toMatch(/^seed \d+: ./);
  });
});

describe('the log loses, doubles and reorders nothing on a store that', () => {
  test.each(Object.entries(tolerated))('%s', async (_, variant) => {
    expect(await firstFailure(variant, TOLERATED_SEEDS)).toBeUndefined();
  });
});
