import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openQueue } from '#shared/embedded/queue.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { until } from '#test/support/api.ts';
import type { TestHost } from '#test/support/host.ts';
import { type Desk, department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';
import { inSns, type ReceiptAbout, receiptNotification, s3Event } from './ses-mails.ts';

/** What the store does when SES's mail is to be kept; moved by the tests. */
const store = { isDown: false };
let received: Queue;
let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({
    received: async ({ dataDir, clock }: TestHost) => {
      const file = join(dataDir, 'received.sqlite');
      received = await openQueue({ file, leaseMs: 30_000, triesMax: 5, clock });
      return received;
    },
    faulty: ({ blobs, queue }) => ({
      queue,
      blobs: {
        ...blobs,
        async put(key, bytes) {
          if (store.isDown && !key.startsWith('ses/')) throw new Problem('unavailable');
          return blobs.put(key, bytes);
        },
      },
    }),
  });
});
afterAll(() => desk[Symbol.asyncDispose]());

let serial = 0;

/** SES takes a mail: it is in the bucket first. */
async function taken(raw: string): Promise<string> {
  serial += 1;
  const key = `ses/m${serial}`;
  await desk.blobs.put(key, Buffer.from(raw));
  return key;
}
const told = (about: ReceiptAbout) => received.send(receiptNotification(about));
const isThere = async (key: string) => (await desk.blobs.head(key)) !== undefined;
const emptied = () =>
  until(
    'the queue to be empty',
    () => received.depth(),
    ({ waiting, leased }) => waiting + leased === 0,
  );
const ofSes = { trust: 'authenticated' as const, networks: [] };

describe('a mail that SES took', () => {
  test('becomes an incident, and leaves the place where SES put it', async () => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const raw = dispatchMail();
    const key = await taken(raw);
    await told({ recipients: [source.address], key });
    const [incident] = await own.incidentsOnce(1);
    const message = await own.messageOnce('processed');
    expect(message).toMatchObject({
      incidentId: incident?.id,
      sizeBytes: raw.length,
      trust: { verdict: 'trusted', reasons: ['dmarc-pass'] },
    });
    await emptied();
    expect(await isThere(key)).toBe(false);
  });

  test('may come inside of the notification, in an envelope of SNS', async () => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const content = Buffer.from(dispatchMail()).toString('base64');
    const about = { recipients: [source.address], content, encoding: 'BASE64' };
    await received.send(inSns(receiptNotification(about)));
    await own.incidentsOnce(1);
  });

  test('is for those of its envelope: two departments have one incident each', async () => {
    const [one, two] = [department(desk), department(desk)];
    const recipients = [(await one.source(ofSes)).address, (await two.source(ofSes)).address];
    const key = await taken(dispatchMail());
    await told({ recipients: [...recipients, 'cad+nobody@desk.example'], key });
    await one.incidentsOnce(1);
    await two.incidentsOnce(1);
  });

  test('waits in quarantine when SES found something, and is kept', async () => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const key = await taken(dispatchMail());
    await told({ recipients: [source.address], key, verdicts: { virus: 'FAIL', spam: 'FAIL' } });
    const message = await own.messageOnce('quarantined');
    expect(message.trust.reasons).toEqual(['virus-found', 'spam-found']);
    expect(await own.incidents()).toEqual([]);
  });

  test('and is told of again, also when it is gone from its place, is one incident', async () => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const raw = dispatchMail();
    const key = await taken(raw);
    await told({ recipients: [source.address], key });
    await own.incidentsOnce(1);
    await emptied();
    await told({ recipients: [source.address], key });
    await received.send(s3Event(key));
    // The same mail under another name: the sender sent it twice.
    await told({ recipients: [source.address], key: await taken(raw) });
    await emptied();
    expect(await own.messages()).toHaveLength(1);
    expect(await received.depth()).toMatchObject({ dead: 0 });
  });

  test('is taken when an outage is over, and stays where it is until then', async () => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const key = await taken(dispatchMail());
    store.isDown = true;
    await told({ recipients: [source.address], key });
    await until(
      'a try to fail',
      () => received.depth(),
      ({ waiting }) => waiting === 1,
    );
    expect(await isThere(key)).toBe(true);
    store.isDown = false;
    desk.test.advance(5_000);
    await own.incidentsOnce(1);
    await emptied();
  });
});

describe('what is no mail for anybody', () => {
  test('is done with when it is a notice of a set-up, or for no source', async () => {
    const key = await taken(dispatchMail());
    await received.send({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' });
    await told({ recipients: ['cad+nobody@desk.example'], key });
    await emptied();
    expect(await received.depth()).toMatchObject({ dead: 0 });
    expect(await isThere(key)).toBe(false);
  });

  test.each<[string, (key: string, to: string) => Json]>([
    ['in another bucket', (key, to) => receipt(key, to, { bucket: 'evil' })],
    ['in another place of the bucket', (_, to) => receipt('files/a', to)],
    ['under a name with a way in it', (_, to) => receipt('ses/../a', to)],
    ['that S3 alone tells of', (key) => s3Event(key)],
    ['in another bucket, says S3', (key) => s3Event(key, 'evil')],
    ['that is unreadable', () => 'no notification'],
  ])('%s is a dead letter in the end, and the next mail goes by it', async (_, made) => {
    const own = department(desk);
    const source = await own.source(ofSes);
    const { dead } = await received.depth();
    const key = await taken(dispatchMail());
    await received.send(made(key, source.address));
    await told({ recipients: [source.address], key: await taken(dispatchMail()) });
    await own.incidentsOnce(1);
    await until(
      'the dead letter',
      async () => {
        desk.test.advance(3_600_000);
        return received.depth();
      },
      (depth) => depth.dead === dead + 1,
    );
    expect(await own.messages()).toHaveLength(1);
    expect(await isThere(key)).toBe(true);
  });
});

function receipt(key: string, to: string, about: Partial<ReceiptAbout> = {}): Json {
  return receiptNotification({ recipients: [to], key, ...about });
}
