/**
 * The reader of what SES tells of our mail (many machines).
 *
 * 1. A message of the queue is read (feedback.ts). What SES mends by itself is counted and ends here.
 * 2. Each address leads to its account by the directory. One that is nobody's ends here.
 * 3. One transaction: the person's row of suppression, the event `gateway.mail.suppressed`.
 * 4. The message is done. It is repeated when any step fails, and a dead letter after its last try;
 *    one that cannot be read at once, because time will not mend it.
 *
 * A crash after 3 finds the row when the message comes again; so does one that comes twice.
 */
import type { Processed } from '#shared/consumer.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem } from '#shared/problem.ts';
import { emailKey } from '../identity/rows.ts';
import { feedbackIn, type MailFeedback } from './feedback.ts';
import { type SuppressParts, suppress } from './suppress.ts';

export interface FeedbackParts extends SuppressParts {
  readonly clock: () => number;
}

/** The queue's own: what fails so often is a dead letter. */
const TRIES_MAX = 5;
/** An outage of an hour and a half makes no dead letter; longer ones are brought back from there. */
const RETRY_DELAYS_MS = [5_000, 60_000, 900_000, 3_600_000];
const DONE: Processed = { kind: 'done' };

/** Deals with one message of the queue at one delivery. Never rejects. */
export function openFeedbackReader(
  parts: FeedbackParts,
): (body: Json, deliveries: number) => Promise<Processed> {
  return async (body, deliveries) => {
    try {
      const feedback = feedbackIn(body);
      if (feedback.kind === 'unreadable') {
        return failed(parts, deliveries, { about: { trouble: 'unreadable' }, delayMs: 0 });
      }
      await take(parts, feedback);
      return DONE;
    } catch (error) {
      const about = { code: asProblem(error).code, err: error };
      return failed(parts, deliveries, { about, delayMs: RETRY_DELAYS_MS[deliveries - 1] ?? 0 });
    }
  };
}

function failed(
  { log, metrics }: FeedbackParts,
  deliveries: number,
  { about, delayMs }: { readonly about: object; readonly delayMs: number },
): Processed {
  const isLast = deliveries >= TRIES_MAX;
  if (isLast) metrics.alarm('dead-letter');
  log.error({ ...about, deliveries, isLast }, 'feedback of mail could not be dealt with');
  return { kind: 'again', delayMs };
}

async function take(
  parts: FeedbackParts,
  feedback: Exclude<MailFeedback, { kind: 'unreadable' }>,
): Promise<void> {
  const { log, metrics, clock } = parts;
  switch (feedback.kind) {
    case 'ignored':
      return;
    case 'passing':
      metrics.mailOutcome(feedback.outcome);
      log.info({ id: feedback.id, outcome: feedback.outcome }, 'what became of a mail');
      return;
    case 'undeliverable': {
      const { id, reason, sentAt } = feedback;
      metrics.mailOutcome(reason);
      for (const address of feedback.addresses) {
        const entry = await parts.tables.find(emailKey(address));
        if (entry === undefined) log.warn({ id, reason }, 'feedback of mail is for no account');
        else await suppress(parts, entry, { reason, sentAt, now: new Date(clock()) });
      }
      return;
    }
    default:
      feedback satisfies never;
  }
}
