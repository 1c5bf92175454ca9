import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openTurns } from '#shared/turns.ts';

test('one key: one after the other, in the order asked', async () => {
  const turns = openTurns();
  const seen: string[] = [];
  const work = (name: string, ms: number) =>
    turns.take('key', async () => {
      seen.push(`${name} begins`);
      await sleep(ms);
      seen.push(`${name} ends`);
      return name;
    });
  expect(await Promise.all([work('a', 10), work('b', 0), work('c', 5)])).toEqual(['a', 'b', 'c']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('two keys do not wait for each other', async () => {
  const turns = openTurns();
  const gate = Promise.withResolvers<void>();
  const held = turns.take('a', () => gate.promise);
  expect(await turns.take('b', async () => 'through')).toBe('through');
  gate.resolve();
  await held;
});

test('a failure is its own caller’s, and the next one has its turn', async () => {
  const turns = openTurns();
  const failing = turns.take('key', () => Promise.reject(new Error('lost')));
  const next = turns.take('key', async () => 'next');
  await expect(failing).rejects.toThrow('lost');
  expect(await next).toBe('next');
});
