/** What the infrastructure makes, made on engines: tables, queues, buckets, keys. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type AwsSettings, clientConfig } from '#shared/aws/sdk/client.ts';
import { isNamed } from '#shared/aws/sdk/failures.ts';

/** A queue as the infrastructure makes it; making it again changes nothing. */
export async function makeQueue(aws: AwsSettings, name: string, triesMax: number): Promise<void> {
  const client = new SQSClient(clientConfig(aws));
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: Attributes?.QueueArn,
    maxReceiveCount: triesMax,
  });
  await client.send(new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy } }));
  client.destroy();
}

/** A table as the infrastructure makes it; one that is there already stays. */
export async function makeTable(aws: AwsSettings, name: string): Promise<void> {
  const client = new DynamoDBClient(clientConfig(aws));
  const keys = [
    ['pk', 'HASH'],
    ['sk', 'RANGE'],
  ] as const;
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
    AttributeDefinitions: keys.map(([AttributeName]) => ({ AttributeName, AttributeType: 'S' })),
  });
  await client.send(command).catch((error: unknown) => {
    if (!isNamed(error, ['ResourceInUseException'])) throw error;
  });
  client.destroy();
}
