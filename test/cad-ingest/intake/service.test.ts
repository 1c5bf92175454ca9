import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  readCadMessage,
  readRawCadMessage,
  rejectCadMessage,
  releaseCadMessage,
  replayCadMessage,
} from '#contracts/cad-messages.ts';
import { createCadSource, listCadSources, readCadSource } from '#contracts/cad-sources.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { costlyMails } from './costly-mails.ts';
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

/** What a mail is when it was sent: SMTP ends it with one line break. */
const sent = (raw: string) => raw.replace(/(\r\n)*$/, '\r\n');

/** Field names and values that an event discloses. */
const disclosed = (event: { readonly disclosures: readonly string[] } | undefined) =>
  Object.fromEntries(
    (event?.disclosures ?? []).map((text) => {
      const [, name, value] = JSON.parse(Buffer.from(text, 'base64url').toString());
      return [name, value];
    }),
  );
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

describe('sources', () => {
  test('have an address of their own that nobody can guess', async () => {
    const own = department(desk);
    const [first, second] = [await own.source(), await own.source()];
    expect(first.address).toMatch(/^cad\+[a-z2-7]{32}@desk\.example$/);
    expect(first.address).not.toBe(second.address);
    const { body, version } = await desk.client.call(
      readCadSource,
      { params: { id: first.id } },
      own.admin,
    );
    expect(body).toEqual(first);
    expect(version).toBe(1);
  });

  test('are made once for a repeated request', async () => {
    const own = department(desk);
    const body = { name: 'x', senders: ['@county.example'], trust: 'authenticated' as const };
    const create = () =>
      desk.client.call(createCadSource, { body }, own.admin, { idempotencyKey: 'k1' });
    const [first, second] = [await create(), await create()];
    expect(second.body).toEqual(first.body);
    const { items } = (await desk.client.call(listCadSources, {}, own.admin)).body;
    expect(items).toHaveLength(1);
  });

  test('are listed page by page, and the token is not told to the ledger', async () => {
    const own = department(desk);
    const made = [await own.source(), await own.source(), await own.source()];
    const list = async (cursor?: string) =>
      (await desk.client.call(listCadSources, { query: { limit: 2, cursor } }, own.admin)).body;
    const first = await list();
    const second = await list(first.next);
    expect([...first.items, ...second.items]).toEqual(made);
    expect(second.next).toBeUndefined();
    await expect(list('bm90IGEgY3Vyc29y')).rejects.toMatchObject({ code: 'invalid-cursor' });
    const [event] = await until(
      'the event',
      async () => eventsOf(made[0]?.id ?? ''),
      (events) => events.length === 1,
    );
    const token = made[0]?.address.slice(4, 36) ?? 'none';
    expect(JSON.stringify(disclosed(event))).not.toContain(token);
    expect(disclosed(event)).toHaveProperty('senders');
  });
});

describe('lists of messages', () => {
  test('go from the newest to the oldest, page by page, by status and source', async () => {
    const own = department(desk);
    const source = await own.source();
    for (let count = 0; count < 3; count += 1) {
      await desk.send(dispatchMail(), source.address);
    }
    await desk.send(dispatchMail(), source.address, 'x@other.example');
    await until(
      'three',
      () => own.messages({ status: 'processed' }),
      (all) => all.length === 3,
    );
    const all = await own.messages();
    expect(all.map(({ status }) => status)[0]).toBe('quarantined');
    for (const filter of [{ status: 'processed' as const }, { sourceId: source.id }, {}]) {
      const whole = await own.messages(filter);
      const paged = [];
      let cursor: string | undefined;
      do {
        const query = { ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) };
        const page = await own.page(query);
        paged.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
      expect(whole.map(({ id }) => id)).toEqual(
        whole
          .map(({ id }) => id)
          .toSorted()
          .toReversed(),
      );
    }
  });
});

describe('another department', () => {
  test('sees nothing of it', async () => {
    const [own, other] = [department(desk), department(desk)];
    const source = await own.source({ networks: ['192.0.2.1'] });
    await desk.send(dispatchMail(), source.address);
    const { id } = await own.messageOnce('quarantined');
    const params = { id };
    for (const operation of [
      readCadMessage,
      readRawCadMessage,
      releaseCadMessage,
      rejectCadMessage,
      replayCadMessage,
    ]) {
      const call = desk.client.call(operation, { params }, other.admin);
      await expect(call).rejects.toMatchObject({ code: 'not-found' });
    }
    const read = desk.client.call(readCadSource, { params: { id: source.id } }, other.admin);
    await expect(read).rejects.toMatchObject({ code: 'not-found' });
    expect(await other.messages()).toEqual([]);
  });

  test('and officers of the own one may not look into mails or decide on them', async () => {
    const own = department(desk);
    const source = await own.source({ networks: ['192.0.2.1'] });
    await desk.send(dispatchMail(), source.address);
    const { id } = await own.messageOnce('quarantined');
    const officer = person({ tenant: own.tenant, roles: ['officer'] });
    for (const operation of [readCadMessage, readRawCadMessage, releaseCadMessage]) {
      const call = desk.client.call(operation, { params: { id } }, officer);
      await expect(call).rejects.toMatchObject({ code: 'forbidden' });
    }
  });
});
