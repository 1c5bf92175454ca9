import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import {
  createIncident,
  type HistoryRow,
  type IncidentFields,
  incidentHistory,
  listIncidents,
  readIncident,
  updateIncident,
  voidIncident,
} from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { openTestHost, person, type TestHost } from './host.ts';

export const tenant = randomUUIDv7();
export const supervisor = person({ tenant, roles: ['supervisor'] });
export const reviewer = person({ tenant, roles: ['reviewer'] });
export const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });

/** The service on its own host, and calls of a supervisor unless another caller is given. */
export async function openIncidents() {
  const stack = new AsyncDisposableStack();
  const host = stack.use(await openTestHost());
  const parts = await host.parts('core-records');
  stack.use(await openCoreRecords(parts));
  const { client } = host;
  return {
    parts,
    client,
    create: async (fields: IncidentFields, who = supervisor) =>
      (await client.call(createIncident, { body: fields }, who)).body,
    read: async (id: string, who = supervisor) =>
      (await client.call(readIncident, { params: { id } }, who)).body,
    list: async (query: NonNullable<Parameters<typeof listOf>[1]> = {}, who = supervisor) =>
      listOf(client, query, who),
    patch: (id: string, body: object, options: { ifMatch?: number } = {}, who = supervisor) =>
      client.call(updateIncident, { params: { id }, body }, who, options),
    voids: (
      id: string,
      reason = 'entered twice',
      options: { ifMatch?: number } = {},
      who = supervisor,
    ) => client.call(voidIncident, { params: { id }, body: { reason } }, who, options),
    history: async (id: string, query: { limit?: number; cursor?: string } = {}) =>
      (await client.call(incidentHistory, { params: { id }, query }, supervisor)).body,
    events: async () =>
      (await parts.tables.outbox({ after: 0, limit: 1_000 })).map(({ event }) => event),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function listOf(
  client: TestHost['client'],
  query: {
    limit?: number;
    cursor?: string;
    number?: string;
    status?: 'open' | 'closed' | 'voided';
    needsReview?: string;
  },
  who = supervisor,
) {
  return (await client.call(listIncidents, { query }, who)).body;
}

/** The record as its history tells it, without what stands beside the changes. */
export function replay(rows: readonly HistoryRow[]) {
  const state: Record<string, unknown> = {};
  for (const { field, before, after } of rows.flatMap(({ changes }) => changes)) {
    assert.deepEqual(state[field], before, field);
    if (after === undefined) delete state[field];
    else state[field] = after;
  }
  return state;
}
