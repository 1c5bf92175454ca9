import { z } from 'zod';
import type { Caller } from '#contracts/caller.ts';
import type { BusCall } from '#contracts/envelope.ts';
import type { Operation } from '#contracts/operation.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { canonicalHash } from './canonical.ts';
import { changeRows } from './expunging.ts';
import type { Change, Json, TenantTables } from './ports/tables.ts';
import { Problem } from './problem.ts';

/** A key may be used anew after this time. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
export const IDEMPOTENCY_KIND = 'idempotency';

const kept = z.strictObject({
  requestHash: z.string(),
  at: z.number(),
  body: z.unknown(),
  version: z.number().int().positive().optional(),
});

/** What a repeated request is known by. `earlierVersion` is of a row that has expired. */
export interface Remembered {
  readonly id: string;
  /** In whose tables. */
  readonly tenant: TenantId;
  readonly requestHash: string;
  readonly at: number;
  earlierVersion: number;
}

interface KeptAnswer {
  readonly body: unknown;
  readonly version?: number;
}

/** The key is the caller's own: two callers with the same key do not meet. */
export function idempotencyOf(
  operation: Operation,
  caller: Caller,
  { idempotencyKey, input }: BusCall,
  now: Date,
): Remembered | undefined {
  if (operation.idempotent !== true || idempotencyKey === undefined) return undefined;
  const { type, id } = caller.subject;
  return {
    id: canonicalHash([type, id, operation.name, idempotencyKey]),
    tenant: caller.tenant,
    // Parsed from JSON by the bus.
    requestHash: canonicalHash(JSON.parse(JSON.stringify(input)) as Json),
    at: now.getTime(),
    earlierVersion: 0,
  };
}

/** The first answer to this request; Problem `idempotency-key-reused` when it was another request. */
export async function recallAnswer(
  tables: TenantTables,
  remembered: Remembered,
): Promise<KeptAnswer | undefined> {
  const row = await tables.get({ kind: IDEMPOTENCY_KIND, id: remembered.id });
  if (row === undefined) return undefined;
  const { requestHash, at, body, version } = kept.parse(row.value);
  if (remembered.at - at > REMEMBERED_MS) {
    remembered.earlierVersion = row.version;
    return undefined;
  }
  if (requestHash !== remembered.requestHash) {
    throw new Problem('idempotency-key-reused', {
      detail: 'This Idempotency-Key came with another request before. Use a new one.',
    });
  }
  return { body, ...(version === undefined ? {} : { version }) };
}

/** Whether the answer in the row is past its time, so that its key may be used anew. */
export function isForgettable(value: Json, nowMs: number): boolean {
  return nowMs - kept.parse(value).at > REMEMBERED_MS;
}

/** The change that keeps the answer, to be written with the operation's own changes. */
export function keepAnswer(
  { id, requestHash, at, earlierVersion }: Remembered,
  { body, version }: KeptAnswer,
): Change {
  const value = {
    requestHash,
    at,
    body: body as Json,
    ...(version === undefined ? {} : { version }),
  };
  return { put: { kind: IDEMPOTENCY_KIND, id, value }, expect: earlierVersion };
}

/**
 * Forgets the answers that name one of the records, for good: what was asked is known by a hash that could be
 * guessed. Who repeats the request is told that the key is used, and nothing is done twice.
 */
export function forgetAnswers(tables: TenantTables, recordIds: readonly string[]): Promise<void> {
  const forgotten = { requestHash: 'expunged', body: null };
  return changeRows(tables, { kind: IDEMPOTENCY_KIND }, ({ kind, id, version, value }) => {
    const { body, at } = kept.parse(value);
    const text = JSON.stringify(body);
    if (!recordIds.some((each) => text.includes(each))) return undefined;
    return { put: { kind, id, value: { ...forgotten, at } }, expect: version };
  });
}
