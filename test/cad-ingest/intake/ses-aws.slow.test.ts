import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openBlobs } from '#shared/aws/blobs.ts';
import { openQueue } from '#shared/aws/queue.ts';
import { until } from '#test/support/api.ts';
import { awsAt, hasEngine, moto } from '#test/support/aws-engines.ts';
import { makeBucket, makeQueue, versionsIn } from '#test/support/aws-resources.ts';
import { makeTopic, publish } from '#test/support/sns.ts';
import { BUCKET, department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';
import { receiptNotification } from './ses-mails.ts';

/** An engine of AWS takes its time to start on a busy machine. */
const TEST_MS_MAX = 60_000;

test.skipIf(!hasEngine(moto))(
  'a mail in S3 that SNS and SQS tell of becomes an incident, in both kinds of delivery',
  async () => {
    await using engine = await moto.start();
    const aws = awsAt(engine);
    const name = `received-${randomBytes(4).toString('hex')}`;
    await makeBucket(aws, BUCKET, { isLocked: false });
    await makeQueue(aws, name, 5);
    await using stores = await openBlobs({ aws, bucket: BUCKET, clock: Date.now });
    const { blobs } = stores;
    await using watched = await openQueue({ aws, name, leaseMs: 30_000, triesMax: 5 });
    await using desk = await openDesk({
      received: () => openQueue({ aws, name, leaseMs: 30_000, triesMax: 5 }),
      faulty: ({ queue }) => ({ queue, blobs }),
    });
    const own = department(desk);
    const source = await own.source({ trust: 'authenticated', networks: [] });
    for (const [place, isRaw] of [false, true].entries()) {
      const topic = await makeTopic(engine, `${name}-${place}`, { queue: name, isRaw });
      const key = `ses/${randomBytes(20).toString('hex')}`;
      await blobs.put(key, Buffer.from(dispatchMail()));
      const told = receiptNotification({ recipients: [source.address], key });
      await publish(engine, topic, told);
      // Topics and queues deliver more than once, now and then.
      await publish(engine, topic, told);
      await own.incidentsOnce(place + 1);
    }
    await until(
      'the queue to be empty',
      () => watched.depth(),
      ({ waiting, leased }) => waiting + leased === 0,
    );
    expect(await watched.depth()).toMatchObject({ dead: 0 });
    expect(await own.messages()).toHaveLength(2);
    // The bucket keeps versions: of the copy that SES had put, an expungement would not know.
    expect(await versionsIn(aws, { bucket: BUCKET, prefix: 'ses/' })).toEqual([]);
  },
  TEST_MS_MAX,
);
