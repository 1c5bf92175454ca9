/** What the infrastructure makes, made on engines: tables, queues, buckets, keys. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SESClient, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
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

/** A bucket as the infrastructure makes it; with `isLocked` it can hold objects that nobody removes. */
export async function makeBucket(
  aws: AwsSettings,
  bucket: string,
  { isLocked }: { readonly isLocked: boolean },
): Promise<void> {
  const client = new S3Client({ ...clientConfig(aws), forcePathStyle: true });
  const at = { Bucket: bucket };
  await client
    .send(new CreateBucketCommand({ ...at, ObjectLockEnabledForBucket: isLocked }))
    .catch((error: unknown) => {
      if (!isNamed(error, ['BucketAlreadyOwnedByYou'])) throw error;
    });
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await client.send(new PutBucketVersioningCommand({ ...at, VersioningConfiguration }));
  client.destroy();
}

/** Keys of all versions of objects that begin so, marks of their removal among them. */
export async function versionsIn(
  aws: AwsSettings,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): Promise<string[]> {
  const client = new S3Client({ ...clientConfig(aws), forcePathStyle: true });
  const list = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix });
  const { Versions = [], DeleteMarkers = [] } = await client.send(list);
  client.destroy();
  return [...Versions, ...DeleteMarkers].map(({ Key = '' }) => Key);
}

/** A key of KMS for wrapping; answers its id. */
export async function makeKey(aws: AwsSettings): Promise<string> {
  const client = new KMSClient(clientConfig(aws));
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  client.destroy();
  if (KeyMetadata?.KeyId === undefined) throw new Error('KMS made no key');
  return KeyMetadata.KeyId;
}

/** A key of KMS under a name of ours; one that is there already stays. */
export async function makeKeyAlias(aws: AwsSettings, alias: string): Promise<void> {
  const client = new KMSClient(clientConfig(aws));
  const create = new CreateAliasCommand({ AliasName: alias, TargetKeyId: await makeKey(aws) });
  await client.send(create).catch((error: unknown) => {
    if (!isNamed(error, ['AlreadyExistsException'])) throw error;
  });
  client.destroy();
}

/** An address that SES may send from. */
export async function verifySender(aws: AwsSettings, address: string): Promise<void> {
  const client = new SESClient(clientConfig(aws));
  await client.send(new VerifyEmailIdentityCommand({ EmailAddress: address }));
  client.destroy();
}
