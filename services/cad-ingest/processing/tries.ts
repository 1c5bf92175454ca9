import type { ProblemCode } from '#contracts/problems.ts';
import { Problem } from '#shared/problem.ts';

/** A mail that took the reader too long may have met a busy machine; it gets one more chance. */
const READ_TRIES_MAX = 2;
/** From this try on the mail is proposed unread: what breaks may be what the reader makes of it. */
const UNREAD_FROM_TRY = 3;
const TRIES_MAX = 5;
/** Found lying so often without any try that ended, the mail is what ends the process. */
const STALLS_MAX = 10;
/** Fewer than the queue's own tries, so that an outage leaves no dead letters in it. */
const RETRY_DELAYS_MS = [1_000, 5_000, 20_000];

/** Not the mail's fault: the same mail may pass later. The last two are faults between services. */
const OUTAGES: readonly ProblemCode[] = [
  'unavailable',
  'timeout',
  'ledger-behind',
  'rate-limited',
  'unauthenticated',
  'forbidden',
];

export interface Effort {
  /** Tries that ended before this one. */
  readonly tries: number;
  readonly stalls: number;
}

/** Whether to read the mail at this try, or to propose it as one that a person must read. */
export function isToBeRead({ tries, stalls }: Effort): boolean {
  return tries + 1 < UNREAD_FROM_TRY && stalls < STALLS_MAX;
}

/** Whether an overrun of the reader at this try is its last word. */
export function isLastReading({ tries }: Effort): boolean {
  return tries + 1 >= READ_TRIES_MAX;
}

export interface Failure extends Effort {
  /** Deliveries of this piece of work so far, this one included. */
  readonly deliveries: number;
}

export type Verdict =
  | { readonly kind: 'retry'; readonly tries: number; readonly delayMs: number }
  /** The queue would make a dead letter of it next; the sweep brings it back instead. */
  | { readonly kind: 'leave-to-sweep'; readonly tries: number }
  | { readonly kind: 'give-up'; readonly tries: number; readonly reason: string };

/** What becomes of a mail whose try ended with an error. An outage costs it no try. */
export function afterFailure(error: unknown, { tries, deliveries }: Failure): Verdict {
  const code = error instanceof Problem ? error.code : 'internal';
  const ended = OUTAGES.includes(code) ? tries : tries + 1;
  if (ended >= TRIES_MAX) {
    return { kind: 'give-up', tries: ended, reason: `the last of ${ended} tries ended: ${code}` };
  }
  const delayMs = RETRY_DELAYS_MS[deliveries - 1];
  if (delayMs === undefined) return { kind: 'leave-to-sweep', tries: ended };
  return { kind: 'retry', tries: ended, delayMs };
}
