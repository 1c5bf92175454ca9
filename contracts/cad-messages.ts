import { z } from 'zod';
import { cadDraft, cadFieldKey, cadKind } from './cad-fields.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, reason, rowId, sha256Hex, shortText, timestamp } from './primitives.ts';
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
  /** What it said was destroyed by order; that it came is still known. */
  'expunged',
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
  /** By what it was read, oldest first: the profile, and its version where it has one. */
  readings: z
    .array(
      z.strictObject({
        at: timestamp,
        kind: cadKind,
        profile: cadDraft.shape.profile,
        profileVersion: cadDraft.shape.profileVersion,
        confidence: cadDraft.shape.confidence,
      }),
    )
    .optional(),
  /** Why it failed or was rejected. */
  reason: z.string().optional(),
  tries: z.number().int().nonnegative(),
  /** Expungements that destroyed the raw mail: `/v1/ledger/expungements/{id}`. */
  expungedBy: z.array(rowId).optional(),
  /** Its raw bytes, subject and fields are gone: it was older than the department keeps its mail. */
  expired: z.strictObject({ at: timestamp, days: z.number().int().positive() }).optional(),
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
  problems: ['not-found', 'gone'],
  permission: 'cad-messages:read',
  audit: { kind: 'read', action: 'cad-ingest.message.raw-read', object: 'cad-message' },
});

/** Of a message that a vendor submits; bytes of mail that are longer come by SMTP. */
const SUBMITTED_CHARS_MAX = 250_000;

export const submitCadMessage = operation({
  name: 'cad-ingest.message.submit',
  summary: 'Submit a dispatch message with a key instead of by mail; the same id again is the same',
  http: {
    method: 'POST',
    path: '/v1/cad/messages',
    status: 202,
    acceptsBytes: { type: 'message/rfc822', field: 'raw' },
  },
  body: z
    .strictObject({
      /** A whole mail (RFC 5322), base64; its `Message-ID` is its id. */
      raw: z.base64().min(1).optional(),
      /** The vendor's own id of a message that is no mail. */
      id: shortText(200).optional(),
      subject: shortText(2_000).optional(),
      /** The page as text, or as HTML source. */
      body: z.string().max(SUBMITTED_CHARS_MAX).optional(),
      /** When the vendor had it; at most a week ago. Absent: now. */
      receivedAt: z.iso
        .datetime({ offset: true })
        .transform((value) => new Date(value).toISOString())
        .optional(),
      /** Needed from persons; a key is of one source. */
      sourceId: rowId.optional(),
    })
    .refine(({ raw, ...text }) => raw === undefined || !hasText(text), {
      path: ['raw'],
      error: 'must stand without id, subject and body: the mail has its own',
    })
    .refine(({ raw, id }) => raw !== undefined || id !== undefined, {
      path: ['id'],
      error: 'give the id by which a repeated message is known, or a whole mail as raw',
    })
    .refine(({ raw, subject = '', body = '' }) => raw !== undefined || subject + body !== '', {
      path: ['body'],
      error: 'give the text of the message as body, subject or both',
    }),
  output: cadMessage,
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'cad-messages:submit',
  audit: { kind: 'change', action: 'cad-ingest.message.received', object: 'cad-message' },
  versioned: true,
});

export const releaseCadMessage = operation({
  name: 'cad-ingest.message.release',
  summary: 'Trust a quarantined mail after all; it is processed now',
  http: { method: 'POST', path: '/v1/cad/messages/{id}/release', status: 202 },
  params,
  body: z.strictObject({ reason: reason.optional() }).optional(),
  output: cadMessage,
  problems: ['not-found', 'gone', 'conflict', 'version-mismatch', 'ledger-behind'],
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
  problems: ['not-found', 'gone', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-messages:decide',
  audit: { kind: 'change', action: 'cad-ingest.message.rejected', object: 'cad-message' },
  versioned: true,
});

const fieldDiff = z.strictObject({
  /** Of a mail with several calls the number of the call, from 1. */
  call: z.number().int().positive(),
  field: cadFieldKey,
  before: z.json().optional(),
  after: z.json().optional(),
});

export const replayCadMessage = operation({
  name: 'cad-ingest.message.replay',
  summary: 'Process a failed mail again, or read a processed one by what is active now',
  http: { method: 'POST', path: '/v1/cad/messages/{id}/replay', status: 202 },
  params,
  query: z.strictObject({
    /** Only answers what a reading now would say; nothing is changed. */
    dryRun: z.stringbool().optional(),
  }),
  output: cadMessage.extend({
    /** Of a dry run: what the mail was read as, and what it would be read as. */
    diff: z.array(fieldDiff).optional(),
  }),
  problems: ['not-found', 'gone', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-messages:decide',
  audit: { kind: 'change', action: 'cad-ingest.message.replayed', object: 'cad-message' },
  versioned: true,
});

function hasText({ id, subject, body }: Readonly<Record<string, string | undefined>>): boolean {
  return id !== undefined || subject !== undefined || body !== undefined;
}
