/**
 * What was said about one incident, by mails and by people, read together.
 *
 * Mails come late, twice, or in another order than they were sent, and people correct what they say.
 * So an incident is not patched mail by mail: every mail and every correction is an entry of its log,
 * and what the incident says is its log, read from the oldest entry to the newest. The same entries
 * say the same in whatever order they arrived.
 *
 * A correction is always the newest entry when it is made, so that it can be applied to the incident
 * as it stands; a late mail is read in its place among the others.
 */
import { z } from 'zod';
import { type CadFieldKey, cadDraft } from '#contracts/cad-fields.ts';
import { timestamp } from '#contracts/primitives.ts';
import {
  type IncidentFields,
  incidentFields,
  proposeIncident,
  updateIncident,
} from '#contracts/records/incident.ts';
import type { Change } from '#shared/ports/tables.ts';
import { type Hearing, hearMail, openHearing } from './incident-mail.ts';
import { mergePatch } from './merge-patch.ts';
import { jsonOf, sortableVersion } from './record.ts';

/** Kind of the log's rows: id `<incident id>/<time>/<by>/<number>`, so that they sort by age. */
export const INCIDENT_LOG = 'incident-log';

const { workId, message } = proposeIncident.body.shape;

export const logEntry = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('mail'), workId, draft: cadDraft, message }),
  z.strictObject({
    by: z.literal('person'),
    at: timestamp,
    /** The version of the incident that the correction made. */
    version: z.number().int().positive(),
    patch: updateIncident.body,
  }),
]);
export type LogEntry = z.infer<typeof logEntry>;
export type MailEntry = Extract<LogEntry, { by: 'mail' }>;

/** A person's word: fields that they set, or removed with `null`; `needsReview: false` ends a review. */
export type Correction = z.infer<typeof updateIncident.body>;

/** What an incident says by its log. */
export interface Reading {
  readonly fields: IncidentFields;
  readonly unsure: readonly CadFieldKey[];
  readonly needsReview: boolean;
}

/** Entries in any order. */
export function readLog(log: readonly LogEntry[]): Reading {
  const hearing = openHearing();
  for (const entry of inOrder(log)) {
    if (entry.by === 'mail') hearMail(hearing, entry.draft);
    else hearPerson(hearing, entry);
  }
  return readingOf(hearing);
}

/** Oldest first. At the same millisecond a person, who has seen the mail, comes after it. */
export function inOrder<Entry extends LogEntry>(log: readonly Entry[]): readonly Entry[] {
  return log.toSorted((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
}

export function timeOf(entry: LogEntry): string {
  return entry.by === 'mail' ? entry.message.receivedAt : entry.at;
}

/** The row of an entry; an entry stands in a log once. */
export function logRow(incidentId: string, entry: LogEntry): Change {
  const id = `${incidentId}/${placeOf(entry)}`;
  return { put: { kind: INCIDENT_LOG, id, value: jsonOf(entry) }, expect: 0 };
}

/** What a person says is what the incident says, and is no longer in doubt. */
export function correct(reading: Reading, correction: Correction): Reading {
  const changed = Object.entries(correction).filter(([key]) => isField(key));
  const settled = new Set(changed.map(([key]) => (key === 'agency' ? 'source' : key)));
  const merged = mergePatch(reading.fields, Object.fromEntries(changed));
  const reviewed = correction.needsReview === false;
  return {
    fields: incidentFields.parse(merged),
    unsure: reviewed ? [] : reading.unsure.filter((key) => !settled.has(key)),
    needsReview: reading.needsReview && !reviewed,
  };
}

function placeOf(entry: LogEntry): string {
  const number = entry.by === 'mail' ? entry.workId : sortableVersion(entry.version);
  return `${timeOf(entry)}/${entry.by}/${number}`;
}

function hearPerson(hearing: Hearing, entry: Extract<LogEntry, { by: 'person' }>): void {
  const { patch, version } = entry;
  const { fields, unsure, needsReview } = correct(readingOf(hearing), patch);
  hearing.fields = fields;
  hearing.unsure = new Set(unsure);
  hearing.needsReview = needsReview;
  for (const key of Object.keys(patch)) if (isField(key)) hearing.byHand.add(key);
  hearing.begun ||= version === 1 || patch.needsReview === false;
}

function readingOf({ fields, unsure, needsReview }: Hearing): Reading {
  return { fields: incidentFields.parse(fields), unsure: [...unsure].toSorted(), needsReview };
}

function isField(key: string): key is keyof IncidentFields {
  return Object.hasOwn(incidentFields.shape, key);
}
