/** The operations on a department's retention windows, and what jobs ask before they delete. */
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { askRetention, changeRetention, readRetention } from '#contracts/retention.ts';
import { changesBetween } from '#shared/audit.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { holdsAnswer } from './legal-hold.ts';
import { HOLD_ON, holdOf } from './legal-holds.ts';
import { assertVersion, jsonOf } from './record.ts';
import { changedRetention, retentionAt, storedRetention } from './retention.ts';

const SETTINGS = { kind: 'retention', id: 'windows' };

export function retentionHandlings(): readonly Handling[] {
  return [
    handle(readRetention, async ({ tables, now }) => {
      const { body } = await readSettings(tables, now);
      return { body, version: body.version };
    }),

    handle(changeRetention, (call) => retryOnRace(() => tryChange(call))),

    handle(askRetention, async ({ tables, now, body: { class: asked } }) => {
      const { body } = await readSettings(tables, now);
      const window = asked === 'files' ? undefined : body[asked].effective;
      const rows = await tables.list({ kind: HOLD_ON, limit: LIST_ROWS_MAX });
      const holds = rows.map(holdOf);
      const answer = holdsAnswer(holds, { class: asked, areAll: rows.length < LIST_ROWS_MAX });
      return { body: { ...(window && { window }), holds: answer } };
    }),
  ];
}

async function tryChange(
  call: Call<typeof changeRetention>,
): Promise<Committed<typeof changeRetention>> {
  const { tables, now, caller } = call;
  const before = await readSettings(tables, now);
  assertVersion(before.body, call.ifMatch);
  const stored = changedRetention(before.body, call.body, now);
  if (stored === undefined) {
    return { ok: true, reply: { body: before.body, version: before.body.version } };
  }
  const { ledger, cadMail } = before.body;
  const body = retentionAt({ version: before.rowVersion + 1, stored }, now);
  const { version } = body;
  return call.commit({
    changes: [{ put: { ...SETTINGS, value: jsonOf(stored) }, expect: before.rowVersion }],
    events: [
      call.event({
        object: { type: 'retention', id: caller.tenant, version },
        changes: changesBetween(
          jsonOf({ ledger, cadMail }),
          jsonOf({ ledger: stored.ledger, cadMail: stored.cadMail }),
        ),
      }),
    ],
    reply: { body, version },
  });
}

async function readSettings(tables: TenantTables, now: Date) {
  const row = await tables.get(SETTINGS);
  const read = row && { version: row.version, stored: storedRetention.parse(row.value) };
  return { body: retentionAt(read, now), rowVersion: row?.version ?? 0 };
}
