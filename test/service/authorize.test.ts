/** Whether the person for whom a service acts may see or change a record. */
import { randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CallerClaims } from '#contracts/caller.ts';
import { authorizeRecord, createIncident, voidIncident } from '#contracts/records/incident.ts';
import { openCoreRecords } from '#services/core-records/service.ts';
import { jobCaller, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openTestHost, person } from '#test/support/host.ts';

const tenant = randomUUIDv7();
const admin = person({ tenant, roles: ['admin'] });
const reviewer = person({ tenant, roles: ['reviewer'] });

/** Asks as the files service does when the person has called it. */
async function openAsking() {
  const stack = new AsyncDisposableStack();
  const host = stack.use(await openTestHost());
  stack.use(await openCoreRecords(await host.parts('core-records')));
  const { vault, bus } = host.host;
  const gateway = openContextSigner(vault, 'gateway', host.clock);
  const files = openClient(bus, openContextSigner(vault, 'files', host.clock));
  const incident = await host.client.call(createIncident, { body: { nature: 'FIRE' } }, admin);
  return {
    client: host.client,
    id: incident.body.id,
    async ask(who: CallerClaims, access: 'read' | 'write', id = incident.body.id) {
      const proof = await gateway.sign({ caller: who, audience: 'files' });
      const caller = jobCaller('files', { tenant: who.tenant });
      const body = { type: 'incident' as const, id, access };
      return (await files.call(authorizeRecord, { body }, caller, { proof })).body;
    },
    withoutProof(id = incident.body.id) {
      const body = { type: 'incident' as const, id, access: 'read' as const };
      return files.call(authorizeRecord, { body }, jobCaller('files', { tenant }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('ok: by the permissions of the person, with the version of the record', async () => {
  await using asking = await openAsking();
  expect(await asking.ask(admin, 'write')).toEqual({ version: 1 });
  expect(await asking.ask(reviewer, 'read')).toEqual({ version: 1 });
});

test('forbidden: a role or a scope that does not hold it, or nobody to act for', async () => {
  await using asking = await openAsking();
  const forbidden = { code: 'forbidden' };
  await expect(asking.ask(reviewer, 'write')).rejects.toMatchObject(forbidden);
  const key = { ...admin, subject: { type: 'key' as const, id: randomUUIDv7() } };
  const filesOnly = { ...key, scopes: ['files:read' as const, 'files:write' as const] };
  await expect(asking.ask(filesOnly, 'read')).rejects.toMatchObject(forbidden);
  const nobody = { ...admin, subject: { type: 'anonymous' as const, id: 'anonymous' }, roles: [] };
  await expect(asking.ask(nobody, 'read')).rejects.toMatchObject(forbidden);
  await expect(asking.withoutProof()).rejects.toMatchObject(forbidden);
  const direct = { body: { type: 'incident' as const, id: asking.id, access: 'read' as const } };
  const asPerson = asking.client.call(authorizeRecord, direct, admin);
  await expect(asPerson).rejects.toMatchObject(forbidden);
});

test('not found: another department’s record, and one that nobody has', async () => {
  await using asking = await openAsking();
  const stranger = person({ tenant: randomUUIDv7(), roles: ['admin'] });
  await expect(asking.ask(stranger, 'read')).rejects.toMatchObject({ code: 'not-found' });
  const unknown = asking.ask(admin, 'read', randomUUIDv7());
  await expect(unknown).rejects.toMatchObject({ code: 'not-found' });
});

test('conflict: a voided record can be read, not written', async () => {
  await using asking = await openAsking();
  const params = { id: asking.id };
  await asking.client.call(voidIncident, { params, body: { reason: 'a test' } }, admin);
  expect(await asking.ask(admin, 'read')).toEqual({ version: 2 });
  await expect(asking.ask(admin, 'write')).rejects.toMatchObject({ code: 'conflict' });
});
