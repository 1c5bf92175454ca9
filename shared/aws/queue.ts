/**
 * The queue port on SQS: a standard queue, and the dead-letter queue that its redrive policy names.
 *
 * 1. `send` is one message; SQS has it in several places before it answers.
 * 2. `receive` is a long poll; SQS hides what it hands out for one lease and counts the try.
 * 3. `done` deletes the message, `extend` and `retry` move the moment at which it shows again. What
 *    has had its last try goes to the dead letters when somebody next asks for work.
 *
 * SQS cannot tell whether an older receipt still holds. A process knows of what it has received and
 * ended itself (queue-receipts.ts), and asks SQS about the rest.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { QUEUE_BODY_BYTES_MAX } from '#contracts/limits.ts';
import type { Delivery, Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { openReceipts } from './queue-receipts.ts';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { asked, atOpening, isNamed, unavailable } from './sdk/failures.ts';

/** What SQS gives out in one answer, and for how long it lets one wait, at most. */
const ANSWER_MESSAGES_MAX = 10;
const POLL_SECONDS_MAX = 20;
/** Over the longest poll: an answer is late only after that. */
const ANSWER_MS_MAX = (POLL_SECONDS_MAX + 5) * 1_000;
/** SQS hides a message for at most 12 hours. */
const DELAY_SECONDS_MAX = 43_200;
/** What SQS says of a receipt that holds no more. */
const LOST = ['MessageNotInflight', 'ReceiptHandleIsInvalid', 'InvalidParameterValue'];

export async function openQueue(settings: {
  readonly aws: AwsSettings;
  readonly name: string;
  readonly leaseMs: number;
  readonly triesMax: number;
}): Promise<Queue> {
  const client = new SQSClient(clientConfig(settings.aws, { answerMsMax: ANSWER_MS_MAX }));
  const leaseSeconds = Math.ceil(settings.leaseMs / 1_000);
  const { url, deadUrl } = await atOpening(`The queue ${settings.name}`, () =>
    queuesOf(client, settings),
  );
  const receipts = openReceipts();
  const closing = new AbortController();
  const assertOpen = () => {
    if (closing.signal.aborted) throw unavailable('The queue is closed.');
  };

  async function poll(limit: number, waitSeconds: number): Promise<readonly Delivery[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: Math.min(limit, ANSWER_MESSAGES_MAX),
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: leaseSeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const { Messages = [] } = await client.send(command, { abortSignal: closing.signal });
    const deliveries = Messages.map(deliveryOf);
    for (const delivery of deliveries) receipts.received(delivery);
    return deliveries;
  }

  /** Goes on asking without a wait while full answers come, up to the limit. */
  async function pollAll(limit: number, waitSeconds: number): Promise<readonly Delivery[]> {
    let last = await poll(limit, waitSeconds);
    const found = [...last];
    while (last.length === ANSWER_MESSAGES_MAX && found.length < limit) {
      last = await poll(limit - found.length, 0);
      found.push(...last);
    }
    return found;
  }

  /** `false` when SQS says that the receipt does not hold. */
  async function hide(delivery: Delivery, seconds: number): Promise<boolean> {
    const ReceiptHandle = delivery.receipt;
    return holds(() =>
      client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url,
          ReceiptHandle,
          VisibilityTimeout: seconds,
        }),
      ),
    );
  }

  return {
    async send(body) {
      const MessageBody = bodyText(body);
      assertOpen();
      await asked(() => client.send(new SendMessageCommand({ QueueUrl: url, MessageBody })));
    },
    async receive({ limit, waitMs }) {
      assertOpen();
      const endsAt = performance.now() + waitMs;
      try {
        for (;;) {
          const leftSeconds = Math.floor((endsAt - performance.now()) / 1_000);
          const waitSeconds = Math.max(0, Math.min(leftSeconds, POLL_SECONDS_MAX));
          const found = await asked(() => pollAll(limit, waitSeconds));
          const leftMs = endsAt - performance.now();
          if (found.length > 0 || leftMs <= 0) return found;
          // SQS waits for whole seconds: what is left of one is waited for here.
          if (leftMs < 1_000) await pause(leftMs, closing.signal);
        }
      } catch (error) {
        if (closing.signal.aborted) return [];
        throw error;
      }
    },
    async done(delivery) {
      assertOpen();
      if (!receipts.mayHold(delivery)) return false;
      const command = { QueueUrl: url, ReceiptHandle: delivery.receipt };
      const held = await holds(() => client.send(new DeleteMessageCommand(command)));
      receipts.ended(delivery);
      return held;
    },
    async extend(delivery) {
      assertOpen();
      return receipts.mayHold(delivery) && (await hide(delivery, leaseSeconds));
    },
    async retry(delivery, { delayMs }) {
      assertOpen();
      if (!receipts.mayHold(delivery)) return;
      receipts.ended(delivery);
      await hide(delivery, Math.min(Math.ceil(delayMs / 1_000), DELAY_SECONDS_MAX));
    },
    async depth() {
      assertOpen();
      const [work, dead] = await Promise.all([countsOf(client, url), countsOf(client, deadUrl)]);
      return {
        waiting: work.visible + work.delayed,
        leased: work.hidden,
        dead: dead.visible + dead.hidden + dead.delayed,
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      client.destroy();
    },
  };
}

const redrivePolicy = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number(),
});

/** Addresses of the queue and of its dead letters; refuses a queue that is not set up as it must be. */
async function queuesOf(
  client: SQSClient,
  { name, triesMax }: { readonly name: string; readonly triesMax: number },
): Promise<{ readonly url: string; readonly deadUrl: string }> {
  const url = await urlOf(client, name);
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['RedrivePolicy'] }),
  );
  const text = Attributes.RedrivePolicy ?? '';
  if (text === '') throw new Error(`the queue ${name} needs a redrive policy to its dead letters`);
  const policy = redrivePolicy.parse(JSON.parse(text));
  if (policy.maxReceiveCount !== triesMax) {
    throw new Error(`the queue ${name} must have maxReceiveCount ${triesMax}`);
  }
  const deadName = policy.deadLetterTargetArn.split(':').at(-1) ?? '';
  return { url, deadUrl: await urlOf(client, deadName) };
}

async function urlOf(client: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`there is no queue ${name}`);
  return QueueUrl;
}

async function countsOf(client: SQSClient, url: string) {
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ] as const;
  const command = { QueueUrl: url, AttributeNames: [...names] };
  const { Attributes = {} } = await asked(() =>
    client.send(new GetQueueAttributesCommand(command)),
  );
  const [visible = 0, hidden = 0, delayed = 0] = names.map((name) => Number(Attributes[name] ?? 0));
  return { visible, hidden, delayed };
}

async function holds(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await asked(call);
    return true;
  } catch (error) {
    if (isNamed(error, LOST)) return false;
    throw error;
  }
}

function deliveryOf({ MessageId, Body, ReceiptHandle, Attributes }: Message): Delivery {
  if (MessageId === undefined || ReceiptHandle === undefined) {
    throw new Error('SQS gave a message without its id or receipt');
  }
  return {
    id: MessageId,
    body: bodyOf(Body ?? ''),
    tries: Number(Attributes?.ApproximateReceiveCount ?? 1),
    receipt: ReceiptHandle,
  };
}

/** What others put into the queue may be no JSON: it comes as its text, to be judged by the service. */
function bodyOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** SQS takes the characters of XML 1.0: JSON escapes all the others but these two. */
function bodyText(body: Json): string {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes > QUEUE_BODY_BYTES_MAX) {
    throw new Problem('too-large', {
      detail: `Work of ${bytes} bytes is over the limit of ${QUEUE_BODY_BYTES_MAX}.`,
    });
  }
  return text.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
