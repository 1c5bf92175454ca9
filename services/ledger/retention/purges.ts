/**
 * Purge: the oldest entries leave the store, and no proof is lost.
 *
 * 1. One person asks. What may go is found out, archived in the write-once place and verified there;
 *    the request is a row. Nothing else has changed.
 * 2. Another one approves, within PURGE_REQUEST_DAYS. All of it is looked at again: window, holds, and the
 *    archive, which is read back and verified once more.
 * 3. One write: the block with the entry that says so, the boundary, the purge `removing`.
 * 4. What lies before the boundary is removed (removal.ts), then the purge is `done`.
 *
 * A crash before 3 leaves an archive, and the request if it was written; after 3 the log begins at the
 * boundary, and what is left before it goes with the next round.
 */
import { randomUUIDv7 } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  approvePurge,
  listPurges,
  type Purge,
  purge,
  readLedgerRetention,
  readPurge,
  requestPurge,
  signPurgeArchive,
} from '#contracts/ledger-retention.ts';
import { SIGNED_URL_LIFETIME_SECONDS_MAX } from '#contracts/limits.ts';
import type { Client } from '#shared/client.ts';
import { listPage } from '#shared/pages.ts';
import { personOf } from '#shared/person.ts';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { type Boundary, purgeText } from '../chain/boundary.ts';
import type { Log } from '../log/log.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { findOpaqueId, PURGE } from '../log/store.ts';
import { assertArchived, writeArchive } from './archive.ts';
import { boundaryAt, startOf } from './prefix.ts';
import {
  approvedPurge,
  assertPurgeable,
  cutoffOf,
  purgeAt,
  purgeJson,
  requestedPurge,
} from './purge.ts';
import type { Removals } from './removals.ts';
import { askRules } from './rules.ts';
import { stateOf } from './state.ts';

/** The removal is waited for so long; it goes on after the answer. */
const REMOVAL_WAIT_MS = 3_000;

export interface PurgeParts extends LedgerParts {
  readonly client: Client;
  readonly removals: Removals;
}

export function purgeHandlings(parts: PurgeParts, logs: Logs): Handling[] {
  return [
    handle(readLedgerRetention, async ({ caller, tables, now }) => {
      const rules = await askRules(parts.client, caller.tenant);
      return logs.use(caller.tenant, async (log) => {
        await log.follow();
        const { plan, firstKept } = await stateOf({ log, tables, rules, now });
        const { end } = plan;
        const purgeable = end === undefined ? undefined : rangeOf(firstKept, end);
        return {
          body: {
            firstKept,
            size: log.size(),
            ...(rules.window && { window: rules.window }),
            holds: rules.holds.map(({ id }) => id),
            ...(purgeable && { purgeable }),
            limit: plan.limit,
          },
        };
      });
    }),

    handle(requestPurge, (call) => request(parts, logs, call)),
    handle(approvePurge, (call) => approve(parts, logs, call)),

    handle(readPurge, async ({ tables, params, now }) => ({
      body: purgeAt((await find(tables, params.id)).stored, now),
    })),

    handle(listPurges, async ({ tables, query, now }) => ({
      body: await listPage({
        operation: listPurges.name,
        query,
        tables,
        rows: { kind: PURGE, descending: true },
        itemOf: async (row) => purgeAt(storedIn(row), now),
      }),
    })),

    handle(signPurgeArchive, async ({ tables, params }) => {
      const { range, archive } = (await find(tables, params.id)).stored;
      const { url, expiresAt } = await parts.checkpoints.signGet({
        key: archive.key,
        contentType: 'application/x-ndjson',
        fileName: `ledger-${range.first}-${range.last}.jsonl`,
        lifetimeSeconds: SIGNED_URL_LIFETIME_SECONDS_MAX,
      });
      return { body: { url, expiresAt } };
    }),
  ];
}

type RequestCall = Call<typeof requestPurge>;

async function request(parts: PurgeParts, logs: Logs, call: RequestCall) {
  const { caller, tables, now } = call;
  const by = personOf(caller);
  await assertNoneOpen(tables, now);
  const rules = await askRules(parts.client, caller.tenant);
  const made = await logs.use(caller.tenant, async (log) => {
    await log.follow();
    const { plan, firstKept } = await stateOf({ log, tables, rules, now });
    if (plan.end === undefined) throw new Problem('conflict', { detail: plan.limit.detail });
    const about = await archived(parts, { call, log, first: firstKept, end: plan.end });
    assertOld(about.to, cutoffOf(rules, now));
    return requestedPurge(about, { by, now });
  });
  return retryOnRace(() =>
    call.commit({
      changes: [{ put: { kind: PURGE, id: made.id, value: purgeJson(made) }, expect: 0 }],
      events: [
        call.event({
          object: { type: 'ledger-purge', id: made.id },
          reason: made.reason,
          changes: [
            { field: 'reference', after: made.reference },
            { field: 'range', after: made.range },
            { field: 'archive', after: made.archive },
          ],
        }),
      ],
      reply: { body: made },
    }),
  );
}

/** Writes the archive and reads it back; what the request will say of both. */
async function archived(
  { tables, checkpoints }: PurgeParts,
  about: {
    readonly call: RequestCall;
    readonly log: Log;
    readonly first: number;
    readonly end: number;
  },
) {
  const { call, log, first, end } = about;
  const { tenant } = call.caller;
  const opaqueId = await findOpaqueId(tables, tenant);
  const checkpoint = await log.checkpoint(end);
  if (opaqueId === undefined || checkpoint === undefined) throw new Error('the log is not signed');
  // Another process may have signed a larger tree meanwhile.
  if (checkpoint.size > log.size()) await log.follow();
  const id = randomUUIDv7();
  const key = `${opaqueId}/purged/${id}`;
  const start = await startOf(call.tables);
  const made = await writeArchive(checkpoints, {
    key,
    log,
    range: { first, end, ...start, checkpoint },
  });
  const { root, from, to, entriesBytes, sha256, sizeBytes } = made;
  const range = rangeOf(first, end);
  const { verifierKey } = checkpoint;
  await assertArchived(checkpoints, { key, sha256, verifierKey, range, root });
  const archive = { key, sha256, sizeBytes, checkpointSize: checkpoint.size, verifierKey };
  return { ...call.body, id, range, from, to, entriesBytes, root, archive };
}

/** Clocks can be wrong: not the last entry counts, but the youngest. */
function assertOld(youngest: string, cutoff: string | undefined): void {
  if (cutoff !== undefined && youngest < cutoff) return;
  throw new Problem('conflict', {
    detail: `Among these entries is one of ${youngest}, which may not be removed yet.`,
  });
}

/** Of an open request, or one whose removal is under way, nothing is known before its end. */
async function assertNoneOpen(tables: TenantTables, now: Date): Promise<void> {
  const [newest] = await tables.list({ kind: PURGE, limit: 1, descending: true });
  const { id, status } = newest ? purgeAt(storedIn(newest), now) : { id: '', status: 'done' };
  if (status === 'done' || status === 'expired') return;
  throw new Problem('conflict', { detail: `The purge ${id} is still ${status}.` });
}

type ApproveCall = Call<typeof approvePurge>;

async function approve(parts: PurgeParts, logs: Logs, call: ApproveCall) {
  const { caller, tables, now, params } = call;
  const before = purgeAt((await find(tables, params.id)).stored, now);
  if (before.status === 'removing' || before.status === 'done') return { body: before };
  await assertOther(call, before);
  const { archive, range, root } = before;
  await assertArchived(parts.checkpoints, { ...archive, range, root });
  // The last question before the commit; the removal asks again.
  const rules = await askRules(parts.client, caller.tenant);
  const seq = await logs.use(caller.tenant, async (log) => {
    await log.follow();
    const { plan, firstKept } = await stateOf({ log, tables, rules, now });
    assertPurgeable(before, { plan, firstKept });
    return carryOut(log, call, before);
  });
  parts.log.info({ tenant: caller.tenant, purgeId: before.id, seq }, 'a purge was approved');
  const removal = parts.removals.run(caller.tenant);
  await Promise.race([removal, setTimeout(REMOVAL_WAIT_MS, undefined, { ref: false })]);
  return { body: (await find(tables, before.id)).stored };
}

async function carryOut(log: Log, call: ApproveCall, before: Purge): Promise<number> {
  const { tables, now } = call;
  const by = personOf(call.caller);
  const { id, range, reference, reason, archive, requestedBy } = before;
  const boundary: Omit<Boundary, 'fact'> = {
    ...(await boundaryAt(tables, range.last + 1)),
    purge: {
      id,
      first: range.first,
      reference,
      requestedBy: requestedBy.id,
      archiveSha256: archive.sha256,
      archiveBytes: archive.sizeBytes,
    },
  };
  if (boundary.root !== before.root) throw new Error('the archive is not of this prefix');
  const event = call.event({
    object: { type: 'ledger-purge', id },
    reason: purgeText(boundary),
    changes: [
      { field: 'reason', after: reason },
      { field: 'requestedBy', after: purgePerson(requestedBy) },
      { field: 'approvedBy', after: purgePerson(by) },
    ],
  });
  const { seq } = await log.purge({
    event,
    boundary,
    beside: async (place) => [await approvedChange(tables, id, { by, now, seq: place })],
  });
  return seq;
}

/** Throws Problem `conflict` when somebody else has approved it meanwhile. */
async function approvedChange(
  tables: TenantTables,
  id: string,
  made: Parameters<typeof approvedPurge>[1],
): Promise<Change> {
  const { stored, version } = await find(tables, id);
  if (stored.status !== 'requested') {
    throw new Problem('conflict', { detail: 'Somebody else has approved it just now. Read it.' });
  }
  const value = purgeJson(approvedPurge(stored, made));
  return { put: { kind: PURGE, id, value }, expect: version };
}

/** Whoever asked cannot approve; that they tried is an event. */
async function assertOther(call: ApproveCall, before: Purge): Promise<void> {
  if (personOf(call.caller).id !== before.requestedBy.id) return;
  const refusal = call.event({
    action: 'ledger.purge.approved',
    object: { type: 'ledger-purge', id: before.id },
    outcome: 'refused',
    reason: 'the same person asked for it',
  });
  await call.commit({ changes: [], events: [refusal], reply: { body: before } });
  throw new Problem('forbidden', {
    detail: 'Whoever asks for a purge cannot approve it. Another person has to.',
  });
}

async function find(tables: TenantTables, id: string) {
  const row = await tables.get({ kind: PURGE, id });
  if (row === undefined) throw new Problem('not-found', { detail: 'No purge has this id.' });
  return { stored: storedIn(row), version: row.version };
}

function storedIn({ value }: Row): Purge {
  return purge.parse(value);
}

function rangeOf(first: number, end: number): Purge['range'] {
  return { first, last: end - 1, count: end - first };
}

function purgePerson({ id, name }: Purge['requestedBy']) {
  return { id, ...(name === undefined ? {} : { name }) };
}
