import { z } from 'zod';
import { EVENT_CHANGES_MAX } from './limits.ts';
import { rowId, tenantId, timestamp } from './primitives.ts';

/** Who did it (CE24): also through whom, from where, in which session. */
export const actor = z.strictObject({
  type: z.enum(['user', 'key', 'service', 'anonymous']),
  id: z.string().min(1).max(64),
  name: z.string().max(120).optional(),
  /** The service that acted for the actor, where it was not the actor's own request. */
  via: z.string().max(64).optional(),
  address: z.string().max(64).optional(),
  agent: z.string().max(256).optional(),
  session: z.string().max(64).optional(),
});
export type Actor = z.infer<typeof actor>;

export const auditObject = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
  id: z.string().min(1).max(128),
  version: z.number().int().positive().optional(),
});

/**
 * One fact for the ledger, made in the same transaction as the change it tells of. Its id makes
 * the append exactly-once; sending it again with the same content is safe for ever.
 *
 * `disclosures` are RFC 9901 disclosures, base64url of `[salt, name, value]`: the ledger's entry
 * holds only their SHA-256 digests. There is always one at least, which gives each entry the 128
 * bits of secret entropy without which its public leaf hash could be guessed.
 */
export const auditEvent = z.strictObject({
  id: rowId,
  tenant: tenantId,
  at: timestamp,
  actor,
  /** `service.resource.past-participle`. */
  action: z.string().regex(/^[a-z-]+\.[a-z-]+\.[a-z-]+$/),
  object: auditObject,
  outcome: z.enum(['success', 'refused', 'failure']),
  reason: z.string().max(1_000).optional(),
  requestId: z.string().min(1).max(64),
  disclosures: z
    .array(z.string().regex(/^[A-Za-z0-9_-]+$/))
    .min(1)
    .max(EVENT_CHANGES_MAX),
});
export type AuditEvent = z.infer<typeof auditEvent>;
