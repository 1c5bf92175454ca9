import { z } from 'zod';
import { cadDraft, cadFieldKey, cadFields, unitStatuses } from '../cad-fields.ts';
import { updatePolicy } from '../cad-update-policy.ts';
import { operation } from '../operation.ts';
import {
  pageOf,
  pageQuery,
  reason,
  rowId,
  sha256Hex,
  shortText,
  timestamp,
  timeZone,
} from '../primitives.ts';

// The CAD field `source` names the agency or station that the message is for. On an incident
// `source` tells where the record came from, so the CAD field is `agency` here.
const { source: agency, ...dispatchShape } = cadFields.shape;

/** What a person or a dispatch mail can say about an incident. */
export const incidentFields = z.strictObject({ ...dispatchShape, agency });
export type IncidentFields = z.infer<typeof incidentFields>;

export const incidentSource = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('manual') }),
  z.strictObject({
    type: z.literal('cad'),
    /** Row of the mail: `/v1/cad/messages/{messageId}`. */
    messageId: rowId,
    sha256: sha256Hex,
    profile: z.string(),
    confidence: z.number(),
    /** The dispatch centre: `/v1/cad/sources/{sourceId}`. */
    sourceId: rowId.optional(),
    profileVersion: z.number().int().positive().optional(),
    /** 0..1 for each field of the mail that a certainty is known of. */
    fieldConfidence: cadDraft.shape.fieldConfidence,
    /** Codes as the mail has them, where a code table put words in their place. */
    translated: cadDraft.shape.translated,
    /** Path of the raw mail, for who may read messages; each reading of it is an event. */
    raw: z.string().optional(),
  }),
]);

/**
 * The clocks of an incident that mails speak of, as moments. A clock without a date is of the day of
 * the call, or past midnight of the next one.
 */
export const timeline = z.strictObject({
  /** Whose clocks they are. */
  zone: timeZone,
  /** Of `date` and `time`; absent where no page has a time. */
  at: timestamp.optional(),
  /** Of `unitTimes`, in their order. */
  units: z.array(
    z.strictObject({ unit: shortText(40).optional(), ...momentsOfStatuses(unitStatuses) }),
  ),
  /** Clocks that were shown twice, because summer time ended: `time`, `E91 onScene`. */
  twice: z.array(z.string()).optional(),
  /** Clocks that were never shown, because summer time began. */
  skipped: z.array(z.string()).optional(),
});
export type Timeline = z.infer<typeof timeline>;

/** `expunged`: what it said was destroyed by order; it is known that it was. */
export const incidentStatus = z.enum(['open', 'closed', 'voided', 'expunged']);

export const incident = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  status: incidentStatus,
  /** A person must look: the mail could not be read in full, or a value is not sure. */
  needsReview: z.boolean(),
  /** Fields that the reader of the mail was not sure of. */
  unsure: z.array(cadFieldKey),
  source: incidentSource,
  /** Every mail that made or changed this incident, oldest first. */
  messageIds: z.array(rowId),
  voidReason: z.string().optional(),
  timeline: timeline.optional(),
  /** When a mail came that cancels the call. The incident stays open: units may be on their way. */
  cancelledAt: timestamp.optional(),
  /** Expungements that destroyed values of it: `/v1/ledger/expungements/{id}`. */
  expungedBy: z.array(rowId).optional(),
  createdAt: timestamp,
  updatedAt: timestamp,
  ...incidentFields.shape,
});
export type Incident = z.infer<typeof incident>;

/** One version of a record: who made it, when, and which fields it changed. */
export const historyRow = z.strictObject({
  version: z.number().int().positive(),
  at: timestamp,
  action: z.string(),
  actor: z.strictObject({ type: z.string(), id: z.string(), name: z.string().optional() }),
  reason: z.string().optional(),
  changes: z.array(
    z.strictObject({ field: z.string(), before: z.json().optional(), after: z.json().optional() }),
  ),
});
export type HistoryRow = z.infer<typeof historyRow>;

const params = z.strictObject({ id: rowId });
const atLeastOne = 'give at least one of number, nature, code, address, placeName or coordinates';

const newIncident = incidentFields.refine(hasSubstance, { error: atLeastOne });

/** RFC 7396 merge patch: a value replaces, `null` removes, an absent key stays as it is. */
const incidentPatch = z
  .strictObject({
    ...nullable(incidentFields.shape),
    status: z.enum(['open', 'closed']).optional(),
    needsReview: z.literal(false).optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, { error: 'give at least one field to change' });

export const createIncident = operation({
  name: 'core-records.incident.create',
  summary: 'Record an incident by hand',
  http: { method: 'POST', path: '/v1/incidents', status: 201 },
  body: newIncident,
  output: incident,
  problems: ['idempotency-key-reused', 'ledger-behind', 'conflict'],
  permission: 'incidents:write',
  audit: { kind: 'change', action: 'core-records.incident.created', object: 'incident' },
  idempotent: true,
  versioned: true,
});

export const readIncident = operation({
  name: 'core-records.incident.read',
  summary: 'Read an incident',
  http: { method: 'GET', path: '/v1/incidents/{id}', status: 200 },
  params,
  output: incident,
  problems: ['not-found'],
  permission: 'incidents:read',
  audit: { kind: 'none', because: 'a plain read of a record inside its own department' },
  versioned: true,
});

export const listIncidents = operation({
  name: 'core-records.incident.list',
  summary: 'List incidents, newest first',
  http: { method: 'GET', path: '/v1/incidents', status: 200 },
  query: z.strictObject({
    ...pageQuery,
    status: incidentStatus.optional(),
    needsReview: z.stringbool().optional(),
    /** Exactly this CAD number. */
    number: shortText(200).optional(),
  }),
  output: pageOf(incident),
  problems: ['invalid-cursor'],
  permission: 'incidents:read',
  audit: { kind: 'none', because: 'a plain read of records inside their own department' },
});

export const updateIncident = operation({
  name: 'core-records.incident.update',
  summary: 'Change fields of an incident',
  http: {
    method: 'PATCH',
    path: '/v1/incidents/{id}',
    status: 200,
    accepts: 'application/merge-patch+json',
  },
  params,
  body: incidentPatch,
  output: incident,
  problems: ['not-found', 'conflict', 'version-mismatch', 'too-large', 'ledger-behind'],
  permission: 'incidents:write',
  audit: { kind: 'change', action: 'core-records.incident.updated', object: 'incident' },
  versioned: true,
});

export const voidIncident = operation({
  name: 'core-records.incident.void',
  summary: 'Void an incident; it stays readable with its history',
  http: { method: 'POST', path: '/v1/incidents/{id}/void', status: 200 },
  params,
  body: z.strictObject({ reason }),
  output: incident,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'incidents:void',
  audit: { kind: 'change', action: 'core-records.incident.voided', object: 'incident' },
  versioned: true,
});

export const incidentHistory = operation({
  name: 'core-records.incident.history',
  summary: 'Every version of an incident, oldest first',
  http: { method: 'GET', path: '/v1/incidents/{id}/history', status: 200 },
  params,
  query: z.strictObject(pageQuery),
  output: pageOf(historyRow),
  problems: ['not-found', 'invalid-cursor'],
  permission: 'incidents:read',
  audit: { kind: 'none', because: 'a plain read of a record inside its own department' },
});

const origin = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('mail'),
    messageId: rowId,
    profile: z.string(),
    profileVersion: z.number().int().positive().optional(),
    /** Of the field, where the reader knows it; else of the whole page. */
    confidence: z.number().min(0).max(1),
  }),
  /** The version of the incident in which they said it. */
  z.strictObject({ by: z.literal('person'), version: z.number().int().positive() }),
]);

export const incidentProvenance = operation({
  name: 'core-records.incident.provenance',
  summary: 'Which mail or person each field of an incident comes from, and how surely it was read',
  http: { method: 'GET', path: '/v1/incidents/{id}/provenance', status: 200 },
  params,
  output: z.strictObject({
    id: rowId,
    version: z.number().int().positive(),
    /** In the order in which they count. */
    mails: z.array(
      z.strictObject({
        messageId: rowId,
        sourceId: rowId,
        sha256: sha256Hex,
        receivedAt: timestamp,
        kind: cadDraft.shape.kind,
        profile: z.string(),
        profileVersion: z.number().int().positive().optional(),
        confidence: z.number(),
        /** Where the raw mail is, for those who may read it. */
        raw: z.string(),
        /** False where the source discards later pages, and this is one. */
        counts: z.boolean(),
      }),
    ),
    /** Of a list the last one that added to it. */
    fields: z.partialRecord(incidentFields.keyof(), origin),
  }),
  problems: ['not-found'],
  permission: 'incidents:read',
  audit: { kind: 'none', because: 'a plain read of a record inside its own department' },
});

/**
 * What a page did. `discarded`: its source lets later pages change nothing. `repeated` is the answer
 * to a piece of work that was done before.
 */
export const proposalOutcome = z.enum(['created', 'updated', 'discarded', 'repeated']);

/**
 * What cad-ingest makes of a mail: a new incident, a change of one, or one that needs review.
 * Repeating it with the same `workId` gives the first answer and changes nothing; a later reading of
 * the same mail changes the incident that the mail is in.
 */
export const proposeIncident = operation({
  name: 'core-records.incident.propose',
  summary: 'Turn the draft of a dispatch mail into an incident',
  body: z.strictObject({
    /** Source, message id and SHA-256 of the raw mail, hashed, and which of its pages it is. */
    workId: sha256Hex,
    draft: cadDraft,
    /** Which reading of the mail it is. One that was not proposed yet takes the earlier one's place. */
    reading: z.number().int().positive().default(1),
    /** Of the source; absent: the one that fits most centres. */
    updates: updatePolicy.optional(),
    message: z.strictObject({
      id: rowId,
      sourceId: rowId,
      sha256: sha256Hex,
      receivedAt: timestamp,
    }),
  }),
  output: z.strictObject({
    incidentId: rowId,
    outcome: proposalOutcome,
    needsReview: z.boolean(),
  }),
  problems: ['ledger-behind', 'conflict'],
  permission: 'incidents:propose',
  audit: { kind: 'change', action: 'core-records.incident.proposed', object: 'incident' },
});

/** Whether the person for whom a service acts may see or change a record: asked before its files. */
export const authorizeRecord = operation({
  name: 'core-records.record.authorize',
  summary: 'Check a permission on a record for the person whom the caller acts for',
  body: z.strictObject({
    type: z.enum(['incident']),
    id: rowId,
    access: z.enum(['read', 'write']),
  }),
  output: z.strictObject({ version: z.number().int().positive() }),
  problems: ['not-found', 'conflict'],
  permission: 'records:authorize',
  audit: { kind: 'none', because: 'the operation that asks is the event' },
});

function hasSubstance(fields: IncidentFields): boolean {
  const { number, nature, code, address, placeName } = fields;
  return [number, nature, code, address, placeName, fields.coordinates].some(
    (value) => value !== undefined,
  );
}

function momentsOfStatuses<const Status extends string>(statuses: readonly Status[]) {
  const entries = statuses.map((status) => [status, timestamp.optional()]);
  // `fromEntries` forgets the keys, which are the statuses.
  return Object.fromEntries(entries) as { [Key in Status]: z.ZodOptional<typeof timestamp> };
}

/** Each field may also be `null`, which removes it. */
function nullable<Shape extends Record<string, z.ZodOptional<z.ZodType>>>(shape: Shape) {
  const entries = Object.entries(shape).map(([key, type]) => [key, type.unwrap().nullish()]);
  // `fromEntries` forgets which key had which type; the keys are the shape's own.
  return Object.fromEntries(entries) as {
    [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<ReturnType<Shape[Key]['unwrap']>>>;
  };
}
