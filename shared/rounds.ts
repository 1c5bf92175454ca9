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
