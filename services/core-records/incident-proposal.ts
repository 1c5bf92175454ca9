/**
 * What becomes of the draft of a dispatch mail: an entry in the log of the incident that it is
 * about, or of a new one. Nothing is dropped: what fits nowhere is a new incident to be reviewed.
 */
import type { z } from 'zod';
import type { Incident, proposeIncident } from '#contracts/records/incident.ts';
import { incidentOf } from './incident.ts';
import { inOrder, type LogEntry, logRow, type MailEntry, readLog, timeOf } from './incident-log.ts';
import { isSameCall, tellingNumbersIn } from './incident-numbers.ts';
import { type Decision, laterOf, successorOf } from './record.ts';

/** A centre may use a number again after this time. */
const SAME_CALL_MS = 24 * 60 * 60 * 1_000;
/** Times are reported when everybody is back, which can be days after a large fire. */
const TIMES_OF_CALL_MS = 7 * SAME_CALL_MS;
/** An incident with so many entries takes no further mails; the next one makes a new incident. */
export const LOG_ENTRIES_MAX = 200;

export type Proposal = z.output<typeof proposeIncident.body>;

/** An incident that a proposal may be about. */
export interface Candidate {
  readonly record: Incident;
  readonly log: readonly LogEntry[];
}

export interface Proposed {
  readonly outcome: 'created' | 'updated';
  readonly before?: Incident;
  readonly decision: Decision<Incident>;
}

/**
 * True when the draft is about the candidate: one of the same source, or made by hand, with the
 * same number, begun within a day of the mail, and open. Times may also come for a closed one.
 */
export function isAbout({ draft, message }: Proposal, { record, log }: Candidate): boolean {
  const isTimes = draft.kind === 'times';
  if (draft.kind === 'other' || log.length >= LOG_ENTRIES_MAX) return false;
  if (record.status !== 'open' && !(isTimes && record.status === 'closed')) return false;
  const numbers = tellingNumbersIn(draft.fields.number);
  if (!isSameCall(numbers, tellingNumbersIn(record.number))) return false;
  const mails = log.filter(isMail);
  const isOfSource = ({ message: { sourceId } }: MailEntry) => sourceId === message.sourceId;
  if (mails.length > 0 && !mails.some(isOfSource)) return false;
  const [first] = inOrder(log);
  const begunAt = first === undefined ? record.createdAt : timeOf(first);
  const apartMs = Math.abs(Date.parse(message.receivedAt) - Date.parse(begunAt));
  return apartMs <= (isTimes ? TIMES_OF_CALL_MS : SAME_CALL_MS);
}

/** The incident that the proposal makes, or the next version of the one that it is about. */
export function decideProposal(
  proposal: Proposal,
  found: Candidate | undefined,
  made: { readonly id: string; readonly at: string },
): Proposed {
  const entry: MailEntry = { by: 'mail', ...proposal };
  if (found === undefined) {
    const record = firstVersion(entry, made);
    return { outcome: 'created', decision: { record, rows: [logRow(record.id, entry)] } };
  }
  const { record: before, log } = found;
  const record = nextVersion(before, [...log, entry], made.at);
  return { outcome: 'updated', before, decision: { record, rows: [logRow(before.id, entry)] } };
}

function firstVersion(entry: MailEntry, { id, at }: { id: string; at: string }): Incident {
  const about = {
    id,
    version: 1,
    status: 'open' as const,
    source: sourceOf(entry),
    messageIds: [entry.message.id],
    createdAt: at,
    updatedAt: laterOf(at, entry.message.receivedAt),
  };
  return incidentOf(about, readLog([entry]));
}

/** A correction that follows has to be newer than every mail, hence the time. */
function nextVersion(before: Incident, log: readonly LogEntry[], at: string): Incident {
  const mails = inOrder(log.filter(isMail));
  const [first] = mails;
  const received = mails.map(({ message }) => message.receivedAt);
  const about = {
    ...successorOf(before, received.reduce(laterOf, at)),
    // The oldest mail made the incident, also when it came late.
    source: before.source.type === 'manual' || !first ? before.source : sourceOf(first),
    messageIds: [...new Set(mails.map(({ message }) => message.id))],
  };
  return incidentOf(about, readLog(log));
}

function sourceOf({ draft, message }: MailEntry): Incident['source'] {
  const { profile, confidence } = draft;
  return { type: 'cad', messageId: message.id, sha256: message.sha256, profile, confidence };
}

function isMail(entry: LogEntry): entry is MailEntry {
  return entry.by === 'mail';
}
