import { describe, expect, test } from 'vitest';
import { afterFailure, isLastReading, isToBeRead } from '#services/cad-ingest/processing/tries.ts';
import { Problem } from '#shared/problem.ts';

const effort = (tries: number, stalls = 0) => ({ tries, stalls });

describe('a mail is read', () => {
  test('at its first two tries, and proposed unread after that', () => {
    expect([0, 1, 2, 3, 4].map((tries) => isToBeRead(effort(tries)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('a second time after an overrun, and no third time', () => {
    expect([isLastReading(effort(0)), isLastReading(effort(1))]).toEqual([false, true]);
  });

  test('not when it was found lying again and again: it may be what ends the process', () => {
    expect(isToBeRead(effort(0, 9))).toBe(true);
    expect(isToBeRead(effort(0, 10))).toBe(false);
  });
});

describe('after a failure', () => {
  const failure = (tries: number, deliveries: number) => ({ ...effort(tries), deliveries });
  const fault = new Error('a bug');

  test('a mail is tried again, later each time', () => {
    expect(afterFailure(fault, failure(0, 1))).toEqual({ kind: 'retry', tries: 1, delayMs: 1_000 });
    expect(afterFailure(fault, failure(1, 2))).toEqual({ kind: 'retry', tries: 2, delayMs: 5_000 });
    expect(afterFailure(fault, failure(2, 3))).toEqual({
      kind: 'retry',
      tries: 3,
      delayMs: 20_000,
    });
  });

  test('it is left to the sweep before the queue would bury it', () => {
    expect(afterFailure(fault, failure(3, 4))).toEqual({ kind: 'leave-to-sweep', tries: 4 });
  });

  test('its fifth try is the last', () => {
    expect(afterFailure(new Problem('conflict'), failure(4, 1))).toEqual({
      kind: 'give-up',
      tries: 5,
      reason: 'the last of 5 tries ended: conflict',
    });
  });

  test.each([
    'unavailable',
    'timeout',
    'ledger-behind',
    'rate-limited',
    'unauthenticated',
  ] as const)('an outage (%s) costs it no try, however long it lasts', (code) => {
    const problem = new Problem(code);
    expect(afterFailure(problem, failure(4, 1))).toMatchObject({ kind: 'retry', tries: 4 });
    expect(afterFailure(problem, failure(4, 9))).toEqual({ kind: 'leave-to-sweep', tries: 4 });
  });
});
