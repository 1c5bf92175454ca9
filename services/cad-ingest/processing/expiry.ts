/**
 * Raw mails expire when their department's window is over.
 *
 * 1. core-records is asked for the window in force and the holds. No answer: nothing is deleted.
 * 2. The oldest mails that still have their bytes are looked at, up to the bound of the window.
 * 3. One transaction: the row says `expired` and loses what the mail said, the event, and a note that
 *    the bytes are to go. From here on nobody is led to them any more.
 * 4. core-records is asked again. While a hold is on that names the mail, or all, the note stays.
 * 5. The bytes are removed, unless another mail that has not expired has the same; then the note goes.
 *
 * A crash after 3 or 5 leaves the note: the next round, here or in another process, goes on at 4. Each
 * step may be done twice. Two processes write the same row with the same expected version: one does.
 */
import { z } from 'zod';
import { PLATFORM_TENANT, sha256Hex, type TenantId } from '#contracts/primitives.ts';
import { askRetention } from '#contracts/retention.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import { repeatRounds } from '#shared/rounds.ts';
import {
  getMessage,
  INDEX_KIND,
  KEPT_PREFIX,
  messageChanges,
  rawKeyOf,
  rawPrefixOf,
  type StoredMessage,
} from '../message.ts';
import { expiredRow, expiryBound, isHeld, mayExpire, type Retained } from './expired.ts';
import { idsOf, TENANT_KIND } from './tenants.ts';

/** Note that the bytes of a mail are to go: id is the message's. */
const EXPIRING_KIND = 'cad-expiring';
const EXPIRY_EVERY_MS = 60 * 60_000;
/** Mails of one department in one round; the rest waits for the next one. */
const EXPIRED_AT_A_TIME_MAX = 1_000;
/** Mails that share their bytes: the same mail to several sources. */
const SHARING_MAX = 100;

const note = z.strictObject({ sha256: sha256Hex });

export interface ExpiryParts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly client: Client;
  readonly relay: Relay;
  readonly log: Log;
  readonly clock: () => number;
}

/** A round now and every hour, until it is disposed. */
export function openExpiry(parts: ExpiryParts): AsyncDisposable {
  const stopping = new AbortController();
  const { log } = parts;
  const round = () => expireAll(parts, stopping.signal);
  const running = repeatRounds({
    signal: stopping.signal,
    intervalMs: EXPIRY_EVERY_MS,
    log,
    round,
  });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** One round over all departments. What fails for one of them does not keep back the others. */
export async function expireAll(parts: ExpiryParts, signal?: AbortSignal): Promise<void> {
  const platform = parts.tables.forTenant(PLATFORM_TENANT);
  for await (const tenant of idsOf(platform, { kind: TENANT_KIND, prefix: '' })) {
    if (signal?.aborted) return;
    await expireOf(parts, tenant).catch((error: unknown) => {
      parts.log.warn({ tenant, err: error }, 'mails of a department could not expire');
    });
  }
}

async function expireOf(parts: ExpiryParts, tenant: TenantId): Promise<void> {
  const tables = parts.tables.forTenant(tenant);
  // What an earlier round has left behind comes first.
  for await (const id of idsOf(tables, { kind: EXPIRING_KIND, prefix: '' })) {
    await removeBytes(parts, tenant, id);
  }
  const retained = await ask(parts, tenant);
  const bound = expiryBound(retained, parts.clock());
  if (bound === undefined) return;
  let count = 0;
  for await (const id of idsOf(tables, { kind: INDEX_KIND, prefix: KEPT_PREFIX })) {
    const message = await getMessage(tables, id);
    // Ids are in the order of receipt: the others are younger.
    if (message === undefined || message.value.receivedAt >= bound) break;
    if (!mayExpire(message, retained, parts.clock())) continue;
    if (await markExpired(parts, tenant, { message, retained })) {
      await removeBytes(parts, tenant, id);
      count += 1;
    }
    if (count === EXPIRED_AT_A_TIME_MAX) break;
  }
  if (count > 0) parts.log.info({ tenant, count }, 'mails expired');
}

async function ask({ client }: ExpiryParts, tenant: TenantId): Promise<Retained> {
  const caller = jobCaller('cad-ingest', { tenant });
  return (await client.call(askRetention, { body: { class: 'cadMail' } }, caller)).body;
}

/** `false` when somebody else was at the row; then it is for a later round. */
async function markExpired(
  parts: ExpiryParts,
  tenant: TenantId,
  { message, retained }: { readonly message: StoredMessage; readonly retained: Retained },
): Promise<boolean> {
  parts.relay.assertRoom();
  const { id, value: before } = message;
  const now = new Date(parts.clock());
  const days = retained.window?.days ?? 0;
  const value = expiredRow(before, days, now.toISOString());
  const { sha256, sizeBytes, status } = before;
  const event = auditEventOf({
    caller: jobCaller('cad-ingest', { tenant }),
    action: 'cad-ingest.message.expired',
    object: { type: 'cad-message', id, version: message.version + 1 },
    reason: `older than ${days} days`,
    changes: changesBetween({ sha256, sizeBytes, status }, {}),
    now,
  });
  const changes = messageChanges(id, value, message);
  const noted = { put: { kind: EXPIRING_KIND, id, value: { sha256 } }, expect: 0 };
  const tables = parts.tables.forTenant(tenant);
  const result = await tables.write({ changes: [...changes, noted], events: [event] });
  if (result.ok) parts.relay.kick([event]);
  return result.ok;
}

async function removeBytes(parts: ExpiryParts, tenant: TenantId, id: string): Promise<void> {
  const tables = parts.tables.forTenant(tenant);
  const row = await tables.get({ kind: EXPIRING_KIND, id });
  const message = await getMessage(tables, id);
  if (row === undefined || message === undefined) return;
  if (isHeld(message, await ask(parts, tenant))) return;
  const { sha256 } = note.parse(row.value);
  if (!(await isShared(tables, sha256))) await parts.blobs.remove(rawKeyOf(tenant, sha256));
  await tables.write({
    // Lost to another process that has removed them as well.
    changes: [{ remove: { kind: EXPIRING_KIND, id }, expect: row.version }],
    events: [],
    unaudited: 'a note for the next round; that the mail expired is an event',
  });
}

/** Whether a mail that has not expired has the same bytes. */
async function isShared(tables: TenantTables, sha256: string): Promise<boolean> {
  const prefix = rawPrefixOf(sha256);
  const rows = await tables.list({ kind: INDEX_KIND, prefix, limit: SHARING_MAX });
  for (const row of rows) {
    const other = await getMessage(tables, row.id.slice(prefix.length));
    if (other !== undefined && other.value.expired === undefined) return true;
  }
  return rows.length === SHARING_MAX;
}
