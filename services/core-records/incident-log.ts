/**
 * What was said about one incident, by mails and by people, read together.
 *
 * Mails come late, twice, or in another order than they were sent, and people correct what they say.
 * So an incident is not patched mail by mail: every mail and every correction is an entry of its log,
 * and what the incident says is its log, read from the oldest entry to the newest. The same entries
 * say the same in whatever order they arrived.
 *
 * Age is told by the clock of the centre between pages that carry it, which holds also where mails
 * overtake each other; else by the time of receipt. The two clocks are never compared: a page without
 * a time, a report and a person come behind everything that was received before them.
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
  type Timeline,
  updateIncident,
} from '#contracts/records/incident.ts';
import type { Change } from '#shared/ports/tables.ts';
import { doubt, type Hearing, hearMail, openHearing } from './incident-mail.ts';
import { timelineOf } from './incident-timeline.ts';
import { mergePatch } from './merge-patch.ts';
import { jsonOf, sortableVersion } from './record.ts';

/** Kind of the log's rows: id `<incident id>/<time>/<by>/<number>`, so that they sort by age. */
export const INCIDENT_LOG = 'incident-log';

const { workId, message, updates } = proposeIncident.body.shape;

const moment = z.strictObject({
  at: timestamp,
  doubt: z.enum(['twice', 'skipped']).optional(),
});

export const logEntry = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('mail'),
    workId,
    draft: cadDraft,
    message,
    /** Of the source when the mail was proposed. */
    updates,
    /** By the centre's own clock, where the page has it. */
    moment: moment.optional(),
  }),
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
  return hearLog(log).reading;
}

/** What an incident says, and by which of its mails. */
export interface Heard {
  readonly reading: Reading;
  /** Mails that made it so, oldest first: those that were discarded are not among them. */
  readonly mails: readonly MailEntry[];
  readonly timeline?: Timeline;
  readonly cancelledAt?: string;
}

/**
 * Reads the log with the zone of the centre, which makes moments of its clocks. `note` hears of each
 * entry that counts, and what the incident says after it.
 */
export function hearLog(
  log: readonly LogEntry[],
  zone?: string,
  note?: (entry: LogEntry, fields: IncidentFields) => void,
): Heard {
  const hearing = openHearing();
  const mails: MailEntry[] = [];
  for (const entry of inOrder(log)) {
    if (entry.by === 'person') {
      hearPerson(hearing, entry);
      note?.(entry, { ...hearing.fields });
    } else if (!isDiscarded(entry, mails)) {
      hearMail(hearing, entry);
      mails.push(entry);
      if (zone !== undefined && hasSkippedClock(entry, mails, zone)) doubt(hearing, 'unitTimes');
      note?.(entry, { ...hearing.fields });
    }
  }
  const reading = readingOf(hearing);
  const { cancelledAt } = hearing;
  return {
    reading,
    mails,
    ...(zone === undefined || mails.length === 0
      ? {}
      : { timeline: timelineOf(reading.fields, { zone, call: callOf(mails) }) }),
    ...(cancelledAt === undefined ? {} : { cancelledAt }),
  };
}

/** Of a source that discards, the oldest page counts; reports of times always do. */
function isDiscarded({ draft, updates }: MailEntry, heard: readonly MailEntry[]): boolean {
  if (updates?.action !== 'discard' || draft.kind === 'times') return false;
  return heard.some((earlier) => earlier.draft.kind !== 'times');
}

/** Times of units that no clock showed that night. */
function hasSkippedClock(entry: MailEntry, mails: readonly MailEntry[], zone: string): boolean {
  const { unitTimes } = entry.draft.fields;
  if (unitTimes === undefined) return false;
  return timelineOf({ unitTimes }, { zone, call: callOf(mails) }).skipped !== undefined;
}

/** When the call was: by the first page with a clock, else when its first page came. */
function callOf(mails: readonly MailEntry[]) {
  const told = mails.find((each) => each.moment !== undefined && each.draft.fields.time);
  const page = mails.find(({ draft }) => draft.kind !== 'times');
  const report = mails.findLast(({ draft }) => draft.kind === 'times');
  return {
    told: told?.moment,
    pagedAt: page?.message.receivedAt,
    reportedAt: report?.message.receivedAt,
  };
}

/** Oldest first. At the same millisecond a person, who has seen the mail, comes after it. */
export function inOrder<Entry extends LogEntry>(log: readonly Entry[]): readonly Entry[] {
  const received = log.toSorted((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
  let latest = '';
  const aged = received.map((entry) => {
    const own = ageOf(entry);
    if (own !== undefined && own > latest) latest = own;
    return { entry, age: own ?? latest };
  });
  // A stable sort: entries of one age stay in the order of receipt.
  const sorted = aged.toSorted((left, right) =>
    left.age === right.age ? 0 : left.age < right.age ? -1 : 1,
  );
  return sorted.map(({ entry }) => entry);
}

/** A report carries the time of the call that it is about, and is written long after it. */
function ageOf(entry: LogEntry): string | undefined {
  return entry.by === 'mail' && entry.draft.kind !== 'times' ? entry.moment?.at : undefined;
}

export function isMail(entry: LogEntry): entry is MailEntry {
  return entry.by === 'mail';
}

export function timeOf(entry: LogEntry): string {
  return entry.by === 'mail' ? entry.message.receivedAt : entry.at;
}

/** The row of an entry; an entry stands in a log once. `before` is its version when it is replaced. */
export function logRow(incidentId: string, entry: LogEntry, before = 0): Change {
  const id = logRowId(incidentId, entry);
  return { put: { kind: INCIDENT_LOG, id, value: jsonOf(entry) }, expect: before };
}

export function logRowId(incidentId: string, entry: LogEntry): string {
  return `${incidentId}/${placeOf(entry)}`;
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
  const { fields, unsure } = correct(readingOf(hearing), patch);
  const reviewed = patch.needsReview === false;
  hearing.fields = fields;
  hearing.unsure = new Set(unsure);
  hearing.needsReview &&= !reviewed;
  for (const key of Object.keys(patch)) if (isField(key)) hearing.byHand.add(key);
  hearing.begun ||= version === 1 || reviewed;
}

/** Where nothing but reports or updates were heard, nobody knows yet what the call is. */
function readingOf({ fields, unsure, needsReview, begun }: Hearing): Reading {
  return {
    fields: incidentFields.parse(fields),
    unsure: [...unsure].toSorted(),
    needsReview: needsReview || !begun,
  };
}

function isField(key: string): key is keyof IncidentFields {
  return Object.hasOwn(incidentFields.shape, key);
}
