import type { Stack } from 'aws-cdk-lib';
import { AwsLogDriverMode, LogDriver } from 'aws-cdk-lib/aws-ecs';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';

/** JSON lines of a process, kept for thirteen months. A full buffer never holds a process up. */
export function logTo(stack: Stack, id: string, encryptionKey: Key): LogDriver {
  return LogDriver.awsLogs({
    streamPrefix: 'task',
    mode: AwsLogDriverMode.NON_BLOCKING,
    logGroup: new LogGroup(stack, id, {
      retention: RetentionDays.THIRTEEN_MONTHS,
      encryptionKey,
    }),
  });
}
