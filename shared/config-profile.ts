/** The variables by which a process knows where it keeps things, and what they mean. */
import { z } from 'zod';
import { mailVariables } from './config-mail.ts';
import type { AwsHostSettings } from './open-aws.ts';

/** Criminal justice information stays in the United States (CE14). */
const REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'us-gov-east-1',
  'us-gov-west-1',
] as const;
/** The floor of the ledger's retention: a checkpoint outlives what it proves. */
const LOCK_DAYS_DEFAULT = 365;
const LOCK_DAYS_MAX = 36_500;
const name = z.string().min(1).optional();
const address = z.url({ protocol: /^https?$/ }).optional();

export const profileVariables = {
  /** `embedded`: everything in `DATA_DIR`. `aws`: on the services named below. */
  PROFILE: z.enum(['embedded', 'aws']).default('embedded'),
  AWS_REGION: z
    .enum(REGIONS, { error: `must be a region of the United States: ${REGIONS.join(', ')}` })
    .optional(),
  /** For engines that stand in for AWS; absent: AWS itself. */
  AWS_ENDPOINT: address,
  DYNAMODB_ENDPOINT: address,
  /** Under which clients reach S3, if not as this process does. */
  S3_PUBLIC_ENDPOINT: address,
  /** In front of the names of tables, secrets and cached values. */
  INSTALLATION: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,30}$/, 'must be lower-case letters, digits and hyphens')
    .optional(),
  FILES_BUCKET: name,
  CAD_MAIL_BUCKET: name,
  CHECKPOINTS_BUCKET: name,
  CHECKPOINT_LOCK_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(LOCK_DAYS_MAX)
    .default(LOCK_DAYS_DEFAULT),
  /** Name of the queue of cad-ingest. */
  WORK_QUEUE: name,
  /** Name of the queue in which SES tells of the mail that it took; absent: it takes none for us. */
  RECEIVED_QUEUE: name,
  /** Name of the queue in which SES tells of bounces and complaints; absent: nobody reads them. */
  FEEDBACK_QUEUE: name,
  /** Id, ARN or alias of the key in KMS. */
  VAULT_KEY_ID: name,
  ...mailVariables,
  MAIL_CONFIGURATION_SET: name,
  CACHE_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  CACHE_USER: name,
  CACHE_PASSWORD_FILE: name,
  /** PEM file of the authority that signed the cache's certificate; absent: the well-known ones. */
  CACHE_CA_FILE: name,
};

export type ProfileConfig = z.infer<z.ZodObject<typeof profileVariables>>;

/** The profile; throws a sentence that names the variables which it still needs. */
export function awsSettingsOf(config: ProfileConfig): AwsHostSettings | undefined {
  if (config.PROFILE === 'embedded') return undefined;
  const { AWS_REGION, INSTALLATION, VAULT_KEY_ID, MAIL_FROM, CACHE_URL } = config;
  if (config.MAIL_RELAY_URL !== undefined) {
    throw new Error('On AWS mail goes by SES: leave MAIL_RELAY_URL out.');
  }
  const required = { AWS_REGION, INSTALLATION, VAULT_KEY_ID, MAIL_FROM, CACHE_URL };
  const missing = Object.entries(required).flatMap(([key, value]) => (value ? [] : [key]));
  if (!AWS_REGION || !INSTALLATION || !VAULT_KEY_ID || !MAIL_FROM || !CACHE_URL) {
    throw new Error(`PROFILE=aws needs ${missing.join(', ')} as well.`);
  }
  return {
    aws: { region: AWS_REGION, ...present({ endpoint: config.AWS_ENDPOINT }) },
    ...present({
      dynamoEndpoint: config.DYNAMODB_ENDPOINT,
      s3PublicEndpoint: config.S3_PUBLIC_ENDPOINT,
      workQueue: config.WORK_QUEUE,
      receivedQueue: config.RECEIVED_QUEUE,
      feedbackQueue: config.FEEDBACK_QUEUE,
    }),
    installation: INSTALLATION,
    buckets: present({
      files: config.FILES_BUCKET,
      'cad-mail': config.CAD_MAIL_BUCKET,
      checkpoints: config.CHECKPOINTS_BUCKET,
    }),
    checkpointLockDays: config.CHECKPOINT_LOCK_DAYS,
    vaultKeyId: VAULT_KEY_ID,
    mail: { from: MAIL_FROM, ...present({ configurationSet: config.MAIL_CONFIGURATION_SET }) },
    cache: {
      url: CACHE_URL,
      ...present({
        user: config.CACHE_USER,
        passwordFile: config.CACHE_PASSWORD_FILE,
        caFile: config.CACHE_CA_FILE,
      }),
    },
  };
}

type Present<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

/** What is there: an absent setting is no setting, and not one that is undefined. */
function present<Values extends Record<string, unknown>>(values: Values): Present<Values> {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  // The same keys, less those without a value.
  return Object.fromEntries(set) as Present<Values>;
}
