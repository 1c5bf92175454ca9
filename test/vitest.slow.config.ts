import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import everyday from './vitest.config.ts';

/** What takes longer than an everyday run may: simulations, load, many restarts. Runs in CI. */
export default defineConfig({
  ...everyday,
  test: {
    ...everyday.test,
    include: ['test/**/*.slow.test.ts'],
    exclude: ['**/node_modules/**'],
    isolate: true,
    maxWorkers: availableParallelism(),
    testTimeout: 600_000,
    hookTimeout: 600_000,
    passWithNoTests: true,
  },
});
