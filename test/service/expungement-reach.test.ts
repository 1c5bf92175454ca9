/** What goes with an incident that is expunged, although it does not stand with it any more. */
import { hash, randomUUIDv7 } from 'node:crypto';
import { expect, test } from 'vitest';
import { beginFile, readFile } from '#contracts/files.ts';
import { listEntries } from '#contracts/ledger.ts';
import { listCommands, recordCommand } from '#contracts/ledger-commands.ts';
import { discloseEntry } from '#contracts/ledger-evidence.ts';
import {
  approveExpungement,
  readExpungement,
  requestExpungement,
} from '#contracts/ledger-expungements.ts';
import { placeLegalHold, releaseLegalHold } from '#contracts/legal-holds.ts';
import { createIncident } from '#contracts/records/incident.ts';
import { blobKeyOf } from '#services/files/file.ts';
import { ABANDONED_MS } from '#services/files/uploads.ts';
import { codeOf } from '#test/ledger/serving.ts';
import { openTamper } from '#test/ledger/tamper.ts';
import { until } from '#test/support/api.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { type ExpungementDesk, openExpungementDesk } from './expungement-desk.ts';

async function makeIncident(desk: ExpungementDesk): Promise<string> {
  const body = { nature: 'FIRE', address: '12 QUILLFEATHER LANE' };
  return (await desk.as('officer', createIncident, { body })).id;
}

const announced = (incidentId: string) => ({
  name: 'GUILLEMOT-AUTOPSY.txt',
  contentType: 'text/plain' as const,
  sizeBytes: 4,
  sha256: hash('sha256', 'text'),
  attachTo: { type: 'incident' as const, id: incidentId },
});

async function request(
  desk: ExpungementDesk,
  objectId: string,
  objectType = 'incident',
): Promise<string> {
  const scope = { objectType, objectId };
  const body = { scope, order: '2031-CV-17', reason: 'juvenile court' };
  return (await desk.as('admin', requestExpungement, { body })).id;
}

async function expunge(desk: ExpungementDesk, objectId: string) {
  const params = { id: await request(desk, objectId) };
  await desk.as('reviewer', approveExpungement, { params });
  const read = () => desk.as('reviewer', readExpungement, { params });
  return until('completion', read, ({ completedAt }) => completedAt !== undefined);
}

/** What the ledger discloses of an object, but for the facts that it was destroyed. */
async function valuesOf(desk: ExpungementDesk, objectId: string): Promise<string> {
  await desk.settled();
  const { items } = await desk.as('reviewer', listEntries, { query: { objectId } });
  const told = items.filter(({ action }) => !action.endsWith('.expunged'));
  expect(told.length).toBeGreaterThan(0);
  const params = told.map(({ seq }) => ({ params: { seq } }));
  const values = await Promise.all(params.map((at) => desk.as('reviewer', discloseEntry, at)));
  return JSON.stringify(values.flatMap((each) => each.values));
}

test('a file that was announced and never came', async () => {
  await using folder = await temporaryFolder();
  const about = { dataDir: folder.path, tenant: randomUUIDv7() };
  let incidentId = '';
  let fileId = '';
  {
    await using desk = await openExpungementDesk(about);
    incidentId = await makeIncident(desk);
    fileId = (await desk.as('officer', beginFile, { body: announced(incidentId) })).id;
    expect(await valuesOf(desk, fileId)).toContain('GUILLEMOT');
  }
  await using desk = await openExpungementDesk({ ...about, aheadMs: ABANDONED_MS + 60_000 });
  const isSwept = () => codeOf(desk.as('officer', readFile, { params: { id: fileId } }));
  await until('the sweep', isSwept, (code) => code === 'not-found');
  expect(await valuesOf(desk, fileId)).toContain('GUILLEMOT');
  const { followUps } = await expunge(desk, incidentId);
  expect(followUps).toMatchObject([{ objectType: 'file', objectId: fileId }]);
  expect(await valuesOf(desk, fileId)).toBe('[]');
  using tamper = openTamper({ host: desk.host, tenant: about.tenant });
  expect(tamper.rows('record-key').map(({ id }) => id)).not.toContain(`file/${fileId}`);
});

test('bytes that came by a signed address after the order', async () => {
  await using folder = await temporaryFolder();
  const about = { dataDir: folder.path, tenant: randomUUIDv7() };
  let key = '';
  {
    await using desk = await openExpungementDesk(about);
    const incidentId = await makeIncident(desk);
    const { id } = await desk.as('officer', beginFile, { body: announced(incidentId) });
    key = blobKeyOf(about.tenant, id);
    await desk.settled();
    await expunge(desk, incidentId);
    const { blobs } = await desk.host.host.blobs('files');
    await blobs.put(key, Buffer.from('text'));
  }
  await using desk = await openExpungementDesk({ ...about, aheadMs: ABANDONED_MS + 60_000 });
  const { blobs } = await desk.host.host.blobs('files');
  const head = await until(
    'the sweep',
    () => blobs.head(key),
    (found) => found === undefined,
  );
  expect(head).toBeUndefined();
});

test('its commands, unless a hold is on one of them; what other incidents had asked stays', async () => {
  await using folder = await temporaryFolder();
  const about = { dataDir: folder.path, tenant: randomUUIDv7() };
  await using desk = await openExpungementDesk(about);
  const incidents = [await makeIncident(desk), await makeIncident(desk)];
  const commands = await Promise.all(
    [...incidents, undefined].map(async (incident) => {
      const id = randomUUIDv7();
      const command = 'page station 3: 12 QUILLFEATHER LANE';
      const body = { id, state: 'queued' as const, command, ...(incident && { incident }) };
      await desk.as('admin', recordCommand, { body });
      return id;
    }),
  );
  const [its = '', ...others] = commands;
  for (const each of commands) expect(await valuesOf(desk, each)).toContain('QUILLFEATHER');
  const approve = (id: string) => desk.as('reviewer', approveExpungement, { params: { id } });
  const [, other = ''] = incidents;
  const [itsOwn = ''] = others;
  // By what it belongs to as well: a hold on the incident keeps the command.
  for (const [held, type, id] of [
    [itsOwn, 'command', other],
    [other, 'incident', itsOwn],
  ] as const) {
    const scope = { classes: ['ledger' as const], record: { type, id: held } };
    const body = { reference: '2031-CV-18', reason: 'litigation', scope };
    const hold = await desk.as('admin', placeLegalHold, { body });
    const asked = await request(desk, id, type === 'command' ? 'incident' : 'command');
    await expect(approve(asked)).rejects.toThrow(hold.id);
    const release = { params: { id: hold.id }, body: { reason: 'settled' } };
    await desk.as('second admin', releaseLegalHold, release);
  }

  await expunge(desk, incidents[0] ?? '');
  expect(await valuesOf(desk, its)).toBe('[]');
  for (const each of others) expect(await valuesOf(desk, each)).toContain('QUILLFEATHER');
  const query = { incident: incidents[0] };
  const { items } = await desk.as('reviewer', listCommands, { query });
  expect(items).toMatchObject([{ id: its, state: 'queued', expunged: true }]);
});
