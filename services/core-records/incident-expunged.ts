/** What is left of an incident when an order destroyed what it said, or what some fields said. Pure. */
import { type Incident, incident, incidentFields } from '#contracts/records/incident.ts';
import { draftWithout } from '#shared/cad-draft.ts';
import { type Expungeable, expungedOf } from './expunged.ts';
import { incidentKind } from './incident.ts';
import { INCIDENT_LOG, type LogEntry, logEntry } from './incident-log.ts';
import { claimKey, tellingNumbersIn } from './incident-numbers.ts';
import { placeClaims } from './incident-place.ts';
import { timelineOf } from './incident-timeline.ts';
import { jsonOf } from './record.ts';

export const expungeableIncident: Expungeable<Incident> = {
  ...incidentKind,
  left(record, taking) {
    const { source, messageIds } = record;
    const about = expungedOf(record, taking);
    if (taking.fields !== undefined) {
      return { ...incidentWithout(record, taking.fields), ...about };
    }
    // The hash of a mail stays, as it stays on the mail's own row.
    return { ...about, status: 'expunged', needsReview: false, unsure: [], source, messageIds };
  },
  messageIds: ({ messageIds }) => messageIds,
  own: {
    kind: INCIDENT_LOG,
    left: (value, { fields }) =>
      fields === undefined ? undefined : jsonOf(entryWithout(logEntry.parse(value), fields)),
    messageIds(value) {
      const entry = logEntry.parse(value);
      return entry.by === 'mail' ? [entry.message.id] : [];
    },
    traces: (value, { fields }) => claimsOf(logEntry.parse(value), fields),
  },
};

function incidentWithout(record: Incident, fields: readonly string[]): Incident {
  const { timeline, ...rest } = record;
  const left = incident.parse(
    Object.fromEntries(
      Object.entries(rest).filter(([key]) => !(isRemovable(key) && fields.includes(key))),
    ),
  );
  if (timeline === undefined || fields.includes('timeline')) return left;
  // Made of the clocks that are left; when the call was, its first page says by when it came.
  const call = { pagedAt: record.createdAt };
  const again = timelineOf(incidentFields.strip().parse(left), { zone: timeline.zone, call });
  return { ...left, timeline: again };
}

/** What a record is besides what is said about it stays, whatever an order names. */
function isRemovable(key: string): boolean {
  return Object.hasOwn(incidentFields.shape, key) || key === 'voidReason' || key === 'cancelledAt';
}

/** A person's word becomes a removal, so that no mail fills the field in again. */
function entryWithout(entry: LogEntry, fields: readonly string[]): LogEntry {
  if (entry.by === 'person') {
    const patch = Object.entries(entry.patch).map(([key, value]) => [
      key,
      fields.includes(key) ? null : value,
    ]);
    return { ...entry, patch: Object.fromEntries(patch) };
  }
  const { moment, ...rest } = entry;
  const isTimed = moment !== undefined && !CLOCKS.some((clock) => fields.includes(clock));
  const draft = draftWithout(entry.draft, fields);
  return { ...rest, draft, ...(isTimed ? { moment } : {}) };
}

/** Fields that a page's own moment is made of. */
const CLOCKS = ['date', 'time'];
const PLACES = ['address', 'city', 'coordinates'];

/** Numbers and places are short enough to be found from their hashes. */
function claimsOf(entry: LogEntry, fields: readonly string[] | undefined) {
  if (entry.by === 'person') return [];
  const { draft, message } = entry;
  const isGone = (names: readonly string[]) =>
    fields === undefined || names.some((name) => fields.includes(name));
  return [
    ...(isGone(['number']) ? tellingNumbersIn(draft.fields.number) : []),
    ...(isGone(PLACES) ? placeClaims(draft.fields).own : []),
  ].map((name) => claimKey(message.sourceId, name));
}
