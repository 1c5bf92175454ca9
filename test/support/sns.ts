/** Topics on an engine, made and published to as AWS does it for SES. */
import type { Json } from '#shared/ports/tables.ts';
import type { Engine } from './aws-engines.ts';

/** A topic that delivers into the queue, bare or in an envelope; answers its ARN. */
export async function makeTopic(
  engine: Engine,
  name: string,
  to: { readonly queue: string; readonly isRaw: boolean },
): Promise<string> {
  const made = await sns(engine, { Action: 'CreateTopic', Name: name });
  const topic = /<TopicArn>([^<]+)</.exec(made)?.[1] ?? '';
  await sns(engine, {
    Action: 'Subscribe',
    TopicArn: topic,
    Protocol: 'sqs',
    Endpoint: `arn:aws:sqs:us-east-1:123456789012:${to.queue}`,
    'Attributes.entry.1.key': 'RawMessageDelivery',
    'Attributes.entry.1.value': String(to.isRaw),
  });
  return topic;
}

export async function publish(engine: Engine, topic: string, message: Json): Promise<void> {
  const Message = JSON.stringify(message);
  await sns(engine, { Action: 'Publish', TopicArn: topic, Message });
}

/** SNS by its own protocol: its SDK is nothing that the product needs. */
async function sns({ url }: Engine, form: Readonly<Record<string, string>>): Promise<string> {
  const credential = 'Credential=testing/20310203/us-east-1/sns/aws4_request';
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: '2010-03-31', ...form }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
