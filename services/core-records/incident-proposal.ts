/**
 * What becomes of the draft of a dispatch mail: an entry in the log of the incident that it is
 * about, or of a new one. Nothing is dropped: what fits nowhere is a new incident to be reviewed.
 */
import type { z } from 'zod';
import { UPDATE_POLICY_DEFAULT } from '#contracts/cad-update-policy.ts';
import type { Incident, proposeIncident } from '#contracts/records/incident.ts';
import type { Change } from '#shared/ports/tables.ts';
import { incidentOf } from './incident.ts';
import { momentOfPage } from './incident-clock.ts';
import { type Heard, hearLog, logRow, type MailEntry } from './incident-log.ts';
import type { Candidate } from './incident-match.ts';
import { type Decision, laterOf, successorOf } from './record.ts';

export type Proposal = z.output<typeof proposeIncident.body>;

/** What becomes of a proposal. What is discarded stands in the log, and the incident stays as it is. */
export type Proposed =
  | {
      readonly outcome: 'created' | 'updated';
      readonly before?: Incident;
      readonly decision: Decision<Incident>;
    }
  | {
      readonly outcome: 'discarded';
      readonly before: Incident;
      readonly rows: readonly Change[];
    };

/** A proposal as the entry that it becomes. */
export function entryOf(
  { updates = UPDATE_POLICY_DEFAULT, reading: _which, ...rest }: Proposal,
  zone: string,
): MailEntry {
  const { receivedAt } = rest.message;
  const moment = momentOfPage(rest.draft.fields, { receivedAt, zone });
  return { by: 'mail', ...rest, updates, ...(moment === undefined ? {} : { moment }) };
}

/** The incident that the mail makes, or the next version of the one that it is about. */
export function decideProposal(
  entry: MailEntry,
  found: Candidate | undefined,
  made: { readonly id: string; readonly at: string; readonly zone: string },
): Proposed {
  if (found === undefined) {
    const record = firstVersion(entry, made);
    return { outcome: 'created', decision: { record, rows: [logRow(record.id, entry)] } };
  }
  const { record: before, log } = found;
  const heard = hearLog([...log, entry], made.zone);
  const rows = [logRow(before.id, entry)];
  if (!heard.mails.includes(entry)) return { outcome: 'discarded', before, rows };
  const record = nextVersion(before, heard, made.at);
  return { outcome: 'updated', before, decision: { record, rows } };
}

/**
 * The next version of an incident, one of whose mails was read again. What was read before is
 * forgotten; what people said since stands.
 */
export function decideReading(
  entry: MailEntry,
  { record: before, log }: Candidate,
  made: { readonly at: string; readonly zone: string },
): Decision<Incident> {
  const others = log.filter((each) => each.by !== 'mail' || each.workId !== entry.workId);
  const record = nextVersion(before, hearLog([...others, entry], made.zone), made.at);
  return { record, reason: 'a mail was read again' };
}

function firstVersion(
  entry: MailEntry,
  { id, at, zone }: { readonly id: string; readonly at: string; readonly zone: string },
): Incident {
  const heard = hearLog([entry], zone);
  const about = {
    id,
    version: 1,
    status: 'open' as const,
    source: sourceOf(entry),
    messageIds: [entry.message.id],
    createdAt: at,
    updatedAt: laterOf(at, entry.message.receivedAt),
    ...saidBeside(heard),
  };
  return incidentOf(about, heard.reading);
}

/** A correction that follows has to be newer than every mail, hence the time. */
function nextVersion(before: Incident, heard: Heard, at: string): Incident {
  const [first] = heard.mails;
  const received = heard.mails.map(({ message }) => message.receivedAt);
  const { timeline: _timeline, cancelledAt: _cancelled, ...rest } = before;
  const about = {
    ...successorOf(rest, received.reduce(laterOf, laterOf(before.updatedAt, at))),
    // The oldest mail made the incident, also when it came late.
    source: before.source.type === 'manual' || !first ? before.source : sourceOf(first),
    messageIds: [...new Set(heard.mails.map(({ message }) => message.id))],
    ...saidBeside(heard),
  };
  return incidentOf(about, heard.reading);
}

function saidBeside({ timeline, cancelledAt }: Heard) {
  return {
    ...(timeline === undefined ? {} : { timeline }),
    ...(cancelledAt === undefined ? {} : { cancelledAt }),
  };
}

function sourceOf({ draft, message }: MailEntry): Incident['source'] {
  const { profile, confidence, profileVersion, fieldConfidence, translated } = draft;
  return {
    type: 'cad',
    messageId: message.id,
    sha256: message.sha256,
    profile,
    confidence,
    sourceId: message.sourceId,
    ...(profileVersion === undefined ? {} : { profileVersion }),
    ...(fieldConfidence === undefined ? {} : { fieldConfidence }),
    ...(translated === undefined ? {} : { translated }),
    raw: `/v1/cad/messages/${message.id}/raw`,
  };
}
