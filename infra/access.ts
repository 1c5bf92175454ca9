/**
 * What each service may do, and nothing else: one role for each. Statements name actions and
 * resources; no service has a wildcard of either.
 */
import { Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { acknowledge } from './acknowledged.ts';
import type { BusSecrets } from './bus-secrets.ts';
import type { Keys } from './keys.ts';
import type { Mail } from './mail.ts';
import type { ServiceName } from './services.ts';
import type { Stores } from './stores.ts';
import type { ServiceTables } from './tables.ts';

export interface Data {
  readonly keys: Keys;
  readonly tables: ServiceTables;
  readonly stores: Stores;
  readonly mail: Mail;
  readonly busSecrets: BusSecrets;
  /** Of the keys that the services make: a pattern of ARNs. */
  readonly vaultSecrets: string;
}

const CHANGE = [
  'dynamodb:DescribeTable',
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:ConditionCheckItem',
  'dynamodb:PutItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
];
const USE_KEY = ['kms:Decrypt', 'kms:GenerateDataKey'];

/**
 * Partitions of the ledger in which nothing is ever changed or removed: its role is denied that,
 * whatever else allows it. Only with `ledgerMayPurge` may it remove blocks that a purge by two
 * persons has archived.
 */
export const LEDGER_BLOCKS = ['*/block', '*/block-part'];
export const LEDGER_FIXED = ['*/checkpoint', '*/log', '*/key-rotation'];

export function grant(
  service: ServiceName,
  role: IRole,
  data: Data,
  options: { readonly mayPurge: boolean },
): void {
  for (const statement of [...statementsOf(service, data, options), ...vaultStatements(data)]) {
    role.addToPrincipalPolicy(statement);
    const objects = statement.resources.filter((resource) => resource.endsWith('/*'));
    for (const resource of objects) {
      acknowledge(
        role,
        `AwsSolutions-IAM5[Resource::${resource}]`,
        'Objects of one store, by its prefix: their names are made while running.',
      );
    }
  }
}

/** Every process signs what it asks of others, and knows the keys by which others sign. */
function vaultStatements({ keys, vaultSecrets }: Data): PolicyStatement[] {
  return [
    allow(
      [
        'secretsmanager:GetSecretValue',
        'secretsmanager:CreateSecret',
        'secretsmanager:PutSecretValue',
      ],
      vaultSecrets,
    ),
    allow(['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'], keys.vault.keyArn),
  ];
}

/** Reading secrets. Their key trusts the roles of this account, so that saying it here is enough. */
export function letRead(role: IRole, secrets: readonly ISecret[], key: IKey): void {
  const arns = secrets.map(({ secretArn }) => secretArn);
  role.addToPrincipalPolicy(allow(['secretsmanager:GetSecretValue'], ...arns));
  role.addToPrincipalPolicy(allow(['kms:Decrypt'], key.keyArn));
}

function statementsOf(
  service: ServiceName,
  data: Data,
  { mayPurge }: { readonly mayPurge: boolean },
): PolicyStatement[] {
  const { keys, tables, stores, mail } = data;
  const table = tables[service].tableArn;
  switch (service) {
    case 'gateway':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.identity.keyArn),
        allow(['ses:SendRawEmail'], mail.identity.emailIdentityArn),
        allow(CONSUME, mail.feedback.queue.queueArn),
        allow(['sqs:GetQueueUrl'], mail.feedback.deadLetters.queueArn),
      ];
    case 'core-records':
      return [allow(CHANGE, table), allow(USE_KEY, keys.data.keyArn)];
    case 'files':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.data.keyArn),
        allow(OBJECTS, objectsIn(stores.names.files)),
        allow([...LOOK_AT_BUCKET, ...LOOK_AT_VERSIONS], bucketArn(stores.names.files)),
      ];
    case 'ledger':
      return [
        allow(CHANGE, table),
        denyIn(table, mayPurge ? LEDGER_FIXED : [...LEDGER_BLOCKS, ...LEDGER_FIXED]),
        allow(USE_KEY, keys.ledger.keyArn),
        allow(WRITE_ONCE, objectsIn(stores.names.checkpoints)),
        allow(LOOK_AT_BUCKET, bucketArn(stores.names.checkpoints)),
      ];
    case 'cad-ingest':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.data.keyArn),
        allow(OBJECTS, objectsIn(stores.names.cadMail)),
        allow([...LOOK_AT_BUCKET, ...LOOK_AT_VERSIONS], bucketArn(stores.names.cadMail)),
        allow(CONSUME, mail.received.queue.queueArn),
        allow(['sqs:GetQueueUrl'], mail.received.deadLetters.queueArn),
        allow([...CONSUME, 'sqs:SendMessage'], mail.work.queue.queueArn),
        allow([...CONSUME, 'sqs:SendMessage'], mail.work.deadLetters.queueArn),
      ];
    default:
      return service satisfies never;
  }
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

function objectsIn(bucket: string): string {
  return `${bucketArn(bucket)}/*`;
}

/** An adapter refuses a bucket that is set up otherwise than it relies on. */
const LOOK_AT_BUCKET = [
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
  // Without it a missing object is answered as a forbidden one.
  's3:ListBucket',
];
/** An order to forget takes old versions too. */
const LOOK_AT_VERSIONS = ['s3:ListBucketVersions'];
const OBJECTS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'];
/** No removal, and no way around the lock. */
const WRITE_ONCE = ['s3:GetObject', 's3:PutObject', 's3:PutObjectRetention'];
const CONSUME = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueUrl',
  'sqs:GetQueueAttributes',
];

function allow(actions: readonly string[], ...resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: [...resources],
  });
}

/** Nothing is changed or removed in these partitions of the table. */
function denyIn(resource: string, partitions: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.DENY,
    actions: ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
    resources: [resource],
    conditions: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': [...partitions] } },
  });
}
