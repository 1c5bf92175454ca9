/**
 * What the ledger asks of the other services once an expungement stands in the chain: destroy what
 * you hold of it. Each can be asked any number of times, and answers the same once it is done.
 */
import { z } from 'zod';
import { auditObject } from './audit-event.ts';
import { operation } from './operation.ts';
import { rowId } from './primitives.ts';

/** Mails named in one question; the ledger asks again with the next ones. */
export const EXPUNGED_MESSAGES_MAX = 100;

/** Names of fields, as events name them. They are not secret; their values are. */
export const fieldNames = z
  .array(z.string().min(1).max(200))
  .min(1)
  .max(50)
  .refine((names) => new Set(names).size === names.length, { error: 'names a field twice' });

/**
 * `waiting`: nothing can be read here any more, but events that still hold values wait in the outbox
 * for the ledger. `done`: no file of the service has any of the values.
 */
export const expungingState = z.enum(['waiting', 'done']);

const expungement = rowId;
const record = auditObject.pick({ type: true, id: true });

export const expungeRecord = operation({
  name: 'core-records.record.expunge',
  summary: 'Destroy what a record says, in every version, or what it says in some fields',
  body: z.strictObject({ expungement, record, fields: fieldNames.optional() }),
  output: z.strictObject({
    state: expungingState,
    /** False when there is no such record here, and none of this kind is kept. */
    isKept: z.boolean(),
    /** Mails that made or changed the record. */
    messageIds: z.array(rowId),
  }),
  problems: ['ledger-behind', 'conflict'],
  permission: 'records:expunge',
  audit: { kind: 'change', action: 'core-records.record.expunged', object: 'record' },
});

export const expungeFiles = operation({
  name: 'files.file.expunge',
  summary: 'Destroy bytes and names of the files of a record; it takes no more',
  body: z.strictObject({ expungement, record }),
  output: z.strictObject({ state: expungingState, fileIds: z.array(rowId) }),
  problems: ['ledger-behind', 'conflict'],
  permission: 'records:expunge',
  audit: { kind: 'change', action: 'files.file.expunged', object: 'file' },
});

export const expungeMessages = operation({
  name: 'cad-ingest.message.expunge',
  summary: 'Destroy raw bytes and content of dispatch mails; hash, size and verdict stay',
  body: z.strictObject({
    expungement,
    messageIds: z.array(rowId).min(1).max(EXPUNGED_MESSAGES_MAX),
    /** Of the draft; the raw mail has all of them and goes in any case. */
    fields: fieldNames.optional(),
  }),
  output: z.strictObject({ state: expungingState }),
  problems: ['ledger-behind', 'conflict'],
  permission: 'records:expunge',
  audit: { kind: 'change', action: 'cad-ingest.message.expunged', object: 'cad-message' },
});

/**
 * What an expungement would reach, asked before one is approved: a legal hold on any of it stops the
 * order. Nothing is changed.
 */
const asked = {
  problems: [],
  permission: 'records:expunge',
  audit: { kind: 'none', because: 'the approval that follows, or its refusal, is an event' },
} as const;

export const reachOfRecord = operation({
  name: 'core-records.record.reach',
  summary: 'Tell which mails an expungement of the record would take with it',
  body: z.strictObject({ record }),
  output: z.strictObject({ messageIds: z.array(rowId) }),
  ...asked,
});

export const reachOfFiles = operation({
  name: 'files.file.reach',
  summary: 'Tell which files an expungement of the record would destroy, and whose they are',
  body: z.strictObject({ record }),
  output: z.strictObject({ objects: z.array(record) }),
  ...asked,
});

export const reachOfMessages = operation({
  name: 'cad-ingest.message.reach',
  summary: 'Tell of mails that would be destroyed which sources and incidents they are of',
  body: z.strictObject({ messageIds: z.array(rowId).min(1).max(EXPUNGED_MESSAGES_MAX) }),
  output: z.strictObject({ objects: z.array(record) }),
  ...asked,
});
