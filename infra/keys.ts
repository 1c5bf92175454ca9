import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';

/**
 * Keys of the customer, one for each kind of thing that may be opened by different services. All
 * rotate every year; a key that is deleted takes a month to go.
 */
export interface Keys {
  /** Records, files, mail, queues. */
  readonly data: Key;
  /** Accounts: the gateway alone. */
  readonly identity: Key;
  /** The log and its checkpoints: the ledger alone. */
  readonly ledger: Key;
  /** What signs and seals: contexts, checkpoints, seeds of second factors, keys of records. */
  readonly vault: Key;
  /** Logs and alarms. */
  readonly watch: Key;
}

export function addKeys(stack: Stack, name: string): Keys {
  const keyFor = (id: string, description: string) =>
    new Key(stack, id, {
      alias: `${name}/${id.toLowerCase()}`,
      description,
      enableKeyRotation: true,
      rotationPeriod: Duration.days(365),
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  const keys = {
    data: keyFor('DataKey', 'Records, files, dispatch mail and queues'),
    identity: keyFor('IdentityKey', 'Accounts'),
    ledger: keyFor('LedgerKey', 'The audit log and its checkpoints'),
    vault: keyFor('VaultKey', 'Keys that sign and seal'),
    watch: keyFor('WatchKey', 'Logs and alarms'),
  };
  // Mail is encrypted as it arrives, and tells the queue of it.
  letUse(keys.data, stack, ['ses.amazonaws.com', 'sns.amazonaws.com', 'sqs.amazonaws.com']);
  letUse(keys.watch, stack, [
    `logs.${stack.region}.amazonaws.com`,
    'cloudwatch.amazonaws.com',
    'sns.amazonaws.com',
  ]);
  return keys;
}

/** AWS services that act for this account, and for no other one. */
function letUse(key: Key, stack: Stack, services: readonly string[]): void {
  const isLogs = (service: string) => service.startsWith('logs.');
  for (const service of services) {
    key.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(service)],
        actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        // CloudWatch Logs says which log group it encrypts, not which account it acts for.
        conditions: isLogs(service)
          ? {
              ArnLike: {
                'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${stack.region}:${stack.account}:*`,
              },
            }
          : { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
    );
  }
}
