import { z } from 'zod';
import { auditObject } from './audit-event.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, person, reason, rowId, shortText, timestamp } from './primitives.ts';
import { fieldNames } from './record-expungements.ts';

/** A request that nobody has approved by then can be approved no more. */
export const EXPUNGEMENT_REQUEST_DAYS = 7;

/** One record, or some of its fields. */
const record = z.strictObject({
  /** As entries name it: `incident`. What tells of expungements stays. */
  objectType: auditObject.shape.type.refine((type) => type !== 'expungement', {
    error: 'must not be an expungement: what says why values are gone stays',
  }),
  objectId: auditObject.shape.id,
});
const scope = record.extend({
  /** Names of fields, as its entries disclose them; absent: all of them. */
  fields: fieldNames.optional(),
});

/** Stands in the chain for ever, in plain. It names the order, and never what is to be forgotten. */
const order = shortText(200);

/** `done`: no file of the service has any of the values. */
const serviceState = z.enum(['pending', 'done']);

export const expungement = z.strictObject({
  id: rowId,
  status: z.enum(['requested', 'expired', 'done']),
  scope,
  order,
  reason,
  requestedBy: person,
  requestedAt: timestamp,
  expiresAt: timestamp,
  /** Absent until it is done. */
  approvedBy: person.optional(),
  doneAt: timestamp.optional(),
  /** The entry that says so. */
  seq: z.number().int().nonnegative().optional(),
  /**
   * From then on: how far the services are that hold the record, its files and its mails. One that
   * is down delays it.
   */
  services: z
    .strictObject({ 'core-records': serviceState, files: serviceState, 'cad-ingest': serviceState })
    .optional(),
  /** Entries about what was on its way to the ledger, and about the files of the record. */
  followUps: z
    .array(z.strictObject({ ...record.shape, seq: z.number().int().nonnegative() }))
    .optional(),
  /** When nothing held any of the values any more. */
  completedAt: timestamp.optional(),
});
export type Expungement = z.infer<typeof expungement>;

const params = z.strictObject({ id: rowId });

export const requestExpungement = operation({
  name: 'ledger.expungement.request',
  summary: 'Ask that the values of a record be destroyed; another person has to approve',
  http: { method: 'POST', path: '/v1/ledger/expungements', status: 201 },
  body: z.strictObject({ scope, order, reason }),
  output: expungement,
  problems: ['not-found', 'ledger-behind', 'conflict', 'idempotency-key-reused'],
  permission: 'ledger:expunge',
  audit: { kind: 'change', action: 'ledger.expungement.requested', object: 'expungement' },
  idempotent: true,
});

export const approveExpungement = operation({
  name: 'ledger.expungement.approve',
  summary:
    'Destroy what the ledger holds for good, and have the services destroy the rest; doing it again changes nothing',
  http: { method: 'POST', path: '/v1/ledger/expungements/{id}/approve', status: 200 },
  params,
  output: expungement,
  problems: ['not-found', 'gone', 'conflict', 'ledger-behind'],
  permission: 'ledger:approve-expungement',
  audit: { kind: 'change', action: 'ledger.record.expunged', object: 'record' },
});

export const readExpungement = operation({
  name: 'ledger.expungement.read',
  summary: 'Read an expungement',
  http: { method: 'GET', path: '/v1/ledger/expungements/{id}', status: 200 },
  params,
  output: expungement,
  problems: ['not-found'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'names a record and an order, and no value' },
});

export const listExpungements = operation({
  name: 'ledger.expungement.list',
  summary: 'List expungements, newest first',
  http: { method: 'GET', path: '/v1/ledger/expungements', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(expungement),
  problems: ['invalid-cursor'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'names records and orders, and no value' },
});
