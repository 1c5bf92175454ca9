import { z } from 'zod';
import { cadDraft } from './cad-fields.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, reason, rowId, sha256Hex, timestamp } from './primitives.ts';
import { proposalOutcome } from './records/incident.ts';

export const messageStatus = z.enum([
  /** Kept and waiting for its turn. */
  'received',
  /** Not trusted: nothing is made of it until a person releases or rejects it. */
  'quarantined',
  'rejected',
  /** An incident was made or changed. */
  'processed',
  /** Ended after its last try; the raw mail is kept and can be replayed. */
  'failed',
]);

/** One call of a mail, and the incident that it became. */
const cadPage = z.strictObject({
  draft: cadDraft,
  incidentId: rowId,
  outcome: proposalOutcome,
});

/** One mail as it came in. The raw bytes are kept beside it, unchanged. */
export const cadMessage = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  sourceId: rowId,
  status: messageStatus,
  receivedAt: timestamp,
  sizeBytes: z.number().int().nonnegative(),
  sha256: sha256Hex,
  /** The one `From` address of the header, where the header has exactly one. */
  from: z.string().optional(),
  subject: z.string().optional(),
  /** The `Message-ID` header, where there is one. */
  messageId: z.string().optional(),
  /** What vouched for the sender, or did not. */
  trust: z.strictObject({
    verdict: z.enum(['trusted', 'untrusted']),
    reasons: z.array(z.string()),
  }),
  draft: cadDraft.optional(),
  incidentId: rowId.optional(),
  outcome: proposalOutcome.optional(),
  /** Of a mail with several calls all of them, in its order; the fields above are those of the first. */
  pages: z.array(cadPage).optional(),
  /** Why it failed or was rejected. */
  reason: z.string().optional(),
  tries: z.number().int().nonnegative(),
});
export type CadMessage = z.infer<typeof cadMessage>;

const params = z.strictObject({ id: rowId });

export const listCadMessages = operation({
  name: 'cad-ingest.message.list',
  summary: 'List received mails, newest first',
  http: { method: 'GET', path: '/v1/cad/messages', status: 200 },
  query: z.strictObject({
    ...pageQuery,
    status: messageStatus.optional(),
    sourceId: rowId.optional(),
  }),
  output: pageOf(cadMessage),
  problems: ['invalid-cursor'],
  permission: 'cad-messages:read',
  audit: {
    kind: 'none',
    because: 'a plain read inside its own department; the raw mail is audited',
  },
});

export const readCadMessage = operation({
  name: 'cad-ingest.message.read',
  summary: 'Read what is known of a received mail',
  http: { method: 'GET', path: '/v1/cad/messages/{id}', status: 200 },
  params,
  output: cadMessage,
  problems: ['not-found'],
  permission: 'cad-messages:read',
  audit: {
    kind: 'none',
    because: 'a plain read inside its own department; the raw mail is audited',
  },
  versioned: true,
});

export const readRawCadMessage = operation({
  name: 'cad-ingest.message.read-raw',
  summary: 'The raw mail, by redirection to a signed URL of at most five minutes',
  http: { method: 'GET', path: '/v1/cad/messages/{id}/raw', status: 303 },
  params,
  output: z.strictObject({ url: z.string(), expiresAt: timestamp }),
  problems: ['not-found'],
  permission: 'cad-messages:read',
  audit: { kind: 'read', action: 'cad-ingest.message.raw-read', object: 'cad-message' },
});

export const releaseCadMessage = operation({
  name: 'cad-ingest.message.release',
  summary: 'Trust a quarantined mail after all; it is processed now',
  http: { method: 'POST', path: '/v1/cad/messages/{id}/release', status: 202 },
  params,
  body: z.strictObject({ reason: reason.optional() }).optional(),
  output: cadMessage,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-messages:decide',
  audit: { kind: 'change', action: 'cad-ingest.message.released', object: 'cad-message' },
  versioned: true,
});

export const rejectCadMessage = operation({
  name: 'cad-ingest.message.reject',
  summary: 'Keep a quarantined mail out for good; its raw bytes stay',
  http: { method: 'POST', path: '/v1/cad/messages/{id}/reject', status: 200 },
  params,
  body: z.strictObject({ reason: reason.optional() }).optional(),
  output: cadMessage,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-messages:decide',
  audit: { kind: 'change', action: 'cad-ingest.message.rejected', object: 'cad-message' },
  versioned: true,
});

export const replayCadMessage = operation({
  name: 'cad-ingest.message.replay',
  summary: 'Process a failed mail again',
  http: { method: 'POST', path: '/v1/cad/messages/{id}/replay', status: 202 },
  params,
  output: cadMessage,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-messages:decide',
  audit: { kind: 'change', action: 'cad-ingest.message.replayed', object: 'cad-message' },
  versioned: true,
});
