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
import { RECEIVED_PREFIX } from './mail.ts';
import type { ServiceName } from './services.ts';
import type { Stores } from './stores.ts';
import type { ServiceTables } from './tables.ts';

export interface Data {
  readonly keys: Keys;
  readonly tables: ServiceTables;
  readonly stores: Stores;
  readonly mail: Mail;
  readonly busSecrets: BusSecrets;
}

/** Events that wait for the ledger, and are forgotten when it has them. */
export const OUTBOX = '/outbox/*';

/** Reading, and adding what is not there. */
const READ = ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:ConditionCheckItem'];
const PUT = [...READ, 'dynamodb:PutItem'];
const CHANGE = [...PUT, 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
const USE_KEY = ['kms:Decrypt', 'kms:GenerateDataKey'];

/**
 * Partitions of the ledger whose rows may be changed or removed: keys of records, derived rows,
 * its outbox. Blocks, their parts and checkpoints are in none of them.
 */
export const LEDGER_CHANGEABLE = [
  'record-key',
  'expungement',
  'checkpoint-lines',
  'page',
  'page-times',
  'tile',
  'patrol',
].map((kind) => `*/${kind}`);

export function grant(service: ServiceName, role: IRole, data: Data): void {
  for (const statement of statementsOf(service, data)) {
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

/** Reading secrets. Their key trusts the roles of this account, so that saying it here is enough. */
export function letRead(role: IRole, secrets: readonly ISecret[], key: IKey): void {
  const arns = secrets.map(({ secretArn }) => secretArn);
  role.addToPrincipalPolicy(allow(['secretsmanager:GetSecretValue'], ...arns));
  role.addToPrincipalPolicy(allow(['kms:Decrypt'], key.keyArn));
}

function statementsOf(service: ServiceName, data: Data): PolicyStatement[] {
  const { keys, tables, stores, mail } = data;
  const table = tables[service].tableArn;
  switch (service) {
    case 'gateway':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.identity.keyArn),
        allow(['ses:SendRawEmail'], mail.identity.emailIdentityArn),
      ];
    case 'core-records':
      return [allow(CHANGE, table), allow(USE_KEY, keys.data.keyArn)];
    case 'files':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.data.keyArn),
        allow(OBJECTS, objectsIn(stores.names.files, 'files/')),
      ];
    case 'ledger':
      return [
        allow(PUT, table),
        allowIn(['dynamodb:UpdateItem', 'dynamodb:DeleteItem'], table, [
          ...LEDGER_CHANGEABLE,
          OUTBOX,
        ]),
        allow(USE_KEY, keys.ledger.keyArn),
        allow(WRITE_ONCE, objectsIn(stores.names.checkpoints, 'checkpoints/')),
      ];
    case 'cad-ingest':
      return [
        allow(CHANGE, table),
        allow(USE_KEY, keys.data.keyArn),
        allow(OBJECTS, objectsIn(stores.names.cadMail, 'cad-mail/')),
        allow(['s3:GetObject'], objectsIn(stores.names.cadMail, RECEIVED_PREFIX)),
        allow(CONSUME, mail.received.queue.queueArn, mail.feedback.queue.queueArn),
        allow([...CONSUME, 'sqs:SendMessage'], mail.work.queue.queueArn),
        allow([...CONSUME, 'sqs:SendMessage'], mail.work.deadLetters.queueArn),
      ];
    default:
      return service satisfies never;
  }
}

function objectsIn(bucket: string, prefix: string): string {
  return `arn:aws:s3:::${bucket}/${prefix}*`;
}

const OBJECTS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'];
/** No removal, and no way around the lock. */
const WRITE_ONCE = ['s3:GetObject', 's3:PutObject'];
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

/** Only in these partitions of the table. */
function allowIn(
  actions: readonly string[],
  resource: string,
  partitions: readonly string[],
): PolicyStatement {
  const statement = allow(actions, resource);
  statement.addConditions({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  });
  return statement;
}
