/** core-records as cad-ingest and a supervisor of one department see it. */
import { randomUUIDv7 } from 'node:crypto';
import type { CadDraft } from '#contracts/cad-fields.ts';
import {
  incidentHistory,
  listIncidents,
  proposeIncident,
  readIncident,
  updateIncident,
  voidIncident,
} from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openTestHost, person } from './host.ts';
import { proposal } from './proposals.ts';

export const tenant = randomUUIDv7();
export const supervisor = person({ tenant, roles: ['supervisor'] });
export const job = jobCaller('cad-ingest', { tenant, timeZone: 'America/Chicago' });
export const page = { nature: 'CHIMNEY FIRE', address: '12 MILL RD', number: '31-000123' };

export type Proposals = Awaited<ReturnType<typeof openProposals>>;

export async function openProposals({ processes = 1 } = {}) {
  const stack = new AsyncDisposableStack();
  const host = stack.use(await openTestHost());
  const parts = await host.parts('core-records');
  for (let count = 0; count < processes; count += 1) stack.use(await openCoreRecords(parts));
  const signer = openContextSigner(host.host.vault, 'cad-ingest', host.clock);
  const cadIngest = openClient(host.host.bus, signer);
  const send = async (body: ReturnType<typeof proposal>, caller = job) =>
    (await cadIngest.call(proposeIncident, { body }, caller)).body;
  const { client } = host;
  return {
    ...host,
    client,
    parts,
    send,
    minutesAgo,
    mail: (
      draft: Partial<CadDraft> = {},
      about: Omit<Parameters<typeof proposal>[0], 'draft'> = {},
    ) => send(proposal({ draft: { fields: page, ...draft }, ...about })),
    read: async (id: string) =>
      (await client.call(readIncident, { params: { id } }, supervisor)).body,
    patch: async (id: string, body: object) =>
      (await client.call(updateIncident, { params: { id }, body }, supervisor)).body,
    voids: (id: string) =>
      client.call(voidIncident, { params: { id }, body: { reason: 'a test page' } }, supervisor),
    list: async () => (await client.call(listIncidents, {}, supervisor)).body.items,
    history: async (id: string) =>
      (await client.call(incidentHistory, { params: { id } }, supervisor)).body.items,
    events: async () =>
      (await parts.tables.outbox({ after: 0, limit: 1_000 })).map(({ event }) => event),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}
