import { z } from 'zod';
import { operation } from './operation.ts';
import { scopeNames } from './permissions.ts';
import { pageOf, pageQuery, rowId, shortText, timestamp } from './primitives.ts';

const scopes = z
  .array(z.enum(scopeNames))
  .min(1)
  .max(scopeNames.length)
  .refine((list) => new Set(list).size === list.length, { error: 'must not repeat a scope' });

const SUBMIT = 'cad-messages:submit';

/** An API key as it can be shown again: never the secret, of which only a hash is kept. */
export const apiKey = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes,
  /** The one CAD source that the key may submit messages for. */
  cadSource: rowId.optional(),
  createdBy: rowId,
  createdAt: timestamp,
  expiresAt: timestamp.optional(),
  lastUsedAt: timestamp.optional(),
  revokedAt: timestamp.optional(),
});
export type ApiKey = z.infer<typeof apiKey>;

export const createApiKey = operation({
  name: 'gateway.api-key.create',
  summary: 'Make an API key of this department; the key is shown only now',
  http: { method: 'POST', path: '/v1/api-keys', status: 201 },
  body: z
    .strictObject({
      name: shortText(80),
      scopes,
      /** With the scope `cad-messages:submit`, and only then: the source that the key speaks for. */
      cadSource: rowId.optional(),
      expiresAt: z.iso
        .datetime({ offset: true })
        .transform((value) => new Date(value).toISOString())
        .optional(),
    })
    .refine((body) => body.scopes.includes(SUBMIT) === (body.cadSource !== undefined), {
      path: ['cadSource'],
      error: `must name the source of a key with the scope ${SUBMIT}, and of no other key`,
    }),
  output: z.strictObject({ ...apiKey.shape, key: z.string() }),
  problems: ['conflict', 'ledger-behind'],
  permission: 'api-keys:manage',
  audit: { kind: 'change', action: 'gateway.api-key.created', object: 'api-key' },
});

export const listApiKeys = operation({
  name: 'gateway.api-key.list',
  summary: 'List API keys',
  http: { method: 'GET', path: '/v1/api-keys', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(apiKey),
  problems: ['invalid-cursor'],
  permission: 'api-keys:manage',
  audit: { kind: 'none', because: 'names of keys; no secret is readable' },
});

export const revokeApiKey = operation({
  name: 'gateway.api-key.revoke',
  summary: 'Revoke an API key; it is refused from the next request on',
  http: { method: 'DELETE', path: '/v1/api-keys/{id}', status: 200 },
  params: z.strictObject({ id: z.string().regex(/^[a-z0-9]{10,40}$/) }),
  output: apiKey,
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'api-keys:manage',
  audit: { kind: 'change', action: 'gateway.api-key.revoked', object: 'api-key' },
});
