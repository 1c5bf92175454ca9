/** Whether mail to a person is of use: pure, so that each rule can be read and tested by itself. */
import type { MailSuppression } from '#contracts/mail-suppressions.ts';
import type { SuppressionRow } from '../identity/rows.ts';

/** Something that came back about a mail to the person. */
export interface Report {
  readonly reason: MailSuppression['reason'];
  /** When that mail was sent, ms since the epoch. */
  readonly sentAt: number;
  readonly now: Date;
}

export function isSuppressed(row: SuppressionRow | undefined): boolean {
  return row !== undefined && row.liftedAt === undefined;
}

/**
 * The row after the report; `undefined` where it changes nothing: nothing is sent already, or an
 * administrator has mended the mailbox after that mail was sent, so that the report is of the past.
 */
export function suppressedBy(
  row: SuppressionRow | undefined,
  { reason, sentAt, now }: Report,
): SuppressionRow | undefined {
  if (isSuppressed(row)) return undefined;
  if (row?.liftedAt !== undefined && sentAt <= Date.parse(row.liftedAt)) return undefined;
  return { reason, since: now.toISOString() };
}

/** The row that lets mail through again, and remembers since when. */
export function lifted(row: SuppressionRow, now: Date): SuppressionRow {
  return { ...row, liftedAt: now.toISOString() };
}
