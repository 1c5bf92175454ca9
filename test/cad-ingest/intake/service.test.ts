import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Desk, department, dispatchMail, openDesk, send } from './desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

describe('a mail to a source', () => {
  test('becomes an incident, and both say of each other', async () => {
    const own = department(desk);
    const source = await own.source();
    const raw = dispatchMail();
    const sent = await send(desk.smtpPort, raw, source.address);
    expect(sent).toMatchObject({ accepted: [source.address], response: /^250 / });

    const [incident] = await own.incidentsOnce(1);
    const message = await own.messageOnce('processed');
    const bytes = `${raw}\r\n`.replace(/(\r\n){2}$/, '\r\n');
    expect(message).toMatchObject({
      sourceId: source.id,
      from: 'desk@county.example',
      subject: 'CAD Page',
      sha256: hash('sha256', bytes),
      sizeBytes: bytes.length,
      trust: { verdict: 'trusted', reasons: ['network-listed'] },
      incidentId: incident?.id,
      outcome: 'created',
      tries: 1,
    });
    expect(incident?.source).toMatchObject({ type: 'cad', messageId: message.id });
    expect(incident?.messageIds).toEqual([message.id]);
  });
});
