import { z } from 'zod';
import { permissionNames, roles } from './permissions.ts';
import { rowId, tenantId } from './primitives.ts';

/** The processes of the product; also the audiences and issuers of caller contexts. */
export const serviceNames = ['gateway', 'core-records', 'files', 'ledger', 'cad-ingest'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Who acts. `id` of a user or key is a row id, of a service its name, of nobody `anonymous`. */
export const subject = z.strictObject({
  type: z.enum(['user', 'key', 'service', 'anonymous']),
  id: z.string().min(1).max(64),
  name: z.string().max(120).optional(),
});

/**
 * Who asks, as the gateway found out, or a service on its own behalf. Travels as an Ed25519 JWS of
 * 30 seconds with every bus request; the tenant in here is the only one that a handler ever sees.
 */
export const caller = z.strictObject({
  tenant: tenantId,
  /** IANA name of the tenant's zone; it was checked when the tenant was made. */
  timeZone: z.string().min(1).max(64),
  subject,
  roles: z.array(z.enum(roles)).max(roles.length),
  /** Of API keys, and of reviewers from elsewhere: nothing but these, whatever the roles say. */
  scopes: z.array(z.enum(permissionNames)).optional(),
  /** Of a key that submits messages: the one source that it may do so for. */
  cadSource: rowId.optional(),
  session: z.string().max(64).optional(),
  requestId: z.string().min(1).max(64),
  address: z.string().max(64).optional(),
  agent: z.string().max(256).optional(),
});
export type CallerClaims = z.infer<typeof caller>;

/** A verified caller, as handlers see it. */
export type Caller = CallerClaims & {
  /**
   * Set by the guard, never sent as such: the person or key for whom a service acts, proved by the
   * context that this service itself was called with.
   */
  readonly actingFor?: Caller | undefined;
};
