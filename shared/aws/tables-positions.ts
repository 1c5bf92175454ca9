import { randomInt } from 'node:crypto';

/** Positions count from here: at 4,096 in a millisecond they stay exact integers until 2095. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
const PER_MS = 4_096;
/** Where the positions of a millisecond begin: processes that write at once seldom meet. */
const START_MAX = 1_024;

/**
 * A hybrid clock: positions follow the time, and go past every position that was seen. So what is
 * written after a row was read stands behind that row's events, however the machines' clocks differ.
 */
export interface Positions {
  /** The first of `count` in a row, all behind whatever was given or seen before. */
  take(count: number): number;
  /** One that stands in the store. */
  seen(position: number): void;
}

export function openPositions(clock: () => number): Positions {
  let last = 0;
  return {
    take(count) {
      const now = Math.max(0, Math.trunc(clock()) - EPOCH_MS) * PER_MS + randomInt(START_MAX);
      const first = Math.max(now, last + 1);
      last = first + Math.max(count, 1) - 1;
      return first;
    },
    seen(position) {
      last = Math.max(last, position);
    },
  };
}
