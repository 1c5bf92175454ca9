/**
 * From a kept mail to an incident.
 *
 * 1. The row says whether there is anything to do: a second delivery of the same work ends here.
 * 2. The raw bytes are fetched and must have the hash that the row names.
 * 3. A thread takes them apart and reads them (read-mail.ts, reader.ts). What cannot be read becomes a
 *    draft without fields: an incident that a person must review, never a lost call.
 * 4. A mail that holds several calls: their number is written to the row.
 * 5. For each call core-records is asked to make or change an incident. It answers the same for the
 *    same work id, so that a crash behind this step does it again and changes nothing.
 * 6. One transaction: the row with drafts and incidents, the audit event.
 */
import type { CadMessage } from '#contracts/cad-messages.ts';
import type { UpdatePolicy } from '#contracts/cad-update-policy.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import { proposeIncident } from '#contracts/records/incident.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import type { Processed } from '#shared/consumer.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import {
  getMessage,
  type MessageRow,
  messageChanges,
  pageWorkIdOf,
  type StoredMessage,
} from '../message.ts';
import { selectionOf } from '../profiles/selection.ts';
import { SOURCE_KIND, sourceRow } from '../source.ts';
import { type Found, readMail } from './read-mail.ts';
import type { Reader } from './reader.ts';
import { isReadAgain, pagesWith, readingsWith } from './readings.ts';
import { afterFailure } from './tries.ts';
import type { Work } from './work.ts';

/** Races for a row are lost to a person or to the sweep, now and then. */
const RACE_TRIES_MAX = 5;
/**
 * The pages of a mail with several calls, as JSON. With the first draft, which stands there twice and
 * has at most 180 KB, they fit a row.
 */
const PAGES_BYTES_MAX = 150_000;

type Page = NonNullable<CadMessage['pages']>[number];

export interface ProcessingParts {
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly reader: Reader;
  readonly client: Client;
  readonly relay: Relay;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: () => number;
  /** The span of the delivery. */
  readonly traceparent?: string | undefined;
}

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
    await makeIncidents(parts, work, message);
    return { kind: 'done' };
  } catch (error) {
    return recordFailure(parts, { work, error, deliveries });
  }
}

async function makeIncidents(
  parts: ProcessingParts,
  work: Work,
  message: StoredMessage,
): Promise<void> {
  // Its event would not become durable now; core-records would refuse too.
  parts.relay.assertRoom();
  const { value } = message;
  const tables = parts.tables.forTenant(work.tenant);
  const selection = await selectionOf(tables, value.sourceId);
  const found = await readMail(parts, work, { value, selection });
  if (isReadAgain(value) && found.reason !== undefined) {
    const { reason } = found;
    await change(parts, work, (before, now) => keptAsItWas({ work, before, reason, now }));
    return;
  }
  await countPages(parts, work, { value, count: found.drafts.length });
  const caller = jobCaller('cad-ingest', { tenant: work.tenant, timeZone: value.timeZone });
  const updates = await updatesOf(tables, value.sourceId);
  const about = { work, value, found, updates };
  const pages: [Page, ...Page[]] = [await propose(parts, caller, { ...about, index: 0 })];
  for (const index of found.drafts.keys()) {
    if (index > 0) pages.push(await propose(parts, caller, { ...about, index }));
  }
  await change(parts, work, (before, now) => finished({ work, caller, before, found, pages, now }));
  const [{ incidentId, outcome }] = pages;
  parts.log.info({ ...work, incidentId, outcome, pages: pages.length }, 'a mail became incidents');
}

/** A later try must not take the mail for one with fewer calls than were proposed at this one. */
async function countPages(
  parts: ProcessingParts,
  work: Work,
  { value, count }: { readonly value: MessageRow; readonly count: number },
): Promise<void> {
  if (count === 1 || count <= (value.pageCount ?? 1)) return;
  await change(parts, work, (before) => ({ value: { ...before.value, pageCount: count } }));
}

/** One call of the mail, to core-records. */
async function propose(
  parts: ProcessingParts,
  caller: CallerClaims,
  about: {
    readonly work: Work;
    readonly value: MessageRow;
    readonly found: Found;
    readonly updates: UpdatePolicy | undefined;
    readonly index: number;
  },
): Promise<Page> {
  const { work, value, found, updates, index } = about;
  const { sourceId, sha256, receivedAt } = value;
  const draft = found.drafts[index] ?? found.drafts[0];
  const message = { id: work.id, sourceId, sha256, receivedAt };
  const workId = pageWorkIdOf(value.workId, index);
  const { reading = 1 } = value;
  const body = { workId, draft, message, reading, ...(updates === undefined ? {} : { updates }) };
  const { traceparent, client } = parts;
  const proposed = await client.call(proposeIncident, { body }, caller, { traceparent });
  const { incidentId, outcome } = proposed.body;
  return { draft, incidentId, outcome };
}

/** The row of a mail whose calls are all incidents, and the event that says so. */
function finished(about: {
  readonly work: Work;
  readonly caller: CallerClaims;
  readonly before: StoredMessage;
  readonly found: Found;
  readonly pages: readonly [Page, ...Page[]];
  readonly now: Date;
}): Changed {
  const { work, caller, before, found, pages, now } = about;
  const [{ draft, incidentId, outcome }] = pages;
  const all = pagesWith(before.value, pages);
  const value: MessageRow = {
    ...before.value,
    ...(found.subject === undefined ? {} : { subject: found.subject }),
    ...(found.reason === undefined ? {} : { reason: found.reason }),
    status: 'processed',
    draft,
    incidentId,
    outcome,
    ...(all.length === 1 ? {} : { pages: keptPages(all) }),
    readings: readingsWith(before.value, draft, now.toISOString()),
    tries: before.value.tries + 1,
    touchedAt: now.toISOString(),
    stalls: 0,
  };
  const { kind, profile, profileVersion, confidence } = draft;
  const others = pages.slice(1).map((page) => ({
    incidentId: page.incidentId,
    outcome: page.outcome,
  }));
  const event = auditEventOf({
    caller,
    action: 'cad-ingest.message.processed',
    object: { type: 'cad-message', id: work.id, version: before.version + 1 },
    reason: found.reason,
    changes: changesBetween(
      { status: before.value.status },
      {
        status: value.status,
        incidentId,
        outcome,
        kind,
        profile,
        profileVersion,
        confidence,
        ...(others.length === 0 ? {} : { others }),
      },
    ),
    now,
  });
  return { value, event };
}

/** A mail that was to be read again and cannot be read now: what it was read as still holds. */
function keptAsItWas(about: {
  readonly work: Work;
  readonly before: StoredMessage;
  readonly reason: string;
  readonly now: Date;
}): Changed {
  const { before, reason, now } = about;
  const touchedAt = now.toISOString();
  const value: MessageRow = { ...before.value, status: 'processed', reason, touchedAt, stalls: 0 };
  return { value, event: failureOf({ ...about, value, action: 'cad-ingest.message.processed' }) };
}

/** Long narratives stand on the incidents; the row of the mail has no room for all of them. */
function keptPages(pages: readonly Page[]): Page[] {
  if (Buffer.byteLength(JSON.stringify(pages)) <= PAGES_BYTES_MAX) return [...pages];
  return pages.map((page) => {
    const { narrative: _, ...fields } = page.draft.fields;
    return { ...page, draft: { ...page.draft, fields } };
  });
}

/** What the source is set to now; absent: what fits most. */
async function updatesOf(
  tables: TenantTables,
  sourceId: string,
): Promise<UpdatePolicy | undefined> {
  const source = await tables.get({ kind: SOURCE_KIND, id: sourceId });
  return source && sourceRow.parse(source.value).updates;
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
  const value: MessageRow = { ...about.value, status: 'failed', reason: about.reason };
  return { value, event: failureOf({ ...about, value, action: 'cad-ingest.message.failed' }) };
}

/** What the ledger hears of a mail that could not be read. */
function failureOf(about: {
  readonly work: Work;
  readonly before: StoredMessage;
  readonly value: MessageRow;
  readonly action: string;
  readonly reason: string;
  readonly now: Date;
}) {
  const { work, before, value, action, reason, now } = about;
  return auditEventOf({
    caller: jobCaller('cad-ingest', { tenant: work.tenant }),
    action,
    object: { type: 'cad-message', id: work.id, version: before.version + 1 },
    outcome: 'failure',
    reason,
    changes: changesBetween({ status: before.value.status }, { status: value.status }),
    now,
  });
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
