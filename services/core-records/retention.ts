/** Decisions about retention windows: what is in force when, and when a change is. Pure. */
import { z } from 'zod';
import {
  RETENTION_SHORTENING_DAYS,
  type Retention,
  type RetentionClass,
  type RetentionWindows,
  retention,
  retentionClasses,
} from '#contracts/retention.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What stands in the row: the windows as they were at the last change. */
export const storedRetention = retention
  .omit({ version: true, changedAt: true })
  .extend({ changedAt: z.string() });
export type StoredRetention = z.infer<typeof storedRetention>;
type ClassRetention = Retention[RetentionClass];

const KEPT_FOR_EVER: ClassRetention = {};

/** A pending window may come into force between two changes: each gets a version of its own. */
const VERSIONS_PER_CHANGE = retentionClasses.length + 1;

/** As it is at that time: nothing is written when a pending window comes into force. */
export function retentionAt(
  row: { readonly version: number; readonly stored: StoredRetention } | undefined,
  now: Date,
): Retention {
  if (row === undefined) return { version: 1, ledger: KEPT_FOR_EVER, cadMail: KEPT_FOR_EVER };
  const { version, stored } = row;
  const matured = retentionClasses.filter((each) => isDue(stored[each], now)).length;
  return {
    version: version * VERSIONS_PER_CHANGE + 1 + matured,
    ledger: classAt(stored.ledger, now),
    cadMail: classAt(stored.cadMail, now),
    changedAt: stored.changedAt,
  };
}

/** `undefined` when the windows say what is asked for already. */
export function changedRetention(
  before: Retention,
  asked: RetentionWindows,
  now: Date,
): StoredRetention | undefined {
  const ledger = changedClass(before.ledger, asked.ledger?.days, now);
  const cadMail = changedClass(before.cadMail, asked.cadMail?.days, now);
  const isSame = ledger === before.ledger && cadMail === before.cadMail;
  return isSame ? undefined : { ledger, cadMail, changedAt: now.toISOString() };
}

/** A longer window is in force at once, and takes back what was pending; a shorter one waits. */
function changedClass(before: ClassRetention, days: number | undefined, now: Date): ClassRetention {
  const { effective, pending } = before;
  // What is asked for again does not begin to wait anew.
  if ((pending ?? effective)?.days === days) return before;
  if (daysOf(days) >= daysOf(effective?.days)) {
    return days === undefined ? {} : { effective: { days } };
  }
  const from = new Date(now.getTime() + RETENTION_SHORTENING_DAYS * DAY_MS).toISOString();
  // Shorter than something, so it is a number.
  return { ...(effective && { effective }), pending: { days: daysOf(days), from } };
}

function daysOf(days: number | undefined): number {
  return days ?? Number.POSITIVE_INFINITY;
}

function classAt(stored: ClassRetention, now: Date): ClassRetention {
  const { pending } = stored;
  return pending !== undefined && isDue(stored, now)
    ? { effective: { days: pending.days } }
    : stored;
}

function isDue({ pending }: ClassRetention, now: Date): boolean {
  return pending !== undefined && pending.from <= now.toISOString();
}
