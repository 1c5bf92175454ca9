import { z } from 'zod';
import { auditObject } from './audit-event.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, person, reason, rowId, shortText, timestamp } from './primitives.ts';

/** What a hold can stop the deletion of. */
export const holdClasses = ['ledger', 'cadMail', 'files'] as const;
export const holdClass = z.enum(holdClasses);
export type HoldClass = z.infer<typeof holdClass>;

/** As entries name it: `incident`, `cad-message`, `file`. */
export const heldRecord = auditObject.pick({ type: true, id: true });

const scope = z.strictObject({
  classes: z
    .array(holdClass)
    .min(1)
    .max(holdClasses.length)
    .refine((classes) => new Set(classes).size === classes.length, {
      error: 'must name each class once',
    }),
  /** Absent: everything of the classes. */
  record: heldRecord.optional(),
});

const placed = {
  /** Of the order or the matter. */
  reference: shortText(200),
  reason,
  scope,
};

export const legalHold = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  status: z.enum(['on', 'released']),
  ...placed,
  placedBy: person,
  placedAt: timestamp,
  /** Absent until it is released. */
  releasedBy: person.optional(),
  releasedAt: timestamp.optional(),
  releaseReason: z.string().optional(),
});
export type LegalHold = z.infer<typeof legalHold>;

const params = z.strictObject({ id: rowId });

export const placeLegalHold = operation({
  name: 'core-records.legal-hold.place',
  summary: 'Stop the deletion of classes of data, or of one record in them, until it is released',
  http: { method: 'POST', path: '/v1/legal-holds', status: 201 },
  body: z.strictObject(placed),
  output: legalHold,
  problems: ['ledger-behind', 'conflict', 'idempotency-key-reused'],
  permission: 'legal-holds:manage',
  audit: { kind: 'change', action: 'core-records.legal-hold.placed', object: 'legal-hold' },
  idempotent: true,
  versioned: true,
});

export const releaseLegalHold = operation({
  name: 'core-records.legal-hold.release',
  summary: 'Release a hold, which another person has placed; doing it again changes nothing',
  http: { method: 'POST', path: '/v1/legal-holds/{id}/release', status: 200 },
  params,
  body: z.strictObject({ reason }),
  output: legalHold,
  problems: ['not-found', 'version-mismatch', 'conflict', 'ledger-behind'],
  permission: 'legal-holds:manage',
  audit: { kind: 'change', action: 'core-records.legal-hold.released', object: 'legal-hold' },
  versioned: true,
});

export const readLegalHold = operation({
  name: 'core-records.legal-hold.read',
  summary: 'Read a legal hold',
  http: { method: 'GET', path: '/v1/legal-holds/{id}', status: 200 },
  params,
  output: legalHold,
  problems: ['not-found'],
  permission: 'legal-holds:read',
  audit: { kind: 'none', because: 'names a matter and its scope, and no content of records' },
  versioned: true,
});

export const listLegalHolds = operation({
  name: 'core-records.legal-hold.list',
  summary: 'List legal holds, newest first',
  http: { method: 'GET', path: '/v1/legal-holds', status: 200 },
  query: z.strictObject({ ...pageQuery, status: z.enum(['on', 'released']).optional() }),
  output: pageOf(legalHold),
  problems: ['invalid-cursor'],
  permission: 'legal-holds:read',
  audit: { kind: 'none', because: 'names matters and their scopes, and no content of records' },
});
