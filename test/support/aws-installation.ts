import { randomBytes } from 'node:crypto';
import type { AwsSettings } from '#shared/aws/sdk/client.ts';
import { awsAt, dynamo, moto, valkey } from './aws-engines.ts';
import { makeBucket, makeKeyAlias, makeQueue, makeTable, verifySender } from './aws-resources.ts';

/** Everything that the infrastructure makes for one installation, on engines. */
export interface Installation extends AsyncDisposable {
  /** What tells a process of it: PROFILE and the variables that go with it. */
  readonly environment: Readonly<Record<string, string>>;
  /** For a test that puts something there itself. */
  readonly aws: AwsSettings;
}

const SERVICES = ['gateway', 'core-records', 'files', 'ledger', 'cad-ingest'];
const TRIES_MAX = 5;

export async function makeInstallation(): Promise<Installation> {
  await using opened = new AsyncDisposableStack();
  const [store, services, cache] = [
    opened.use(await dynamo.start()),
    opened.use(await moto.start()),
    opened.use(await valkey.start()),
  ];
  const name = `t${randomBytes(6).toString('hex')}`;
  const aws = awsAt(services);
  const from = 'desk@watchdesk.example';
  const keyAlias = `alias/${name}`;
  await fillInstallation({ aws, dynamo: awsAt(store), name, from, keyAlias });
  const stack = opened.move();
  return {
    environment: {
      PROFILE: 'aws',
      AWS_REGION: aws.region,
      AWS_ENDPOINT: services.url,
      DYNAMODB_ENDPOINT: store.url,
      // The SDK's own, for engines that let everybody in.
      AWS_ACCESS_KEY_ID: 'testing',
      AWS_SECRET_ACCESS_KEY: 'testing',
      INSTALLATION: name,
      FILES_BUCKET: `${name}-files`,
      CAD_MAIL_BUCKET: `${name}-cad-mail`,
      CHECKPOINTS_BUCKET: `${name}-checkpoints`,
      WORK_QUEUE: `${name}-work`,
      FEEDBACK_QUEUE: `${name}-feedback`,
      RECEIVED_QUEUE: `${name}-received`,
      VAULT_KEY_ID: keyAlias,
      MAIL_FROM: from,
      CACHE_URL: cache.url,
    },
    aws,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Tables, queues, buckets, sender and key, under their names. What is there already stays. */
export async function fillInstallation(about: {
  readonly aws: AwsSettings;
  readonly dynamo: AwsSettings;
  readonly name: string;
  readonly from: string;
  readonly keyAlias: string;
}): Promise<void> {
  const { aws, name, from, keyAlias } = about;
  for (const service of SERVICES) await makeTable(about.dynamo, `${name}-${service}`);
  await makeQueue(aws, `${name}-work`, TRIES_MAX);
  await makeQueue(aws, `${name}-feedback`, TRIES_MAX);
  await makeQueue(aws, `${name}-received`, TRIES_MAX);
  await makeBucket(aws, `${name}-files`, { isLocked: false });
  await makeBucket(aws, `${name}-cad-mail`, { isLocked: false });
  await makeBucket(aws, `${name}-checkpoints`, { isLocked: true });
  await verifySender(aws, from);
  await makeKeyAlias(aws, keyAlias);
}
