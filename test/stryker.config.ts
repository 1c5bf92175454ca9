/**
 * Mutation testing of the ledger's core: `npm run mutation`. Changes one thing at a time in these
 * files and runs the tests that reach it; a change that no test notices is a gap in the tests.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Outside of the tree: the copy that is changed, results and the report. */
const scratch = join(tmpdir(), 'watchdesk-mutation');

const core = ['tree', 'tiles', 'entry', 'head', 'block', 'append', 'seal'];
const verification = ['verify', 'inspect', 'signed', 'derived'];

export default {
  mutate: [
    ...[...core, ...verification].map((name) => `services/ledger/chain/${name}.ts`),
    'services/ledger/append/*.ts',
    'services/ledger/portable/*.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation.config.ts', related: false, pool: 'forks' },
  coverageAnalysis: 'perTest',
  // Constants and schemas: each change of one would need every test again.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 30_000,
  // No file: TypeScript 7 has not the functions by which Stryker rewrites its paths.
  tsconfigFile: 'none',
  tempDirName: join(scratch, 'sandbox'),
  incremental: true,
  incrementalFile: join(scratch, 'incremental.json'),
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: join(scratch, 'mutation.json') },
  thresholds: { high: 95, low: 90, break: 85 },
};
