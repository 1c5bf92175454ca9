import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import everyday from './vitest.config.ts';

/** The tests that judge the ledger's core, the cheapest first: the first one that fails ends a run. */
const suites = [
  'tree',
  'core',
  'walk',
  'walk-gaps',
  'walk-order',
  'signed',
  'derived',
  'archive',
  'portable',
  'own-vectors',
  'published-vectors',
  'bundle',
  'rewritten',
  'timestamps',
  'witnessing',
  'values',
  'expunge',
  'expunge-fields',
  'writer',
  'verify.slow',
  'purged',
].map((name) => `test/ledger/${name}.test.ts`);

class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      suites.findIndex((suite) => moduleId.endsWith(suite));
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  ...everyday,
  test: {
    ...everyday.test,
    include: suites,
    exclude: [],
    // No module here holds state, and a process for each file would take most of the time.
    isolate: false,
    sequence: { sequencer: CheapestFirst },
  },
});
