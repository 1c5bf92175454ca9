import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replaceCadCodeTables } from '#contracts/cad-code-tables.ts';
import { type CadMessage, replayCadMessage } from '#contracts/cad-messages.ts';
import { createCadProfile } from '#contracts/cad-profiles.ts';
import { activateCadProfile, type CadSource } from '#contracts/cad-sources.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import { updateIncident } from '#contracts/records/incident.ts';
import { rawKeyOf } from '#services/cad-ingest/message.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Department, type Desk, department, disclosed, openDesk } from '../intake/desk.ts';
import { dispatchMail } from '../intake/mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

const county = {
  id: 'county',
  body: { split: '=>', parts: ['number', 'address', 'nature', 'city'] },
} as const;

/** A mail that nothing knew how to read, and the profile that came afterwards. */
async function readTooEarly() {
  const own = department(desk);
  const source = await own.source();
  const body = '31-400=>12 MILL RD=>ZQ4=>FRV\r\n';
  await desk.send(dispatchMail({ body }), source.address);
  const [before] = await own.incidentsOnce(1);
  const message = await own.messageOnce('processed');
  expect(before?.nature).not.toBe('ZQ4');
  return { own, source, message, before };
}

async function activate(own: Department, source: CadSource): Promise<void> {
  const { client } = desk;
  await client.call(createCadProfile, { body: county }, own.admin);
  const body = { profile: 'county', force: true };
  await client.call(activateCadProfile, { params: { id: source.id }, body }, own.admin);
}

const replay = (as: CallerClaims, id: string, query: { dryRun?: string } = {}, options = {}) =>
  desk.client.call(replayCadMessage, { params: { id }, query }, as, options);

const readAgain = (own: Department, { id, readings = [] }: CadMessage) =>
  until(
    'the reading',
    async () => (await own.messages()).find((each) => each.id === id),
    (each) => each?.status === 'processed' && (each.readings?.length ?? 0) > readings.length,
  );

describe('replay of a mail that is an incident', () => {
  test('as a dry run says field by field what would change, and changes nothing', async () => {
    const { own, source, message, before } = await readTooEarly();
    await activate(own, source);
    const { body } = await replay(own.admin, message.id, { dryRun: 'true' });
    expect(body.diff).toContainEqual({
      call: 1,
      field: 'nature',
      ...(before?.nature === undefined ? {} : { before: before.nature }),
      after: 'ZQ4',
    });
    expect(body).toMatchObject({ status: 'processed', version: message.version });
    expect(await own.incidents()).toEqual([before]);
    const [event] = await until(
      'the event',
      async () => desk.events.filter(({ action }) => action.endsWith('replay-tried')),
      (events) => events.length > 0,
    );
    expect(event?.object.id).toBe(message.id);
    expect(disclosed(event)).toHaveProperty('fields');
  });

  test('changes the same incident to what it says now, and both readings are on record', async () => {
    const { own, source, message } = await readTooEarly();
    await activate(own, source);
    await replay(own.admin, message.id, {}, { ifMatch: message.version });
    const read = await readAgain(own, message);
    expect(read).toMatchObject({ incidentId: message.incidentId, outcome: 'updated' });
    expect(read?.readings).toEqual([
      expect.objectContaining({ profile: message.draft?.profile }),
      expect.objectContaining({ profile: 'county', profileVersion: 1 }),
    ]);
    const [incident] = await own.incidentsOnce(1);
    expect(incident).toMatchObject({
      nature: 'ZQ4',
      address: '12 MILL RD',
      city: 'FRV',
      number: '31-400',
      messageIds: [message.id],
      source: {
        type: 'cad',
        messageId: message.id,
        sha256: message.sha256,
        sourceId: source.id,
        profile: 'county',
        profileVersion: 1,
        fieldConfidence: { nature: expect.any(Number), address: expect.any(Number) },
        raw: `/v1/cad/messages/${message.id}/raw`,
      },
    });
  });

  test('leaves a person’s word as it is, and takes tables that came later', async () => {
    const { own, source, message, before } = await readTooEarly();
    const correction = { params: { id: before?.id ?? '' }, body: { nature: 'GAS LEAK' } };
    await desk.client.call(updateIncident, correction, own.admin);
    await activate(own, source);
    const tables = { params: { id: source.id }, body: { city: { FRV: 'Fairvale' } } };
    await desk.client.call(replaceCadCodeTables, tables, own.admin);
    await replay(own.admin, message.id);
    const read = await readAgain(own, message);
    const [incident] = await own.incidents();
    expect(incident).toMatchObject({ nature: 'GAS LEAK', address: '12 MILL RD', city: 'Fairvale' });
    await replay(own.admin, message.id);
    await readAgain(own, read ?? message);
    expect(await own.incidents()).toMatchObject([{ nature: 'GAS LEAK', city: 'Fairvale' }]);
  });

  test('whose raw bytes are gone leaves it as it was, with the reason', async () => {
    const { own, source, message, before } = await readTooEarly();
    await activate(own, source);
    const { blobs } = await desk.test.host.blobs('cad-mail');
    await blobs.remove(rawKeyOf(own.tenant, message.sha256));
    const dry = replay(own.admin, message.id, { dryRun: 'true' });
    await expect(dry).rejects.toMatchObject({ code: 'conflict' });
    await replay(own.admin, message.id);
    const after = await until(
      'the end of it',
      async () => (await own.messages())[0],
      (each) => each?.reason !== undefined && each.status === 'processed',
    );
    expect(after).toMatchObject({ reason: 'raw-mail-missing', draft: message.draft });
    expect(await own.incidents()).toEqual([before]);
  });

  test('is for who may decide on mails of this department, and knows the message', async () => {
    const { own, message } = await readTooEarly();
    const stale = replay(own.admin, message.id, {}, { ifMatch: message.version + 1 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    const officer = person({ tenant: own.tenant, roles: ['officer'] });
    for (const query of [{}, { dryRun: 'true' }]) {
      const stranger = replay(department(desk).admin, message.id, query);
      await expect(stranger).rejects.toMatchObject({ code: 'not-found' });
      await expect(replay(officer, message.id, query)).rejects.toMatchObject({ code: 'forbidden' });
    }
    const held = await own.source({ networks: ['192.0.2.1'] });
    await desk.send(dispatchMail(), held.address);
    const { id } = await own.messageOnce('quarantined');
    for (const query of [{}, { dryRun: 'true' }]) {
      await expect(replay(own.admin, id, query)).rejects.toMatchObject({ code: 'conflict' });
    }
  });
});
