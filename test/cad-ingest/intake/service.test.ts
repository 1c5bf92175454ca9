import { hash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRawCadMessage } from '#contracts/cad-messages.ts';
import { until } from '#test/support/api.ts';
import { costlyMails } from './costly-mails.ts';
import { type Desk, department, disclosed, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

/** What a mail is when it was sent: SMTP ends it with one line break. */
const sent = (raw: string) => raw.replace(/(\r\n)*$/, '\r\n');

const eventsOf = (id: string) => desk.events.filter(({ object }) => object.id === id);

describe('a mail to a source', () => {
  test('becomes an incident, and both say of each other', async () => {
    const own = department(desk);
    const source = await own.source();
    const raw = dispatchMail();
    const answer = await desk.send(raw, source.address);
    expect(answer).toMatchObject({ accepted: [source.address], response: /^250 / });

    const [incident] = await own.incidentsOnce(1);
    const message = await own.messageOnce('processed');
    expect(message).toMatchObject({
      sourceId: source.id,
      from: 'desk@county.example',
      subject: 'CAD Page',
      sha256: hash('sha256', sent(raw)),
      sizeBytes: sent(raw).length,
      trust: { verdict: 'trusted', reasons: ['network-listed'] },
      incidentId: incident?.id,
      outcome: 'created',
      tries: 1,
      version: 2,
    });
    expect(incident?.source).toMatchObject({ type: 'cad', messageId: message.id });
    expect(incident?.messageIds).toEqual([message.id]);
  });

  test('is told to the ledger by hash, size and verdict, and by nothing that it says', async () => {
    const own = department(desk);
    const source = await own.source();
    await desk.send(dispatchMail(), source.address);
    const message = await own.messageOnce('processed');
    const [received, processed] = await until(
      'the events',
      async () => eventsOf(message.id),
      (events) => events.length === 2,
    );
    expect(received).toMatchObject({
      action: 'cad-ingest.message.received',
      tenant: own.tenant,
      actor: { type: 'service', id: 'cad-ingest' },
      object: { type: 'cad-message', id: message.id, version: 1 },
    });
    expect(disclosed(received)).toEqual({
      reasons: { after: ['network-listed'] },
      sha256: { after: message.sha256 },
      sizeBytes: { after: message.sizeBytes },
      sourceId: { after: source.id },
      status: { after: 'received' },
      verdict: { after: 'trusted' },
    });
    expect(processed).toMatchObject({
      action: 'cad-ingest.message.processed',
      object: { version: 2 },
    });
    expect(disclosed(processed)).toMatchObject({
      status: { before: 'received', after: 'processed' },
      incidentId: { after: message.incidentId },
      outcome: { after: 'created' },
    });
  });

  test('keeps its raw bytes, unchanged, behind a signed URL of five minutes', async () => {
    const own = department(desk);
    const source = await own.source();
    const raw = dispatchMail({ header: 'X-Odd:  two  blanks \r\n' });
    await desk.send(raw, source.address);
    const { id } = await own.messageOnce('processed');
    const answer = await desk.client.call(readRawCadMessage, { params: { id } }, own.admin);
    const lifetimeMs = Date.parse(answer.body.expiresAt) - desk.test.clock();
    expect(lifetimeMs).toBeGreaterThan(250_000);
    expect(lifetimeMs).toBeLessThanOrEqual(300_000);
    const { door } = await desk.test.host.blobs('cad-mail');
    const served = await door.serve(new URL(answer.body.url).pathname.split('/').at(-1) ?? '');
    expect(served).toMatchObject({
      status: 200,
      headers: { 'content-type': 'message/rfc822' },
    });
    if (served.body === undefined) throw new Error('nothing was served');
    expect((await buffer(served.body)).toString()).toBe(sent(raw));
    await until(
      'the event of the read',
      async () => eventsOf(id).map(({ action }) => action),
      (actions) => actions.includes('cad-ingest.message.raw-read'),
    );
  });

  test('comes twice and is one message, acknowledged both times', async () => {
    const own = department(desk);
    const source = await own.source();
    const raw = dispatchMail();
    const answers = await Promise.all([
      desk.send(raw, source.address),
      desk.send(raw, source.address),
    ]);
    answers.push(await desk.send(raw, source.address));
    for (const { response } of answers) expect(response).toMatch(/^250 /);
    await own.messageOnce('processed');
    expect(await own.messages()).toHaveLength(1);
    expect(await own.incidents()).toHaveLength(1);
  });

  test('with one changed byte is another message', async () => {
    const own = department(desk);
    const source = await own.source();
    const raw = dispatchMail();
    await desk.send(raw, source.address);
    await desk.send(raw.replace('CHIMNEY', 'CHIMNEY '), source.address);
    await until(
      'both',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 2,
    );
  });
});

describe('the envelope alone selects the source', () => {
  test('two recipients of two departments get a message and an incident each', async () => {
    const [one, other] = [department(desk), department(desk)];
    const [first, second] = [await one.source(), await other.source()];
    const answer = await desk.send(dispatchMail(), [first.address, second.address]);
    expect(answer.accepted).toEqual([first.address, second.address]);
    const [mine] = await one.incidentsOnce(1);
    const [theirs] = await other.incidentsOnce(1);
    expect(mine?.id).not.toBe(theirs?.id);
    const [mineMessage, theirMessage] = [await one.messages(), await other.messages()];
    expect(mineMessage[0]?.sourceId).toBe(first.id);
    expect(theirMessage[0]?.sourceId).toBe(second.id);
    expect(mineMessage[0]?.id).not.toBe(theirMessage[0]?.id);
  });

  test('two sources of one department get a message each', async () => {
    const own = department(desk);
    const [first, second] = [await own.source(), await own.source({ name: 'State police' })];
    await desk.send(dispatchMail(), [first.address, second.address]);
    await until(
      'both',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 2,
    );
    expect(await own.messages({ sourceId: first.id })).toHaveLength(1);
    expect(await own.messages({ sourceId: second.id, status: 'processed' })).toHaveLength(1);
    expect(await own.messages({ sourceId: second.id, status: 'received' })).toHaveLength(0);
  });

  test('an address in To: means nothing, and casing does not matter', async () => {
    const [one, other] = [department(desk), department(desk)];
    const [first, second] = [await one.source(), await other.source()];
    const raw = dispatchMail({ header: `Cc: ${second.address}\r\n` });
    await desk.send(raw, first.address.toUpperCase());
    await one.incidentsOnce(1);
    expect(await other.messages()).toEqual([]);
  });
});

describe('a mail that cannot be read', () => {
  const refusals = Object.entries(costlyMails).filter(([, { expected }]) => expected !== 'cut');
  test.each(refusals)('(%s) is an incident that needs review', async (_, { raw, expected }) => {
    const own = department(desk);
    const source = await own.source();
    await desk.send(raw, source.address);
    await desk.send(dispatchMail(), source.address);
    const incidents = await own.incidentsOnce(2);
    const messages = await until(
      'both',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 2,
    );
    const [good, costly] = messages;
    expect(costly).toMatchObject({ reason: expected, draft: { kind: 'other', fields: {} } });
    expect(good?.reason).toBeUndefined();
    const review = incidents.find(({ id }) => id === costly?.incidentId);
    expect(review).toMatchObject({ needsReview: true, messageIds: [costly?.id] });
  });

  test('a megabyte of nested tags holds up nobody', async () => {
    const own = department(desk);
    const source = await own.source();
    const tags = costlyMails['a megabyte of nested tags']?.raw ?? '';
    await desk.send(tags, source.address);
    await desk.send(dispatchMail(), source.address);
    await own.incidentsOnce(2);
  });
});
