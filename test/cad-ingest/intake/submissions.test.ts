import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCadMessage, submitCadMessage } from '#contracts/cad-messages.ts';
import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf } from '#contracts/operation.ts';
import { scanHeader } from '#services/cad-ingest/intake/header-scan.ts';
import { mailOf } from '#services/cad-ingest/intake/submission.ts';
import { readMime } from '#services/cad-ingest/processing/mime.ts';
import { until } from '#test/support/api.ts';
import { person } from '#test/support/host.ts';
import { type Department, type Desk, department, disclosed, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

type Body = InputOf<typeof submitCadMessage>['body'];

const keyOf = ({ admin }: Department, cadSource: string): CallerClaims => ({
  ...admin,
  subject: { type: 'key', id: randomUUIDv7().replaceAll('-', ''), name: 'Vendor' },
  scopes: ['cad-messages:submit'],
  cadSource,
});
const submit = (caller: CallerClaims, body: Body) =>
  desk.client.call(submitCadMessage, { body }, caller);

const page = { subject: 'CAD Page', body: 'CALL: CHIMNEY FIRE\nADDR: 12 Mill Rd\nID: 31-777' };

describe('a message submitted with a key', () => {
  test('becomes an incident as mail does, and the ledger hears which key it was', async () => {
    const own = department(desk);
    const key = keyOf(own, (await own.source({ networks: ['192.0.2.1'] })).id);
    const { body, version } = await submit(key, { id: 'call-1', ...page });
    expect(body).toMatchObject({ status: 'received', trust: { reasons: ['key-vouches'] } });
    expect(version).toBe(1);
    const [incident] = await own.incidentsOnce(1);
    expect(incident).toMatchObject({
      nature: 'CHIMNEY FIRE',
      address: '12 Mill Rd',
      number: '31-777',
      source: { type: 'cad', messageId: body.id, sha256: body.sha256 },
    });
    const isOfMail = ({ object }: { object: { id: string } }) => object.id === body.id;
    const [event] = await until(
      'the event',
      async () => desk.events.filter(isOfMail),
      (events) => events.length > 0,
    );
    expect(event?.actor).toMatchObject({ type: 'key', id: key.subject.id });
    expect(JSON.stringify(disclosed(event))).not.toContain('CHIMNEY');
  });

  test('again by the same id is the same; with other content it is refused', async () => {
    const own = department(desk);
    const key = keyOf(own, (await own.source()).id);
    const first = await submit(key, { id: 'call-2', ...page });
    const again = await Promise.all([1, 2, 3].map(() => submit(key, { id: 'call-2', ...page })));
    expect(again.map(({ body }) => body.id)).toEqual([1, 2, 3].map(() => first.body.id));
    const other = submit(key, { id: 'call-2', ...page, body: 'CALL: ALARM' });
    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    await own.incidentsOnce(1);
    expect(await own.messages()).toHaveLength(1);
  });

  test('as a whole mail is that mail, also when it comes by SMTP too', async () => {
    const own = department(desk);
    const source = await own.source();
    const key = keyOf(own, source.id);
    const mail = dispatchMail();
    const raw = Buffer.from(mail).toString('base64');
    const { body } = await submit(key, { raw });
    await desk.send(mail, source.address);
    expect((await submit(key, { raw })).body.id).toBe(body.id);
    await own.incidentsOnce(1);
    expect(await own.messages()).toHaveLength(1);
  });

  test('as a mail whose header can be read in two ways waits for a person', async () => {
    const own = department(desk);
    const key = keyOf(own, (await own.source()).id);
    const mail = dispatchMail({ header: 'Subject: another\r\n' });
    const { body } = await submit(key, { raw: Buffer.from(mail).toString('base64') });
    expect(body).toMatchObject({ status: 'quarantined', trust: { reasons: ['header-repeated'] } });
  });

  test('keeps the time at which the vendor had it, within a week', async () => {
    const own = department(desk);
    const key = keyOf(own, (await own.source()).id);
    const at = (hoursAgo: number) =>
      new Date(desk.test.clock() - hoursAgo * 3_600_000).toISOString();
    const receivedAt = at(2);
    const { body } = await submit(key, { id: 'late', ...page, receivedAt });
    expect(body.receivedAt).toBe(receivedAt);
    for (const wrong of [at(8 * 24), at(-1)]) {
      await expect(submit(key, { id: 'x', ...page, receivedAt: wrong })).rejects.toMatchObject({
        particulars: { errors: [{ pointer: '#/body/receivedAt' }] },
      });
    }
  });
});

describe('the door', () => {
  test('takes a key for its own source alone', async () => {
    const own = department(desk);
    const [first, second] = [await own.source(), await own.source()];
    const key = keyOf(own, first.id);
    const beside = submit(key, { id: 'a', ...page, sourceId: second.id });
    await expect(beside).rejects.toMatchObject({ code: 'forbidden' });
    const strange = submit(keyOf(department(desk), first.id), { id: 'a', ...page });
    await expect(strange).rejects.toMatchObject({ code: 'not-found' });
    const nowhere = submit(own.admin, { id: 'a', ...page, sourceId: randomUUIDv7() });
    await expect(nowhere).rejects.toMatchObject({
      code: 'not-found',
      particulars: { errors: [{ pointer: '#/body/sourceId' }] },
    });
    const read = desk.client.call(readCadMessage, { params: { id: randomUUIDv7() } }, key);
    await expect(read).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('takes an administrator who names the source, and nobody else', async () => {
    const own = department(desk);
    const source = await own.source();
    const { body } = await submit(own.admin, { id: 'b', ...page, sourceId: source.id });
    expect(body.sourceId).toBe(source.id);
    const nameless = submit(own.admin, { id: 'b', ...page });
    await expect(nameless).rejects.toMatchObject({
      particulars: { errors: [{ pointer: '#/body/sourceId' }] },
    });
    const supervisor = person({ tenant: own.tenant, roles: ['supervisor'] });
    const refused = submit(supervisor, { id: 'b', ...page, sourceId: source.id });
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
  });

  test.each([
    [{}, ['#/body/id', '#/body/body']],
    [{ id: 'x' }, ['#/body/body']],
    [{ body: 'CALL: FIRE' }, ['#/body/id']],
    [{ raw: 'RnJvbTo=', id: 'x' }, ['#/body/raw']],
    [{ raw: 'not base64!' }, ['#/body/raw']],
  ])('refuses %j and says where', async (body, pointers) => {
    const own = department(desk);
    const key = keyOf(own, (await own.source()).id);
    await expect(submit(key, body)).rejects.toMatchObject({
      code: 'validation',
      particulars: { errors: pointers.map((pointer) => ({ pointer })) },
    });
  });
});

describe('stores in trouble', () => {
  test('a submitted message whose queue fails is worked on after a restart, and once', async () => {
    let fails = true;
    await using troubled = await openDesk({
      faulty: ({ blobs, queue }) => {
        const send: typeof queue.send = (...message) =>
          fails ? Promise.reject(new Error('the queue is down')) : queue.send(...message);
        return { blobs, queue: { ...queue, send } };
      },
    });
    const own = department(troubled);
    const key = keyOf(own, (await own.source()).id);
    const body = { id: 'q', ...page };
    const first = await troubled.client.call(submitCadMessage, { body }, key);
    expect(await own.incidents()).toEqual([]);
    fails = false;
    await troubled.stop();
    await troubled.start();
    await own.incidentsOnce(1);
    const again = await troubled.client.call(submitCadMessage, { body }, key);
    expect(again.body).toMatchObject({ id: first.body.id, status: 'processed' });
  });

  test('a message whose bytes cannot be kept is not taken, and can be sent again', async () => {
    let fails = true;
    await using troubled = await openDesk({
      faulty: ({ blobs, queue }) => {
        const put: typeof blobs.put = (...bytes) =>
          fails ? Promise.reject(new Error('the disk is full')) : blobs.put(...bytes);
        return { blobs: { ...blobs, put }, queue };
      },
    });
    const own = department(troubled);
    const key = keyOf(own, (await own.source()).id);
    const body = { id: 'q', ...page };
    const send = () => troubled.client.call(submitCadMessage, { body }, key);
    await expect(send()).rejects.toMatchObject({ code: 'internal' });
    expect(await own.messages()).toEqual([]);
    fails = false;
    await send();
    await own.incidentsOnce(1);
  });
});

test('whatever text is submitted, the mail made of it says the same and has a plain header', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((each) => each.toWellFormed());
  const line = text
    .map((each) => each.replaceAll(/\p{Cc}/gu, '').trim())
    .filter((each) => each !== '');
  await fc.assert(
    fc.asyncProperty(line, line, text, async (id, subject, body) => {
      const mail = mailOf({ id, sourceId: randomUUIDv7(), subject, body });
      expect(scanHeader(mail).findings).toEqual([]);
      const mime = await readMime(mail);
      expect(mime).toMatchObject({ kind: 'mime', subject: subject.replaceAll(/ +/g, ' ') });
      const read = mime.kind === 'mime' ? (mime.text ?? '') : '';
      expect(read.trimEnd()).toBe(body.replaceAll('\r\n', '\n').trimEnd());
    }),
    { numRuns: 100 },
  );
});
