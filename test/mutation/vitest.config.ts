import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import everyday from '../vitest.config.ts';
import { mutated } from './mutated.ts';

/** In the order of the list: the first test that fails ends a run. */
class CheapestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      mutated().suites.findIndex((suite) => moduleId.endsWith(suite));
    return files.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  ...everyday,
  test: {
    ...everyday.test,
    include: [...mutated().suites],
    exclude: [],
    // No module here holds state, and a process for each file would take most of the time.
    isolate: false,
    sequence: { sequencer: CheapestFirst },
  },
});
