import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { type ApiKey, createApiKey, listApiKeys, revokeApiKey } from '#contracts/api-keys.ts';
import { readCadSource } from '#contracts/cad-sources.ts';
import { permits } from '#contracts/permissions.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage } from '#shared/pages.ts';
import type { Row } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { API_KEY_SECRET_BYTES, newApiKey } from './api-key-token.ts';
import { type HandlerParts, record } from './handler-parts.ts';
import { type ApiKeyRow, addToDirectory, getRow, putRow, rowOf, type Stored } from './rows.ts';

export function apiKeyHandlings(parts: HandlerParts): readonly Handling[] {
  return [
    handle(createApiKey, async (call) => {
      await assertMayMake(parts, call);
      assertExpiresLater(call);
      await assertSource(parts, call);
      return retryOnRace(() => make(call));
    }),
    handle(listApiKeys, async ({ operation, query, tables }) => {
      const itemOf = async (row: Row) => apiKeyOf(rowOf('api-key', row));
      const rows = { kind: 'api-key' };
      return { body: await listPage({ operation: operation.name, query, tables, rows, itemOf }) };
    }),
    handle(revokeApiKey, (call) => retryOnRace(() => revoke(call))),
  ];
}

async function make(call: Call<typeof createApiKey>): Promise<Committed<typeof createApiKey>> {
  const { caller, body, now } = call;
  // A UUIDv7 without hyphens: keys list in the order in which they were made.
  const id = randomUUIDv7().replaceAll('-', '');
  const { key, secretHash } = newApiKey(id, randomBytes(API_KEY_SECRET_BYTES));
  const shown = {
    name: body.name,
    scopes: body.scopes,
    ...(body.cadSource === undefined ? {} : { cadSource: body.cadSource }),
    createdBy: caller.subject.id,
    createdAt: now.toISOString(),
    ...(body.expiresAt === undefined ? {} : { expiresAt: body.expiresAt }),
  };
  return call.commit({
    changes: [putRow('api-key', id, { ...shown, secretHash }, 0)],
    directory: [addToDirectory({ kind: 'api-key', id }, caller.tenant, id)],
    events: [call.event({ object: { type: 'api-key', id }, changes: changesBetween({}, shown) })],
    reply: { body: { id, ...shown, key } },
  });
}

async function revoke(call: Call<typeof revokeApiKey>): Promise<Committed<typeof revokeApiKey>> {
  const { tables, params, now } = call;
  const key = await getRow(tables, 'api-key', params.id);
  if (key === undefined) throw new Problem('not-found');
  if (key.value.revokedAt !== undefined) {
    throw new Problem('conflict', { detail: 'The key is revoked already.' });
  }
  const value = { ...key.value, revokedAt: now.toISOString() };
  return call.commit({
    changes: [putRow('api-key', key.id, value, key.version)],
    events: [call.event({ object: { type: 'api-key', id: key.id } })],
    reply: { body: apiKeyOf({ ...key, value }) },
  });
}

/**
 * A key carries nothing that its maker does not hold, and is made by a person: a key that could
 * make keys would outlive its own end and its own revocation. Both tries are events.
 */
async function assertMayMake(
  parts: HandlerParts,
  { caller, body, event }: Call<typeof createApiKey>,
): Promise<void> {
  const beyond = body.scopes.flatMap((scope, at) =>
    permits(caller, scope)
      ? []
      : [{ pointer: `#/body/scopes/${at}`, detail: 'is not a permission that you hold' }],
  );
  const isPerson = caller.subject.type === 'user';
  if (isPerson && beyond.length === 0) return;
  const detail = isPerson
    ? 'A key can carry only permissions that its maker holds.'
    : 'A key cannot make keys. Sign in and make it as yourself.';
  const refusal = event({
    action: 'gateway.operation.refused',
    object: { type: 'operation', id: createApiKey.name },
    outcome: 'refused',
    reason: isPerson ? 'scopes beyond those of the maker' : 'made by a key',
  });
  await record(parts, caller.tenant, { changes: [], events: [refusal] });
  throw new Problem('forbidden', { detail, ...(beyond.length > 0 && { errors: beyond }) });
}

function assertExpiresLater({ body, now }: Call<typeof createApiKey>): void {
  if (body.expiresAt === undefined || Date.parse(body.expiresAt) > now.getTime()) return;
  throw new Problem('validation', {
    detail: 'Mend #/body/expiresAt and send it again.',
    errors: [{ pointer: '#/body/expiresAt', detail: 'must be in the future' }],
  });
}

/**
 * The keeper of the sources is asked, in the name of who makes the key. Without its answer there is
 * no key: it might be of nothing.
 */
async function assertSource(
  { client }: HandlerParts,
  { caller, body, traceparent }: Call<typeof createApiKey>,
): Promise<void> {
  const { cadSource: id } = body;
  if (id === undefined) return;
  try {
    await client.call(readCadSource, { params: { id } }, caller, { traceparent });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not-found') throw error;
    throw new Problem('validation', {
      detail: 'Mend #/body/cadSource and send it again.',
      errors: [{ pointer: '#/body/cadSource', detail: 'is no CAD source of this department' }],
    });
  }
}

/** Everything of a key but its secret's hash. */
function apiKeyOf({ id, value }: Stored<ApiKeyRow>): ApiKey {
  const { secretHash: _kept, ...shown } = value;
  return { id, ...shown, scopes: [...shown.scopes] };
}
