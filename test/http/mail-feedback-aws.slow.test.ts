import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openQueue } from '#shared/aws/queue.ts';
import { until } from '#test/support/api.ts';
import { awsAt, hasEngine, moto } from '#test/support/aws-engines.ts';
import { makeQueue } from '#test/support/aws-resources.ts';
import { openDepartment, openPerson, openTestGateway, platformOf } from '#test/support/http.ts';
import { bounceOf, complaintOf } from '#test/support/mail-feedback.ts';
import { makeTopic, publish } from '#test/support/sns.ts';

const LEASE = { leaseMs: 30_000, triesMax: 5 };
/** An engine of AWS takes its time to start on a busy machine. */
const TEST_MS_MAX = 60_000;

test.skipIf(!hasEngine(moto))(
  'what SNS and SQS tell of mail suppresses it in both kinds of delivery; the rest are dead letters',
  async () => {
    await using engine = await moto.start();
    const aws = awsAt(engine);
    const name = `feedback-${randomBytes(4).toString('hex')}`;
    await makeQueue(aws, name, LEASE.triesMax);
    await using watched = await openQueue({ aws, name, ...LEASE });
    await using feedback = await openQueue({ aws, name, ...LEASE });
    await using gateway = await openTestGateway({ feedback });
    const department = await openDepartment(gateway, await platformOf(gateway), 'sns-fire');
    const sentAt = new Date();
    for (const [place, isRaw] of [false, true].entries()) {
      const { id, email } = await openPerson(department, `p${place}@sns-fire.example`, ['officer']);
      const topic = await makeTopic(engine, `${name}-${place}`, { queue: name, isRaw });
      const about = { address: email, sentAt };
      const message = isRaw ? bounceOf(about) : complaintOf(about);
      await publish(engine, topic, message);
      // Topics and queues deliver more than once, now and then.
      await publish(engine, topic, message);
      await publish(engine, topic, { eventType: 'Bounce', what: 'nobody knows' });
      const items = await until(
        'the suppression',
        async () => (await department.admin.get('/v1/mail/suppressions')).body.items,
        (found: { id: string }[]) => found.some((each) => each.id === id),
      );
      expect(items).toContainEqual(
        expect.objectContaining({ id, reason: isRaw ? 'bounced' : 'complained' }),
      );
    }
    await until(
      'the queue to be empty but for its dead letters',
      () => watched.depth(),
      ({ waiting, leased, dead }) => waiting + leased === 0 && dead === 2,
    );
    await gateway.settled();
    const told = gateway.ledger.filter(({ action }) => action === 'gateway.mail.suppressed');
    expect(told).toHaveLength(2);
  },
  TEST_MS_MAX,
);
