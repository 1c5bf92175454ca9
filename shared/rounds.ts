import { setTimeout } from 'node:timers/promises';
import type { Log } from './log.ts';

/**
 * Does a round of background work now and after each interval, one at a time. Resolves when the
 * signal is given, after the round in work. One that fails is told to the log, and the next comes.
 */
export async function repeatRounds(about: {
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  readonly log: Log;
  round(): Promise<void>;
}): Promise<void> {
  const { signal, intervalMs, log } = about;
  while (!signal.aborted) {
    await about.round().catch((error: unknown) => {
      log.warn({ err: error }, 'a round of background work failed');
    });
    const pause = setTimeout(intervalMs, undefined, { signal, ref: false });
    // Ends early when the process stops.
    await pause.catch(() => undefined);
  }
}

export interface Rounds extends AsyncDisposable {
  /** One round, now. */
  round(): Promise<void>;
}

/**
 * Rounds that go on by themselves where `isRunning`, else only when asked for. The signal is given
 * when they are closed; closing waits for the round in work.
 */
export function openRounds(about: {
  readonly intervalMs: number;
  readonly log: Log;
  readonly isRunning: boolean;
  round(signal: AbortSignal): Promise<void>;
}): Rounds {
  const { intervalMs, log, isRunning } = about;
  const stop = new AbortController();
  const { signal } = stop;
  const round = () => about.round(signal);
  const running = isRunning ? repeatRounds({ signal, intervalMs, log, round }) : undefined;
  return {
    round,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
