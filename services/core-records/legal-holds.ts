/**
 * Legal holds. Rows of a hold `H`, written together:
 *
 * - `legal-hold`, id `H`: the hold; never removed.
 * - `legal-hold-on`, id `H`: a copy as long as it is on, for jobs that ask what they may delete.
 */
import { randomUUIDv7 } from 'node:crypto';
import {
  type LegalHold,
  legalHold,
  listLegalHolds,
  placeLegalHold,
  readLegalHold,
  releaseLegalHold,
} from '#contracts/legal-holds.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage } from '#shared/pages.ts';
import { personOf } from '#shared/person.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { placedHold, releasedHold } from './legal-hold.ts';
import { assertVersion, jsonOf } from './record.ts';

const HOLD = 'legal-hold';
export const HOLD_ON = 'legal-hold-on';

export function legalHoldHandlings(): readonly Handling[] {
  return [
    handle(placeLegalHold, (call) => place(call)),

    handle(releaseLegalHold, async (call) => {
      await assertOther(call);
      return retryOnRace(() => tryRelease(call));
    }),

    handle(readLegalHold, async ({ tables, params }) => {
      const body = await readHold(tables, params.id);
      return { body, version: body.version };
    }),

    handle(listLegalHolds, async ({ tables, query }) => ({
      body: await listPage({
        operation: listLegalHolds.name,
        query,
        tables,
        rows: { kind: HOLD, descending: true },
        itemOf: async (row) => {
          const hold = holdOf(row);
          return query.status === undefined || hold.status === query.status ? hold : undefined;
        },
      }),
    })),
  ];
}

export function holdOf({ value }: Row): LegalHold {
  return legalHold.parse(value);
}

function place(call: Call<typeof placeLegalHold>) {
  const made = { id: randomUUIDv7(), by: personOf(call.caller), now: call.now };
  const hold = placedHold(call.body, made);
  const { id, version } = hold;
  return retryOnRace(() =>
    call.commit({
      changes: [
        { put: { kind: HOLD, id, value: jsonOf(hold) }, expect: 0 },
        { put: { kind: HOLD_ON, id, value: jsonOf(hold) }, expect: 0 },
      ],
      events: [
        call.event({
          object: { type: 'legal-hold', id, version },
          reason: hold.reason,
          changes: changesBetween({}, jsonOf({ reference: hold.reference, scope: hold.scope })),
        }),
      ],
      reply: { body: hold, version },
    }),
  );
}

type ReleaseCall = Call<typeof releaseLegalHold>;

async function tryRelease(call: ReleaseCall): Promise<Committed<typeof releaseLegalHold>> {
  const before = await readHold(call.tables, call.params.id);
  assertVersion(before, call.ifMatch);
  const by = personOf(call.caller);
  const { reason } = call.body;
  const hold = releasedHold(before, { by, now: call.now, reason });
  if (hold === undefined) return { ok: true, reply: { body: before, version: before.version } };
  const { id, version, status } = hold;
  return call.commit({
    changes: [
      { put: { kind: HOLD, id, value: jsonOf(hold) }, expect: before.version },
      { remove: { kind: HOLD_ON, id }, expect: 1 },
    ],
    events: [
      call.event({
        object: { type: 'legal-hold', id, version },
        reason,
        changes: changesBetween({ status: before.status }, { status }),
      }),
    ],
    reply: { body: hold, version },
  });
}

/** Whoever placed it cannot release it; that they tried is an event. */
async function assertOther(call: ReleaseCall): Promise<void> {
  const hold = await readHold(call.tables, call.params.id);
  if (personOf(call.caller).id !== hold.placedBy.id) return;
  const refusal = call.event({
    object: { type: 'legal-hold', id: hold.id },
    outcome: 'refused',
    reason: 'the same person placed it',
  });
  const reply = { body: hold, version: hold.version };
  await call.commit({ changes: [], events: [refusal], reply });
  throw new Problem('forbidden', {
    detail: 'Whoever placed a hold cannot release it. Another person has to.',
  });
}

async function readHold(tables: TenantTables, id: string): Promise<LegalHold> {
  const row = await tables.get({ kind: HOLD, id });
  if (row === undefined) throw new Problem('not-found', { detail: 'No legal hold has this id.' });
  return holdOf(row);
}
