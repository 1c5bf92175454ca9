import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rejectCadMessage, releaseCadMessage, replayCadMessage } from '#contracts/cad-messages.ts';
import { until } from '#test/support/api.ts';
import { type Desk, department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';
import { keyRecord, signed, zoneResolver } from './signed-mail.ts';
import { openDialog } from './smtp-dialog.ts';

let desk: Desk;
beforeAll(async () => {
  const resolver = zoneResolver({ 's1._domainkey.county.example': keyRecord });
  desk = await openDesk({ resolver });
});
afterAll(() => desk[Symbol.asyncDispose]());

const eventsOf = (id: string) => desk.events.filter(({ object }) => object.id === id);

describe('a mail that nothing vouches for', () => {
  const folder = new URL('./mails/doubtful/', import.meta.url);
  test.each(readdirSync(folder))('%s is quarantined for its reason', async (file) => {
    const own = department(desk);
    const source = await own.source();
    const raw = readFileSync(new URL(file, folder));
    await using dialog = await openDialog(desk.smtpPort);
    await dialog.say('EHLO mx.county.example');
    expect(await dialog.mail(raw, { to: source.address })).toMatch(/^250 /);
    const [message] = await own.messages();
    expect(message).toMatchObject({ status: 'quarantined', trust: { verdict: 'untrusted' } });
    expect(message?.trust.reasons).toContain(file.split('.')[0]);
  });

  test('waits in quarantine, and makes nothing until a person releases it', async () => {
    const own = department(desk);
    const source = await own.source({ networks: ['192.0.2.0/24'] });
    await desk.send(dispatchMail(), source.address);
    const waiting = await own.messageOnce('quarantined');
    expect(waiting.trust).toEqual({ verdict: 'untrusted', reasons: ['network-not-listed'] });
    expect(await own.incidents()).toEqual([]);

    const params = { id: waiting.id };
    const stale = desk.client.call(releaseCadMessage, { params }, own.admin, { ifMatch: 7 });
    await expect(stale).rejects.toMatchObject({ code: 'version-mismatch' });
    const body = { reason: 'the centre moved' };
    const options = { ifMatch: waiting.version };
    const released = await desk.client.call(
      releaseCadMessage,
      { params, body },
      own.admin,
      options,
    );
    expect(released).toMatchObject({ version: 2, body: { status: 'received' } });
    const [incident] = await own.incidentsOnce(1);
    const message = await own.messageOnce('processed');
    expect(message).toMatchObject({ incidentId: incident?.id, trust: { verdict: 'untrusted' } });
    const events = await until(
      'the events',
      async () => eventsOf(waiting.id),
      (found) => found.length === 3,
    );
    expect(events[1]).toMatchObject({
      action: 'cad-ingest.message.released',
      reason: 'the centre moved',
      actor: { type: 'user', id: own.admin.subject.id },
    });
    const again = desk.client.call(releaseCadMessage, { params }, own.admin);
    await expect(again).rejects.toMatchObject({ code: 'conflict' });
  });

  test('can be rejected, and then stays out', async () => {
    const own = department(desk);
    const source = await own.source({ networks: ['192.0.2.0/24'] });
    const raw = dispatchMail();
    await desk.send(raw, source.address);
    const { id } = await own.messageOnce('quarantined');
    const input = { params: { id }, body: { reason: 'advertising' } };
    const { body } = await desk.client.call(rejectCadMessage, input, own.admin);
    expect(body).toMatchObject({ status: 'rejected', reason: 'advertising', version: 2 });
    for (const operation of [releaseCadMessage, rejectCadMessage, replayCadMessage]) {
      const late = desk.client.call(operation, { params: { id } }, own.admin);
      await expect(late).rejects.toMatchObject({ code: 'conflict' });
    }
    await desk.send(raw, source.address);
    expect(await own.messages()).toHaveLength(1);
    expect(await own.incidents()).toEqual([]);
  });

  test.each([
    [
      'another envelope sender',
      'desk@county.example',
      'x@other.example',
      'envelope-sender-not-listed',
    ],
    ['the null sender', 'desk@county.example', '', 'null-sender'],
    ['another From', 'x@other.example', 'desk@county.example', 'sender-not-listed'],
  ])('%s is quarantined', async (_, from, envelopeSender, reason) => {
    const own = department(desk);
    const source = await own.source();
    await desk.send(dispatchMail({ from }), source.address, envelopeSender);
    const { trust } = await own.messageOnce('quarantined');
    expect(trust.reasons).toEqual([reason]);
  });

  test('a source that wants authentication takes signed mail and no other', async () => {
    const own = department(desk);
    const source = await own.source({ trust: 'authenticated', senders: ['@county.example'] });
    await desk.send(dispatchMail(), source.address);
    const unsigned = await own.messageOnce('quarantined');
    expect(unsigned.trust.reasons).toEqual(['not-authenticated']);
    const raw = await signed(dispatchMail(), { domain: 'county.example' });
    await desk.send(raw, source.address);
    const message = await own.messageOnce('processed');
    expect(message.trust).toEqual({ verdict: 'trusted', reasons: ['dkim-aligned'] });
  });
});
