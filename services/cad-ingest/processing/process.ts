/**
 * From a kept mail to an incident.
 *
 * 1. The row says whether there is anything to do: a second delivery of the same work ends here.
 * 2. The raw bytes are fetched and must have the hash that the row names.
 * 3. A thread takes them apart and reads them (reader.ts). What cannot be read becomes a draft
 *    without fields: an incident that a person must review, never a lost call.
 * 4. core-records is asked to make or change an incident. It answers the same for the same work id,
 *    so that a crash behind this step does it again and changes nothing.
 * 5. One transaction: the row with draft and incident, the audit event.
 */
import { hash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { CadDraft } from '#contracts/cad-fields.ts';
import { proposeIncident } from '#contracts/records/incident.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import {
  getMessage,
  type MessageRow,
  messageChanges,
  rawKeyOf,
  type StoredMessage,
} from '../message.ts';
import { SOURCE_KIND, sourceRow } from '../source.ts';
import type { Reader } from './reader.ts';
import { afterFailure, isLastReading, isToBeRead } from './tries.ts';
import type { Work } from './work.ts';

/** Races for a row are lost to a person or to the sweep, now and then. */
const RACE_TRIES_MAX = 5;

/** What is proposed for a mail that nobody could read. */
const UNREAD: CadDraft = { kind: 'other', profile: 'none', confidence: 0, fields: {}, unsure: [] };

export interface ProcessingParts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly reader: Reader;
  readonly client: Client;
  readonly relay: Relay;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: () => number;
}

/** `again`: the delivery is given back and comes again after the delay. */
export type Processed =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly delayMs: number };

/** Processes one mail at one delivery; rejects only when not even the failure can be recorded. */
export async function processMessage(
  parts: ProcessingParts,
  work: Work,
  deliveries: number,
): Promise<Processed> {
  const tables = parts.tables.forTenant(work.tenant);
  const message = await getMessage(tables, work.id);
  if (message?.value.status !== 'received') return { kind: 'done' };
  try {
    await makeIncident(parts, work, message);
    return { kind: 'done' };
  } catch (error) {
    return recordFailure(parts, { work, error, deliveries });
  }
}

async function makeIncident(
  parts: ProcessingParts,
  work: Work,
  message: StoredMessage,
): Promise<void> {
  // Its event would not become durable now; core-records would refuse too.
  parts.relay.assertRoom();
  const { workId, sourceId, sha256, receivedAt, timeZone } = message.value;
  const found = await draftOf(parts, work, message.value);
  const caller = jobCaller('cad-ingest', { tenant: work.tenant, timeZone });
  const about = { id: work.id, sourceId, sha256, receivedAt };
  const body = { workId, draft: found.draft, message: about };
  const { incidentId, outcome } = (await parts.client.call(proposeIncident, { body }, caller)).body;
  await change(parts, work, (before, now) => {
    const value: MessageRow = {
      ...before.value,
      ...(found.subject === undefined ? {} : { subject: found.subject }),
      ...(found.reason === undefined ? {} : { reason: found.reason }),
      status: 'processed',
      draft: found.draft,
      incidentId,
      outcome,
      tries: before.value.tries + 1,
      touchedAt: now.toISOString(),
      stalls: 0,
    };
    const { kind, profile, confidence } = found.draft;
    const event = auditEventOf({
      caller,
      action: 'cad-ingest.message.processed',
      object: { type: 'cad-message', id: work.id, version: before.version + 1 },
      reason: found.reason,
      changes: changesBetween(
        { status: before.value.status },
        { status: value.status, incidentId, outcome, kind, profile, confidence },
      ),
      now,
    });
    return { value, event };
  });
  parts.log.info({ ...work, incidentId, outcome }, 'a mail became an incident');
}

interface Found {
  readonly draft: CadDraft;
  /** Decoded, where the mail could be taken apart. */
  readonly subject?: string;
  /** Why it could not be read. */
  readonly reason?: string;
}

async function draftOf(parts: ProcessingParts, work: Work, value: MessageRow): Promise<Found> {
  if (!isToBeRead(value)) return unread(parts, work, 'reading-failed');
  const raw = await rawOf(parts, work, value);
  if (raw === undefined) return unread(parts, work, 'raw-mail-missing');
  if (hash('sha256', raw, 'hex') !== value.sha256) return unread(parts, work, 'raw-mail-altered');
  const { from, receivedAt, sourceId } = value;
  const profile = await profileOf(parts.tables.forTenant(work.tenant), sourceId);
  const reading = await parts.reader.read({ raw, from, receivedAt, sourceId, profile });
  if (reading.kind === 'refused') return unread(parts, work, reading.because);
  if (reading.kind === 'read') return reading;
  if (isLastReading(value)) return unread(parts, work, 'reading-failed');
  throw new Error('the reader was stopped');
}

async function rawOf(parts: ProcessingParts, work: Work, value: MessageRow) {
  const stream = await parts.blobs.get(rawKeyOf(work.tenant, value.sha256));
  return stream && buffer(stream);
}

async function profileOf(tables: TenantTables, sourceId: string): Promise<string | undefined> {
  const source = await tables.get({ kind: SOURCE_KIND, id: sourceId });
  return source && sourceRow.parse(source.value).profile;
}

function unread({ metrics, log }: ProcessingParts, work: Work, reason: string): Found {
  metrics.alarm('parse-failed');
  log.warn({ ...work, reason }, 'a mail could not be read and goes to review');
  return { draft: UNREAD, reason };
}

async function recordFailure(
  parts: ProcessingParts,
  failure: { readonly work: Work; readonly error: unknown; readonly deliveries: number },
): Promise<Processed> {
  const { work, error, deliveries } = failure;
  parts.log.warn({ ...work, err: error }, 'a try to process a mail failed');
  const changed = await change(parts, work, (before, now) => {
    const verdict = afterFailure(error, { ...before.value, deliveries });
    const touchedAt = now.toISOString();
    const value: MessageRow = { ...before.value, tries: verdict.tries, touchedAt, stalls: 0 };
    if (verdict.kind !== 'give-up') return { value, verdict };
    return { ...givenUp({ work, before, value, now, reason: verdict.reason }), verdict };
  });
  if (changed?.verdict.kind === 'give-up') parts.metrics.alarm('dead-letter');
  if (changed?.verdict.kind !== 'retry') return { kind: 'done' };
  return { kind: 'again', delayMs: changed.verdict.delayMs };
}

function givenUp(about: {
  readonly work: Work;
  readonly before: StoredMessage;
  readonly value: MessageRow;
  readonly reason: string;
  readonly now: Date;
}): Changed {
  const { work, before, reason, now } = about;
  const value: MessageRow = { ...about.value, status: 'failed', reason };
  const event = auditEventOf({
    caller: jobCaller('cad-ingest', { tenant: work.tenant }),
    action: 'cad-ingest.message.failed',
    object: { type: 'cad-message', id: work.id, version: before.version + 1 },
    outcome: 'failure',
    reason,
    changes: changesBetween({ status: before.value.status }, { status: value.status }),
    now,
  });
  return { value, event };
}

interface Changed {
  readonly value: MessageRow;
  /** Absent where nothing changes but the count of tries. */
  readonly event?: ReturnType<typeof auditEventOf>;
}

/** Changes the row while it is still `received`; afterwards it is somebody else's. */
async function change<Decided extends Changed>(
  parts: ProcessingParts,
  work: Work,
  decide: (before: StoredMessage, now: Date) => Decided,
): Promise<Decided | undefined> {
  const tables = parts.tables.forTenant(work.tenant);
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const before = await getMessage(tables, work.id);
    if (before?.value.status !== 'received') return undefined;
    const decided = decide(before, new Date(parts.clock()));
    const changes = messageChanges(work.id, decided.value, before);
    const done = await write(tables, changes, decided.event);
    if (!done) continue;
    if (decided.event !== undefined) parts.relay.kick([decided.event]);
    return decided;
  }
  throw new Error('the row of a mail was changed by others again and again');
}

async function write(
  tables: TenantTables,
  changes: ReturnType<typeof messageChanges>,
  event: Changed['event'],
): Promise<boolean> {
  const unaudited = 'a count of tries; what comes of the mail is an event';
  const result = await tables.write(
    event === undefined ? { changes, events: [], unaudited } : { changes, events: [event] },
  );
  return result.ok;
}
