/** Which incident the draft of a mail is about. */
import { UPDATE_POLICY_DEFAULT, type UpdatePolicy } from '#contracts/cad-update-policy.ts';
import type { Incident } from '#contracts/records/incident.ts';
import { inOrder, isMail, type LogEntry, type MailEntry } from './incident-log.ts';
import { isSameCall, tellingNumbersIn } from './incident-numbers.ts';
import { isSamePlace } from './incident-place.ts';

/** A centre may use a number again after this time. */
const SAME_NUMBER_MS = 24 * 60 * 60_000;
/** Another call at the same place is another incident after this time. */
const SAME_PLACE_MS = 10 * 60_000;
/** Times are reported when everybody is back, which can be days after a large fire. */
const TIMES_BY_NUMBER_MS = 7 * SAME_NUMBER_MS;
const TIMES_BY_PLACE_MS = SAME_NUMBER_MS;
/** An incident with so many entries takes no further mails; the next one makes a new incident. */
export const LOG_ENTRIES_MAX = 200;

/** An incident that a mail may be about. */
export interface Candidate {
  readonly record: Incident;
  readonly log: readonly LogEntry[];
}

/** Of the candidates that the mail is about the nearest in time; the newest of several. */
export function bestMatch(
  mail: MailEntry,
  candidates: readonly Candidate[],
): Candidate | undefined {
  const fits = candidates.filter((each) => isAbout(mail, each));
  const near = (each: Candidate) => apartMs(mail, each);
  return fits.toSorted(
    (left, right) => near(left) - near(right) || (left.record.id > right.record.id ? -1 : 1),
  )[0];
}

/**
 * True when the mail is about the candidate: one of the same source, or made by hand, open, and the
 * same call by the policy of its source. Times may also come for a closed one.
 */
function isAbout(mail: MailEntry, candidate: Candidate): boolean {
  const { draft, message } = mail;
  const { record, log } = candidate;
  const isTimes = draft.kind === 'times';
  if (draft.kind === 'other' || log.length >= LOG_ENTRIES_MAX) return false;
  if (record.status !== 'open' && !(isTimes && record.status === 'closed')) return false;
  const mails = log.filter(isMail);
  const isOfSource = ({ message: { sourceId } }: MailEntry) => sourceId === message.sourceId;
  if (mails.length > 0 && !mails.some(isOfSource)) return false;
  const policy = mail.updates ?? UPDATE_POLICY_DEFAULT;
  if (isTimes) return timesFit(mail, candidate, policy);
  if (policy.action === 'passthrough' && !isReportAlone(candidate)) return false;
  return pageFits(mail, candidate, policy);
}

function pageFits(mail: MailEntry, candidate: Candidate, { match }: UpdatePolicy): boolean {
  const limitMs = isReportAlone(candidate) ? TIMES_BY_PLACE_MS : SAME_PLACE_MS;
  const byNumber = () => isSameNumber(mail, candidate, SAME_NUMBER_MS);
  const byPlace = () => isAtPlace(mail, candidate, limitMs);
  switch (match) {
    case 'number':
      return byNumber();
    case 'location':
      return byPlace();
    case 'locationAndNature':
      return byPlace() && isSameNature(mail, candidate);
    case 'numberElseLocation':
      return bothNumbered(mail, candidate) ? byNumber() : byPlace();
    default:
      return match satisfies never;
  }
}

/** A report with the number of a call is about it, however pages are matched. */
function timesFit(mail: MailEntry, candidate: Candidate, { match }: UpdatePolicy): boolean {
  if (isSameNumber(mail, candidate, TIMES_BY_NUMBER_MS)) return true;
  if (match === 'number') return false;
  if (match === 'numberElseLocation' && bothNumbered(mail, candidate)) return false;
  return isAtPlace(mail, candidate, TIMES_BY_PLACE_MS);
}

/** Nothing is known of the call but its times: its page has not come yet. */
function isReportAlone({ log }: Candidate): boolean {
  return log.length > 0 && log.every((each) => isMail(each) && each.draft.kind === 'times');
}

function bothNumbered({ draft }: MailEntry, { record }: Candidate): boolean {
  return [draft.fields.number, record.number].every((text) => tellingNumbersIn(text).length > 0);
}

function isSameNumber(mail: MailEntry, candidate: Candidate, limitMs: number): boolean {
  const numbers = tellingNumbersIn(mail.draft.fields.number);
  if (!isSameCall(numbers, tellingNumbersIn(candidate.record.number))) return false;
  const [first] = inOrder(candidate.log);
  const begun = first ?? { at: candidate.record.createdAt };
  // The number says most: one of the two clocks suffices.
  return byReceiptMs(mail, begun) <= limitMs || betweenMs(mail, begun) <= limitMs;
}

function isAtPlace(mail: MailEntry, candidate: Candidate, limitMs: number): boolean {
  const isThere = isSamePlace(mail.draft.fields, candidate.record);
  return isThere && apartMs(mail, candidate) <= limitMs;
}

/** By words or by code, now or in an earlier page; a missing call type equals nothing. */
function isSameNature({ draft }: MailEntry, { record, log }: Candidate): boolean {
  const known = [record, ...log.filter(isMail).map((each) => each.draft.fields)];
  const same = (left: string | undefined, right: string | undefined) =>
    left !== undefined && right !== undefined && plain(left) === plain(right);
  const { nature, code } = draft.fields;
  return known.some((each) => same(nature, each.nature) || same(code, each.code));
}

function plain(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toUpperCase();
}

/** Between a mail and the nearest thing that was said about the incident. */
function apartMs(mail: MailEntry, { record, log }: Candidate): number {
  const all = log.map((entry) => betweenMs(mail, entry));
  return all.length === 0 ? betweenMs(mail, { at: record.createdAt }) : Math.min(...all);
}

type Said = LogEntry | { readonly at: string };

/** By the centre's clock where both pages have it: a mail may have been on its way for long. */
function betweenMs(mail: MailEntry, other: Said): number {
  const told = 'message' in other ? other.moment?.at : undefined;
  if (mail.moment === undefined || told === undefined) return byReceiptMs(mail, other);
  return apart(mail.moment.at, told);
}

function byReceiptMs({ message }: MailEntry, other: Said): number {
  return apart(message.receivedAt, 'message' in other ? other.message.receivedAt : other.at);
}

function apart(left: string, right: string): number {
  return Math.abs(Date.parse(left) - Date.parse(right));
}
