import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import {
  createIncident,
  type Incident,
  type IncidentFields,
  incident,
  incidentFields,
  incidentHistory,
  listIncidents,
  readIncident,
  updateIncident,
  voidIncident,
} from '#contracts/records/incident.ts';
import type { RowKey } from '#shared/ports/tables.ts';
import { type Correction, correct, logRow, type Reading } from './incident-log.ts';
import { INCIDENT_NUMBER, numberPrefix, numberRows, spellingsIn } from './incident-numbers.ts';
import { placeRows } from './incident-place.ts';
import { timelineOf } from './incident-timeline.ts';
import { assertNotVoided, type Decision, successorOf } from './record.ts';
import type { Listing, RecordKind } from './record-kind.ts';

type IncidentQuery = z.output<typeof listIncidents.query>;

export const incidentKind: RecordKind<Incident, IncidentFields, Correction, IncidentQuery> = {
  type: 'incident',
  schema: incident,
  operations: {
    create: createIncident,
    read: readIncident,
    list: listIncidents,
    update: updateIncident,
    void: voidIncident,
    history: incidentHistory,
  },
  create,
  patch,
  indexRows,
  listing,
};

/** What an incident is besides what is said about it. */
export type IncidentAbout = z.infer<typeof about>;
const about = incident
  .pick({
    id: true,
    version: true,
    status: true,
    source: true,
    messageIds: true,
    voidReason: true,
    timeline: true,
    cancelledAt: true,
    expungedBy: true,
    createdAt: true,
    updatedAt: true,
  })
  .strip();

/** The incident as a whole. */
export function incidentOf(identity: IncidentAbout, reading: Reading): Incident {
  const { fields, unsure, needsReview } = reading;
  return { ...about.parse(identity), needsReview, unsure: [...unsure], ...fields };
}

function create(
  fields: IncidentFields,
  { id, at }: { id: string; at: string },
): Decision<Incident> {
  const record: Incident = {
    id,
    version: 1,
    status: 'open',
    needsReview: false,
    unsure: [],
    source: { type: 'manual' },
    messageIds: [],
    createdAt: at,
    updatedAt: at,
    ...fields,
  };
  return { record, rows: [logRow(id, { by: 'person', at, version: 1, patch: fields })] };
}

function patch(record: Incident, change: Correction, at: string): Decision<Incident> | undefined {
  assertNotVoided(record);
  const { unsure, needsReview, status } = record;
  const said = { fields: incidentFields.strip().parse(record), unsure, needsReview };
  const reading = correct(said, change);
  const timeline = record.timeline && timelineAgain(record, reading);
  const about = { ...record, ...(timeline === undefined ? {} : { timeline }) };
  const same = incidentOf({ ...about, status: change.status ?? status }, reading);
  if (isDeepStrictEqual(same, record)) return undefined;
  const next = successorOf(same, at);
  const entry = { by: 'person', at: next.updatedAt, version: next.version, patch: change } as const;
  return { record: next, rows: [logRow(record.id, entry)] };
}

/** The moments after a correction of clocks: near to what they were. */
function timelineAgain({ timeline, createdAt }: Incident, { fields }: Reading) {
  const { zone = 'UTC', at = createdAt } = timeline ?? {};
  return timelineOf(fields, { zone, call: { pagedAt: at } });
}

/** By place only where mails speak of it: they alone ask for it. */
function indexRows(record: Incident): readonly RowKey[] {
  const { id, number, timeline } = record;
  return [...numberRows(id, number), ...(timeline === undefined ? [] : placeRows(id, record))];
}

function listing({ status, needsReview, number }: IncidentQuery): Listing<Incident> {
  const asked = spellingsIn(number);
  const shows = (record: Incident) =>
    (status === undefined || record.status === status) &&
    (needsReview === undefined || record.needsReview === needsReview) &&
    asked.every((spelling) => spellingsIn(record.number).includes(spelling));
  if (number === undefined) return { shows };
  // A number of nothing but marks is nobody's, and so is its hash.
  const [first = ''] = asked;
  return { index: { kind: INCIDENT_NUMBER, prefix: numberPrefix(first) }, shows };
}
