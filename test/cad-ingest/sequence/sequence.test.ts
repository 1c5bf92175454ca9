import { afterAll, beforeAll, expect, test } from 'vitest';
import { openProposals, type Proposals } from '#test/support/propose.ts';
import { policies, runSequence } from './run.ts';

const SEEDS = 3;

let proposals: Proposals;
beforeAll(async () => {
  proposals = await openProposals({ processes: 2 });
});
afterAll(() => proposals[Symbol.asyncDispose]());

test.each(policies)(
  'mails doubled, shuffled and delayed become exactly the true incidents: $action by $match',
  async (policy) => {
    for (let seed = 0; seed < SEEDS; seed += 1)
      await runSequence(proposals, { policy, seed: `${seed}` });
    expect.hasAssertions();
  },
  60_000,
);
