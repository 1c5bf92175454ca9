/** Stryker for the one file that `MUTATED` names; `run.ts` starts it for each. */
import { mutated } from './mutated.ts';

const { range, results, sandbox } = mutated();

export default {
  mutate: [range],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false, pool: 'threads' },
  coverageAnalysis: 'perTest',
  // Constants and schemas: each change of one would need every test again.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 30_000,
  // No file: TypeScript 7 has not the functions by which Stryker rewrites its paths.
  tsconfigFile: 'none',
  tempDirName: sandbox,
  incremental: true,
  incrementalFile: `${results}.incremental.json`,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: {
    allowColor: false,
    logTests: false,
    reportTests: false,
    reportScoreTable: false,
  },
  jsonReporter: { fileName: `${results}.json` },
  // The limit is for each file and not for what one run happens to hold: scores.ts.
  thresholds: { high: 95, low: 90, break: null },
};
