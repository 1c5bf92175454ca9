/** The ports on AWS, as one process of an installation has them. */
import type { ServiceName } from '#contracts/caller.ts';
import { noDoor, openBlobs } from './aws/blobs.ts';
import { openCache } from './aws/cache.ts';
import { openMailer } from './aws/mailer.ts';
import { openQueue } from './aws/queue.ts';
import type { AwsSettings } from './aws/sdk/client.ts';
import { openTables } from './aws/tables.ts';
import { openVault } from './aws/vault.ts';
import type { BlobStoreName, Ports } from './open.ts';

export interface AwsHostSettings {
  readonly aws: AwsSettings;
  /** Where DynamoDB is, if elsewhere than the other services. */
  readonly dynamoEndpoint?: string;
  /** Where clients reach S3, if elsewhere than this process does. */
  readonly s3PublicEndpoint?: string;
  /** In front of the names of tables, secrets and cached values. */
  readonly installation: string;
  /** Those that this process uses. */
  readonly buckets: Readonly<Partial<Record<BlobStoreName, string>>>;
  readonly checkpointLockDays: number;
  readonly workQueue?: string;
  /** Notifications of SES about mail that it put into the bucket of `cad-mail`. */
  readonly receivedQueue?: string;
  /** Events of SES about mail that was sent. */
  readonly feedbackQueue?: string;
  readonly vaultKeyId: string;
  readonly mail: { readonly from: string; readonly configurationSet?: string };
  readonly cache: {
    readonly url: string;
    readonly user?: string;
    readonly passwordFile?: string;
    readonly caFile?: string;
  };
}

/** Everything that is opened here is closed with the stack. */
export async function openAwsPorts(
  stack: AsyncDisposableStack,
  settings: AwsHostSettings,
  about: {
    readonly lease: { readonly leaseMs: number; readonly triesMax: number };
    readonly clock: () => number;
    /** Hears the capacity that each call of a table has used. */
    readonly consumed: (units: { readonly read: number; readonly write: number }) => void;
  },
): Promise<Ports> {
  const { aws, installation, buckets, mail, cache, vaultKeyId: keyId } = settings;
  const { clock, lease, consumed } = about;
  const { dynamoEndpoint = aws.endpoint, s3PublicEndpoint: publicEndpoint } = settings;
  const dynamo = { ...aws, ...(dynamoEndpoint === undefined ? {} : { endpoint: dynamoEndpoint }) };
  return {
    vault: stack.use(await openVault({ aws, keyId, prefix: installation })),
    cache: stack.use(await openCache({ ...cache, prefix: installation, clock })),
    mailer: stack.use(await openMailer({ aws, ...mail, clock })),
    tables: async (service: ServiceName) => {
      const table = `${installation}-${service}`;
      return stack.use(await openTables({ aws: dynamo, table, clock, consumed }));
    },
    queue: async () => {
      const name = given('WORK_QUEUE', settings.workQueue);
      return stack.use(await openQueue({ aws, name, ...lease }));
    },
    received: async () => {
      const { receivedQueue: name } = settings;
      if (name === undefined) return undefined;
      const bucket = given(BUCKET_VARIABLES['cad-mail'], buckets['cad-mail']);
      return { queue: stack.use(await openQueue({ aws, name, ...lease })), bucket };
    },
    feedback: async () => {
      const { feedbackQueue: name } = settings;
      if (name === undefined) return undefined;
      return stack.use(await openQueue({ aws, name, ...lease }));
    },
    blobs: async (store: BlobStoreName) => {
      const bucket = given(BUCKET_VARIABLES[store], buckets[store]);
      const lock = store === 'checkpoints' ? { lockDays: settings.checkpointLockDays } : {};
      const open = { aws, bucket, clock, ...(publicEndpoint ? { publicEndpoint } : {}), ...lock };
      return stack.use(await openBlobs(open));
    },
    door: async () => noDoor,
  };
}

const BUCKET_VARIABLES = {
  files: 'FILES_BUCKET',
  'cad-mail': 'CAD_MAIL_BUCKET',
  checkpoints: 'CHECKPOINTS_BUCKET',
} as const satisfies Record<BlobStoreName, string>;

/** Not every process needs each of them; one that does says which is missing. */
function given(variable: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new Error(`This process needs ${variable}.`);
}
