import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BoundedThread,
  openBoundedThread,
} from '#services/cad-ingest/intake/bounded-thread.ts';
import type { Order } from './misbehaving-thread.ts';

let thread: BoundedThread<Order, string>;
beforeEach(() => {
  const file = new URL('./misbehaving-thread.ts', import.meta.url);
  thread = openBoundedThread({ file, heapMb: 64 });
});
afterEach(() => thread[Symbol.asyncDispose]());

const run = async (order: Order, timeoutMs = 5_000) => {
  const result = await thread.run(order, timeoutMs);
  return result.kind === 'answer' ? result.answer : result.kind;
};

describe('a job that overruns', () => {
  test.each<Order>(['hang', 'hog', 'throw', 'exit'])(
    '%s: ends, and the next one runs',
    async (order) => {
      const timeoutMs = order === 'hang' ? 200 : 5_000;
      const results = await Promise.all([run('echo'), run(order, timeoutMs), run('echo')]);
      expect(results).toEqual(['echo', 'overrun', 'echo']);
    },
  );

  test('does not take the time of the one behind it', async () => {
    const [, behind] = await Promise.all([run('hang', 600), run('echo', 500)]);
    expect(behind).toBe('echo');
  });
});

test('a thread that dies between two jobs is replaced', async () => {
  expect(await run('die-later')).toBe('die-later');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await run('echo')).toBe('echo');
});

test('what a library prints does not stop the thread', async () => {
  for (let round = 0; round < 3; round += 1) expect(await run('print')).toBe('print');
});

test('after it was closed it takes no job', async () => {
  await thread[Symbol.asyncDispose]();
  await expect(run('echo')).rejects.toThrow('closed');
});

test('a thread that cannot be loaded is an error, not an overrun', async () => {
  await using missing = openBoundedThread<Order, string>({
    file: new URL('./there-is-no-such-file.ts', import.meta.url),
    heapMb: 64,
  });
  await expect(missing.run('echo', 1_000)).rejects.toThrow('ended before it was ready');
});
