/** What only a queue of AWS can meet: others who write to it, its absence, its setting up. */
import { randomBytes } from 'node:crypto';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test as plain } from 'vitest';
import { openQueue } from '#shared/aws/queue.ts';
import { clientConfig } from '#shared/aws/sdk/client.ts';
import { awsAt } from '#test/support/aws-engines.ts';
import { makeQueue } from '#test/support/aws-resources.ts';
import { type Fate, openFaultyProxy } from '#test/support/faulty-proxy.ts';
import { motoOfProcess, onMoto } from './aws-adapters.ts';

const { missing, name: on } = onMoto();
const test = plain.skipIf(missing);

const SETTINGS = { leaseMs: 30_000, triesMax: 3 };
const NOW = { limit: 10, waitMs: 0 };

async function opened(fate: () => Fate = () => 'pass') {
  const stack = new AsyncDisposableStack();
  const engine = await motoOfProcess();
  const proxy = stack.use(await openFaultyProxy(engine.url, fate));
  const aws = awsAt(engine);
  const name = `q${randomBytes(6).toString('hex')}`;
  await makeQueue(aws, name, SETTINGS.triesMax);
  const through = awsAt({ ...engine, url: proxy.url });
  const queue = stack.use(await openQueue({ aws: through, name, ...SETTINGS }));
  const client = new SQSClient(clientConfig(aws));
  stack.defer(() => client.destroy());
  const QueueUrl = `${engine.url}/123456789012/${name}`;
  return { aws, name, queue, client, QueueUrl, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe(`the queue on ${on}`, () => {
  test('gives what others have put there as its text when it is no JSON', async () => {
    await using made = await opened();
    const { QueueUrl } = made;
    for (const MessageBody of ['not { JSON', '{"Type":"Notification"}']) {
      await made.client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    }
    const bodies = (await made.queue.receive(NOW)).map(({ body }) => body);
    expect(bodies).toEqual(['not { JSON', { Type: 'Notification' }]);
  });

  test('carries every character, also those that SQS takes in no message', async () => {
    await using made = await opened();
    const body = 'a\u0000b\u001f\ufffe\uffff\ud800 🚒 "\\uffff"';
    await made.queue.send({ [body]: body });
    const [delivery] = await made.queue.receive(NOW);
    expect(delivery?.body).toEqual({ [body]: body });
  });

  test('gives more at a time than SQS does in one answer', async () => {
    await using made = await opened();
    for (let i = 0; i < 23; i += 1) await made.queue.send(i);
    expect(await made.queue.receive({ limit: 22, waitMs: 0 })).toHaveLength(22);
  });

  test('says unavailable while SQS is away', async () => {
    let isAway = false;
    await using made = await opened(() => (isAway ? 'refuse' : 'pass'));
    isAway = true;
    const refused = { code: 'unavailable' };
    await expect(made.queue.send('work')).rejects.toMatchObject(refused);
    await expect(made.queue.receive(NOW)).rejects.toMatchObject(refused);
    await expect(made.queue.depth()).rejects.toMatchObject(refused);
  });

  test('is not opened where it is missing or set up otherwise, and says which and why', async () => {
    await using made = await opened();
    const { aws, name } = made;
    await expect(openQueue({ aws, name: 'not-made', ...SETTINGS })).rejects.toThrow('not-made');
    const other = { aws, name, ...SETTINGS, triesMax: 9 };
    await expect(openQueue(other)).rejects.toThrow('must have maxReceiveCount 9');
    const bare = `q${randomBytes(6).toString('hex')}`;
    await made.client.send(new CreateQueueCommand({ QueueName: bare }));
    await expect(openQueue({ aws, name: bare, ...SETTINGS })).rejects.toThrow('dead letters');
  });
});
