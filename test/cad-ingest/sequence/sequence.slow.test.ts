import { expect, test } from 'vitest';
import { openProposals } from '#test/support/propose.ts';
import { policies, runSequence } from './run.ts';

const SEEDS = 60;

test.each(policies)(
  'of many seeds each becomes exactly the true incidents: $action by $match',
  async (policy) => {
    await using proposals = await openProposals({ processes: 2 });
    for (let seed = 0; seed < SEEDS; seed += 1)
      await runSequence(proposals, { policy, seed: `slow ${seed}` });
    expect.hasAssertions();
  },
);
