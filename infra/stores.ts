import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  HttpMethods,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { acknowledge } from './acknowledged.ts';
import type { Keys } from './keys.ts';

/** Checkpoints cannot be removed by anybody before; the floor of the ledger's retention. */
const CHECKPOINT_LOCK_DAYS = 365;
const OLD_VERSION_DAYS = 30;
const ACCESS_LOG_DAYS = 400;

export interface Stores {
  readonly files: Bucket;
  readonly cadMail: Bucket;
  readonly checkpoints: Bucket;
  readonly accessLogs: Bucket;
  readonly names: Readonly<Record<'files' | 'cadMail' | 'checkpoints', string>>;
}

/** What every bucket has: nobody's from outside, TLS only, encrypted, all versions. */
export const PRIVATE_BUCKET = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  versioned: true,
  removalPolicy: RemovalPolicy.RETAIN,
} satisfies BucketProps;

export function addStores(
  stack: Stack,
  about: { readonly name: string; readonly keys: Keys; readonly origin: string },
): Stores {
  const { name, keys, origin } = about;
  const accessLogs = addAccessLogs(stack, `${name}-access-logs-${stack.account}-${stack.region}`);
  const bucketOf = (store: string, key: Key, props: BucketProps) =>
    new Bucket(stack, `Bucket-${store}`, {
      ...PRIVATE_BUCKET,
      bucketName: bucketName(name, store, stack),
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: `${store}/`,
      ...props,
    });
  const sweep = {
    abortIncompleteMultipartUploadAfter: Duration.days(1),
    noncurrentVersionExpiration: Duration.days(OLD_VERSION_DAYS),
  };
  const files = bucketOf('files', keys.data, {
    lifecycleRules: [sweep],
    cors: [
      {
        allowedMethods: [HttpMethods.PUT, HttpMethods.GET],
        allowedOrigins: [origin],
        allowedHeaders: ['content-type', 'x-amz-checksum-sha256', 'if-none-match'],
        maxAge: 600,
      },
    ],
  });
  const cadMail = bucketOf('cad-mail', keys.data, { lifecycleRules: [sweep] });
  const checkpoints = bucketOf('checkpoints', keys.ledger, {
    objectLockEnabled: true,
    objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(CHECKPOINT_LOCK_DAYS)),
  });
  for (const bucket of [files, cadMail, checkpoints]) {
    acknowledge(bucket, 'NIST.800.53.R5-S3BucketReplicationEnabled', NO_REPLICA);
  }
  const nameOf = (store: string) => bucketName(name, store, stack);
  const names = {
    files: nameOf('files'),
    cadMail: nameOf('cad-mail'),
    checkpoints: nameOf('checkpoints'),
  };
  return { files, cadMail, checkpoints, accessLogs, names };
}

export function bucketName(name: string, store: string, stack: Stack): string {
  return `${name}-${store}-${stack.account}-${stack.region}`;
}

const NO_REPLICA =
  'Versions and, for checkpoints, Object Lock keep every object; a second copy in another region is ' +
  'the department’s choice, because some may keep records in one state only.';

/** Who read which object. Written by AWS itself, which cannot use a key of ours here. */
export function addAccessLogs(stack: Stack, bucketName_: string): Bucket {
  const bucket = new Bucket(stack, 'Bucket-access-logs', {
    ...PRIVATE_BUCKET,
    bucketName: bucketName_,
    encryption: BucketEncryption.S3_MANAGED,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
    lifecycleRules: [{ expiration: Duration.days(ACCESS_LOG_DAYS) }],
  });
  acknowledge(bucket, 'NIST.800.53.R5-S3BucketReplicationEnabled', 'It holds access logs only.');
  acknowledge(
    bucket,
    'NIST.800.53.R5-S3DefaultEncryptionKMS',
    'Log delivery writes with keys of S3 only.',
  );
  for (const rule of ['AwsSolutions-S1', 'NIST.800.53.R5-S3BucketLoggingEnabled']) {
    acknowledge(bucket, rule, 'It is where access is logged to; logging itself would never end.');
  }
  return bucket;
}
