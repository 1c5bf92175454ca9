/** Who gets no mail any more, for administrators to see and to mend. */
import {
  liftMailSuppression,
  listMailSuppressions,
  type MailSuppression,
} from '#contracts/mail-suppressions.ts';
import { listPage } from '#shared/pages.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { getRow, putRow, rowOf } from '../identity/rows.ts';
import { isSuppressed, lifted } from './suppression.ts';

export const suppressionHandlings: readonly Handling[] = [
  handle(listMailSuppressions, async ({ operation, query, tables }) => {
    const itemOf = (row: Row) => suppressionOf(tables, row);
    const rows = { kind: 'suppression' };
    return { body: await listPage({ operation: operation.name, query, tables, rows, itemOf }) };
  }),
  handle(liftMailSuppression, (call) => retryOnRace(() => lift(call))),
];

async function suppressionOf(tables: TenantTables, row: Row): Promise<MailSuppression | undefined> {
  const { id, value } = rowOf('suppression', row);
  if (!isSuppressed(value)) return undefined;
  const user = await getRow(tables, 'user', id);
  if (user === undefined) return undefined;
  const { email, name } = user.value;
  return { id, email, name, reason: value.reason, since: value.since };
}

async function lift(
  call: Call<typeof liftMailSuppression>,
): Promise<Committed<typeof liftMailSuppression>> {
  const { tables, params, now } = call;
  const row = await getRow(tables, 'suppression', params.id);
  if (row === undefined || !isSuppressed(row.value)) throw new Problem('not-found');
  const { id, version, value } = row;
  return call.commit({
    changes: [putRow('suppression', id, lifted(value, now), version)],
    events: [call.event({ object: { type: 'user', id }, reason: `was ${value.reason}` })],
    reply: { body: null },
  });
}
