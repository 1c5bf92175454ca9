import { z } from 'zod';
import { operation } from './operation.ts';
import {
  pageOf,
  pageQuery,
  person,
  reason,
  rowId,
  sha256Hex,
  shortText,
  timestamp,
} from './primitives.ts';

/** A request that nobody has approved by then can be approved no more. */
export const PURGE_REQUEST_DAYS = 7;

const seq = z.number().int().nonnegative();

/** Entries of a prefix, both ends included. */
const range = z.strictObject({
  first: seq,
  last: seq,
  count: z.number().int().positive(),
});

/** Why no more than that can be removed now. */
export const purgeLimits = [
  'no-window',
  'held',
  'too-young',
  'not-published',
  'newest-page',
  'no-whole-blocks',
  'one-purge',
] as const;

export const ledgerRetention = z.strictObject({
  /** Entries before this one were removed. */
  firstKept: seq,
  size: seq,
  /** In force for the ledger; absent: it is kept for ever. */
  window: z.strictObject({ days: z.number().int() }).optional(),
  /** Legal holds that stop every purge. */
  holds: z.array(rowId),
  /** What a purge could remove now; absent: nothing. */
  purgeable: range.optional(),
  limit: z.strictObject({ code: z.enum(purgeLimits), detail: z.string() }),
});
export type LedgerRetention = z.infer<typeof ledgerRetention>;

export const purge = z.strictObject({
  id: rowId,
  /** `removing`: the chain says so, and the removal is under way or stopped by a hold. */
  status: z.enum(['requested', 'expired', 'removing', 'done']),
  /** Of the records schedule or the order by which it is done. */
  reference: z.string(),
  reason: z.string(),
  range,
  /** `recordedAt` of the first and the last entry. */
  from: timestamp,
  to: timestamp,
  /** Of the entries, without what the store needs around them. */
  entriesBytes: z.number().int().nonnegative(),
  /** The tree behind the range. */
  root: sha256Hex,
  /** Written to the write-once place and verified by reading it back. */
  archive: z.strictObject({
    key: z.string(),
    sha256: sha256Hex,
    sizeBytes: z.number().int().positive(),
    /** Entries of the signed checkpoint that proves it, and the key that verifies that. */
    checkpointSize: seq,
    verifierKey: z.string(),
  }),
  requestedBy: person,
  requestedAt: timestamp,
  expiresAt: timestamp,
  /** Absent until it is approved. */
  approvedBy: person.optional(),
  approvedAt: timestamp.optional(),
  /** The entry that says so. */
  seq: seq.optional(),
  doneAt: timestamp.optional(),
});
export type Purge = z.infer<typeof purge>;

const params = z.strictObject({ id: rowId });

export const readLedgerRetention = operation({
  name: 'ledger.retention.read',
  summary: 'First entry kept, what a purge could remove now, and why not more',
  http: { method: 'GET', path: '/v1/ledger/retention', status: 200 },
  output: ledgerRetention,
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'numbers of entries; none is readable from them' },
});

export const requestPurge = operation({
  name: 'ledger.purge.request',
  summary: 'Preview and archive the oldest entries; they stay until another person has approved',
  http: { method: 'POST', path: '/v1/ledger/purges', status: 201 },
  /** Both stand in the chain for ever; the reference in plain. */
  body: z.strictObject({ reference: shortText(200), reason }),
  output: purge,
  problems: ['conflict', 'ledger-behind', 'idempotency-key-reused'],
  permission: 'ledger:purge',
  audit: { kind: 'change', action: 'ledger.purge.requested', object: 'ledger-purge' },
  idempotent: true,
});

export const approvePurge = operation({
  name: 'ledger.purge.approve',
  summary:
    'Remove the archived entries for good; every proof stays. Doing it again changes nothing',
  http: { method: 'POST', path: '/v1/ledger/purges/{id}/approve', status: 200 },
  params,
  output: purge,
  problems: ['not-found', 'gone', 'conflict', 'ledger-behind'],
  permission: 'ledger:approve-purge',
  audit: { kind: 'change', action: 'ledger.log.purged', object: 'ledger-purge' },
});

export const readPurge = operation({
  name: 'ledger.purge.read',
  summary: 'Read a purge',
  http: { method: 'GET', path: '/v1/ledger/purges/{id}', status: 200 },
  params,
  output: purge,
  problems: ['not-found'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'numbers and hashes; no entry is readable from them' },
});

export const listPurges = operation({
  name: 'ledger.purge.list',
  summary: 'List purges, newest first',
  http: { method: 'GET', path: '/v1/ledger/purges', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(purge),
  problems: ['invalid-cursor'],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'numbers and hashes; no entry is readable from them' },
});

export const signPurgeArchive = operation({
  name: 'ledger.purge.sign-url',
  summary: 'A signed URL from which the archive of a purge can be fetched for five minutes',
  http: { method: 'GET', path: '/v1/ledger/purges/{id}/url', status: 200 },
  params,
  output: z.strictObject({ url: z.string(), expiresAt: timestamp }),
  problems: ['not-found', 'ledger-behind'],
  permission: 'ledger:export',
  audit: { kind: 'read', action: 'ledger.purge.fetched', object: 'ledger-purge' },
});
