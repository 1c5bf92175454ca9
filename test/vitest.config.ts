import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Processes that tests start, and the workers, find what others have compiled: a third of a start.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'watchdesk-compiled');

/** The everyday suite: everything but `*.slow.test.ts`, in under two minutes on two cores. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/**/*.slow.test.ts'],
    pool: 'forks',
    // Starting and importing would take a quarter of the time; no module may hold the state of a test.
    isolate: false,
    // One more than processors: many tests wait for an engine or a process.
    maxWorkers: availableParallelism() + 1,
    // For what hangs; a busy machine is slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
