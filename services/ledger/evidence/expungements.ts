/**
 * Expungement: a record's values are made unreadable, and no hash changes.
 *
 * 1. One person asks, with the reference of the order. The request is a row.
 * 2. Another one approves, within EXPUNGEMENT_REQUEST_DAYS.
 * 3. One write: the block with the entry that says so, the key's row removed, the request done, a row
 *    in the list of what other services have still to do (expunging.ts).
 *
 * A crash before 3 leaves the request, to be approved again; after it everything is done, and
 * approving once more answers so. A key that the record got later is not touched by that.
 */
import { randomUUIDv7 } from 'node:crypto';
import {
  approveExpungement,
  type Expungement,
  listExpungements,
  readExpungement,
  requestExpungement,
} from '#contracts/ledger-expungements.ts';
import { listPage } from '#shared/pages.ts';
import { personOf } from '#shared/person.ts';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { FIELDS_DESTROYED, RECORD_DESTROYED, recordOf } from '../chain/seal.ts';
import type { Log } from '../log/log.ts';
import type { Logs } from '../log/logs.ts';
import { EXPUNGEMENT, EXPUNGING } from '../log/store.ts';
import {
  asJson,
  asOf,
  assertOpen,
  changesOf,
  done,
  reasonOf,
  requested,
  storedIn,
} from './expungement.ts';
import { type ExpungingParts, newWork } from './expunging.ts';
import type { ExpungingRounds } from './expunging-rounds.ts';
import { expungeFields, namesIn, valuesOf } from './fields.ts';
import { assertNoHold } from './holds.ts';

/** Of field names, in an answer. */
const NAMES_CHARS_MAX = 500;

export function expungementHandlings(
  { log, client }: ExpungingParts,
  logs: Logs,
  rounds: Pick<ExpungingRounds, 'wake'>,
): Handling[] {
  return [
    handle(requestExpungement, (call) => request(logs, call)),

    handle(approveExpungement, async (call) => {
      const { tenant } = call.caller;
      const before = asOf((await find(call.tables, call.params.id)).stored, call.now);
      if (before.status === 'done') return { body: before };
      assertOpen(before);
      await assertOther(call, before);
      await assertNoHold({ client, tables: call.tables }, tenant, before.scope);
      const body = await logs.use(tenant, (open) => carryOut(open, call, before));
      rounds.wake(tenant);
      log.info({ tenant, expungementId: body.id, seq: body.seq }, 'a record was expunged');
      return { body };
    }),

    handle(readExpungement, async ({ tables, params, now }) => ({
      body: asOf((await find(tables, params.id)).stored, now),
    })),

    handle(listExpungements, async ({ tables, query, now }) => ({
      body: await listPage({
        operation: listExpungements.name,
        query,
        tables,
        rows: { kind: EXPUNGEMENT, descending: true },
        itemOf: async (row) => asOf(storedIn(row), now),
      }),
    })),
  ];
}

async function request(logs: Logs, call: Call<typeof requestExpungement>) {
  const { caller, body: asked, now } = call;
  const by = personOf(caller);
  const record = recordIn(asked);
  await logs.use(caller.tenant, async (open) => {
    if (!(await open.holdsKey(record))) throw nothingHeld(record);
    if (asked.scope.fields !== undefined) await assertFields(open, call, asked.scope.fields);
  });
  const made = requested(asked, { id: randomUUIDv7(), by, now });
  return retryOnRace(() =>
    call.commit({
      changes: [{ put: { kind: EXPUNGEMENT, id: made.id, value: asJson(made) }, expect: 0 }],
      events: [
        call.event({
          object: { type: 'expungement', id: made.id },
          changes: [
            { field: 'scope', after: asJson(asked.scope) },
            { field: 'order', after: asked.order },
            { field: 'reason', after: asked.reason },
          ],
        }),
      ],
      reply: { body: made },
    }),
  );
}

/** A typing error must not look as if something had been destroyed. */
async function assertFields(
  log: Log,
  { tables, body }: Call<typeof requestExpungement>,
  fields: readonly string[],
): Promise<void> {
  await log.follow();
  const { objectType: type, objectId: id } = body.scope;
  const names = namesIn(await valuesOf({ log, tables, object: { type, id } }));
  const unknown = fields.filter((each) => !names.has(each));
  if (unknown.length === 0) return;
  throw new Problem('not-found', {
    detail:
      `The ledger holds no values of ${unknown.join(', ')} of this record. ` +
      `It holds some of: ${[...names].toSorted().join(', ').slice(0, NAMES_CHARS_MAX)}.`,
  });
}

type ApproveCall = Call<typeof approveExpungement>;

async function carryOut(log: Log, call: ApproveCall, before: Expungement): Promise<Expungement> {
  const { tables, now, caller } = call;
  const by = personOf(caller);
  const { objectType: type, objectId: id } = before.scope;
  const { fields } = before.scope;
  const event = call.event({
    action: fields === undefined ? RECORD_DESTROYED : FIELDS_DESTROYED,
    object: { type, id },
    reason: reasonOf(before),
    changes: changesOf(before, by),
  });
  const beside = (place: number) => doneChanges(tables, before.id, { by, now, seq: place });
  const { seq } =
    fields === undefined
      ? await log.expunge({ event, record: recordIn(before), beside })
      : await expungeFields({ log, tables, object: { type, id } }, { event, fields, beside });
  return done(before, { by, now, seq });
}

/** Throws Problem `conflict` when somebody else has approved it meanwhile. */
async function doneChanges(
  tables: TenantTables,
  id: string,
  made: Parameters<typeof done>[1],
): Promise<readonly Change[]> {
  const { stored, version } = await find(tables, id);
  if (stored.status === 'done') {
    throw new Problem('conflict', { detail: 'Somebody else has approved it just now. Read it.' });
  }
  return [
    { put: { kind: EXPUNGEMENT, id, value: asJson(done(stored, made)) }, expect: version },
    { put: { kind: EXPUNGING, id, value: newWork }, expect: 0 },
  ];
}

/** Whoever asked cannot approve; that they tried is an event. */
async function assertOther(call: ApproveCall, before: Expungement): Promise<void> {
  const { id, requestedBy } = before;
  if (personOf(call.caller).id !== requestedBy.id) return;
  const refusal = call.event({
    action: 'ledger.expungement.approved',
    object: { type: 'expungement', id },
    outcome: 'refused',
    reason: 'the same person asked for it',
  });
  await call.commit({ changes: [], events: [refusal], reply: { body: before } });
  throw new Problem('forbidden', {
    detail: 'Whoever asks for an expungement cannot approve it. Another person has to.',
  });
}

async function find(tables: TenantTables, id: string) {
  const row = await tables.get({ kind: EXPUNGEMENT, id });
  if (row === undefined) throw new Problem('not-found', { detail: 'No expungement has this id.' });
  return { stored: storedIn(row), version: row.version };
}

function recordIn({ scope }: Pick<Expungement, 'scope'>): string {
  return recordOf({ object: { type: scope.objectType, id: scope.objectId } });
}

function nothingHeld(record: string): Problem {
  return new Problem('not-found', {
    detail: `The ledger holds no values of ${record}: there never were any, or they are expunged.`,
  });
}
