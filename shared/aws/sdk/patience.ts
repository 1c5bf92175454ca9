import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf, unavailableFor } from './failures.ts';

const TRIES_MAX = 8;
/** Within the patience of a caller on the bus (10 s), so that it still hears what became of it. */
const DEADLINE_MS = 8_000;
/** DynamoDB opens a throttled partition within a second or so; two transactions part in less. */
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 1_000;

/** How long one call of ours is repeated at the store. */
export interface Patience {
  /** Waits before the next try; `false` when there is to be none. */
  again(): Promise<boolean>;
}

/** Full jitter: those who were refused together do not come back together. */
export function openPatience(): Patience {
  const endsAt = performance.now() + DEADLINE_MS;
  let tries = 1;
  return {
    async again() {
      if (tries >= TRIES_MAX) return false;
      const pauseMs = Math.random() * Math.min(PAUSE_MS_MIN * 2 ** tries, PAUSE_MS_MAX);
      if (performance.now() + pauseMs > endsAt) return false;
      tries += 1;
      await sleep(pauseMs);
      return true;
    },
  };
}

/** A call that may be made twice: repeated until it is answered or patience ends. */
export async function repeated<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const patience = openPatience();
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (failureOf(error) === 'refused') throw error;
      if (!(await patience.again())) throw unavailableFor(error);
    }
  }
}
