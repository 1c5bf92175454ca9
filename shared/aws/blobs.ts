/**
 * The blobs port on S3: a versioned bucket for each store.
 *
 * 1. `put` takes the bytes to their end first (blobs-spool.ts): S3 then hears length and SHA-256 before
 *    the first of them, and compares.
 * 2. `If-None-Match: *` lets one of several puts through. The object is durable and whole when S3
 *    answers, or not there.
 * 3. No answer: the put is sent again. It may then find its own object, which its hash tells.
 */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { BlobDoor, BlobHead, BlobStores, Blobs } from '#shared/ports/blobs.ts';
import { assertBlobKey } from '../embedded/blobs-objects.ts';
import { openSigning } from './blobs-signing.ts';
import { spool } from './blobs-spool.ts';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { atOpening, failureOf, isNamed, unavailable } from './sdk/failures.ts';
import { openPatience, repeated } from './sdk/patience.ts';

/** 100 MB at the slowest that is not a broken line. */
const ANSWER_MS_MAX = 60_000;
const DAY_MS = 86_400_000;
const MISSING = ['NoSuchKey', 'NotFound'];
/** There is an object already. */
const TAKEN = ['PreconditionFailed'];
/** Another put or removal of the same key is under way: S3 asks to send it again. */
const CONFLICT = ['ConditionalRequestConflict', 'OperationAborted'];

interface BlobSettings {
  readonly aws: AwsSettings;
  readonly bucket: string;
  /** Where clients reach S3, if elsewhere than this process does. */
  readonly publicEndpoint?: string;
  /** Days for which nobody, the account's owner included, can remove or replace a version. */
  readonly lockDays?: number;
  readonly clock: () => number;
}

export async function openBlobs(settings: BlobSettings): Promise<BlobStores> {
  const { aws } = settings;
  const client = new S3Client({
    ...clientConfig(aws, { tries: 1, answerMsMax: ANSWER_MS_MAX }),
    forcePathStyle: aws.endpoint !== undefined,
  });
  await assertBucket(client, settings);
  const signing = openSigning(settings);
  return {
    blobs: { ...openObjects(client, settings), signPut: signing.signPut, signGet: signing.signGet },
    door: noDoor,
    async [Symbol.asyncDispose]() {
      client.destroy();
      signing.close();
    },
  };
}

function openObjects(
  client: S3Client,
  settings: BlobSettings,
): Pick<Blobs, 'put' | 'head' | 'get' | 'remove' | 'erase'> {
  const at = (key: string) => ({ Bucket: settings.bucket, Key: assertBlobKey(key) });

  async function get(key: string): Promise<Readable | undefined> {
    const command = { ...at(key), ChecksumMode: 'ENABLED' as const };
    const answer = await found(() => client.send(new GetObjectCommand(command)));
    if (answer === undefined) return undefined;
    if (answer.Body instanceof Readable) return answer.Body;
    throw new Error('S3 gave no stream');
  }

  async function head(key: string): Promise<BlobHead | undefined> {
    const command = { ...at(key), ChecksumMode: 'ENABLED' as const };
    const answer = await found(() => client.send(new HeadObjectCommand(command)));
    if (answer === undefined) return undefined;
    const sha256 = hexOf(answer.ChecksumSHA256);
    if (sha256 !== undefined) return { sizeBytes: answer.ContentLength ?? 0, sha256 };
    // Put by somebody else, without a hash: it is read.
    const stream = await get(key);
    return stream && measured(stream);
  }

  return {
    async put(key, bytes) {
      const where = at(key);
      await using spooled = await spool(bytes);
      const put = {
        ...where,
        ...lockOf(settings),
        ContentLength: spooled.sizeBytes,
        ChecksumAlgorithm: 'SHA256' as const,
        ChecksumSHA256: spooled.sha256.toString('base64'),
        IfNoneMatch: '*',
      };
      const send = () => client.send(new PutObjectCommand({ ...put, Body: spooled.read() }));
      const isOurs = async () => (await head(key))?.sha256 === spooled.sha256.toString('hex');
      return await putUntilKnown(send, isOurs);
    },
    head,
    get,
    async remove(key) {
      const command = at(key);
      await repeated(() => client.send(new DeleteObjectCommand(command)));
    },
    async erase(key) {
      const where = at(key);
      // Looked at again until there is none: a put may come in between.
      for (;;) {
        const versions = await versionsOf(client, where);
        if (versions.length === 0) return;
        for (const VersionId of versions) {
          await repeated(() => client.send(new DeleteObjectCommand({ ...where, VersionId })));
        }
      }
    },
  };
}

/** The first versions of one object, marks of its removal among them; none when there are none. */
async function versionsOf(
  client: S3Client,
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): Promise<string[]> {
  // Versions of the key itself are listed before those of longer keys.
  const list = () => client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  const { Versions = [], DeleteMarkers = [] } = await repeated(list);
  return [...Versions, ...DeleteMarkers].flatMap((each) =>
    each.Key === Key && each.VersionId !== undefined ? [each.VersionId] : [],
  );
}

/** Sends the put until it is known what became of it. */
async function putUntilKnown(
  send: () => Promise<unknown>,
  isOurs: () => Promise<boolean>,
): Promise<'stored' | 'exists'> {
  const patience = openPatience();
  let isDoubtful = false;
  for (;;) {
    const outcome = await outcomeOf(send);
    if (outcome === 'stored') return 'stored';
    // Without a doubt it is another's; with one, the same bytes are as good as ours.
    if (outcome === 'taken') return isDoubtful && (await isOurs()) ? 'stored' : 'exists';
    isDoubtful ||= outcome === 'unknown';
    if (!(await patience.again())) throw unavailable('The store does not answer just now.');
  }
}

async function outcomeOf(
  send: () => Promise<unknown>,
): Promise<'stored' | 'taken' | 'again' | 'unknown'> {
  try {
    await send();
    return 'stored';
  } catch (error) {
    if (isNamed(error, TAKEN)) return 'taken';
    if (isNamed(error, CONFLICT)) return 'again';
    const failure = failureOf(error);
    if (failure === 'refused') throw error;
    return failure === 'unknown' ? 'unknown' : 'again';
  }
}

async function found<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await repeated(call);
  } catch (error) {
    if (isNamed(error, MISSING)) return undefined;
    throw error;
  }
}

/** The hash of the whole object; what is put together from parts has one of another kind. */
function hexOf(checksum: string | undefined): string | undefined {
  const bytes = Buffer.from(checksum ?? '', 'base64');
  const SHA256_BYTES = 32;
  return bytes.length === SHA256_BYTES ? bytes.toString('hex') : undefined;
}

async function measured(stream: Readable): Promise<BlobHead> {
  const digest = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    digest.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { sizeBytes, sha256: digest.digest('hex') };
}

function lockOf({ lockDays, clock }: BlobSettings) {
  if (lockDays === undefined) return {};
  return {
    ObjectLockMode: 'COMPLIANCE' as const,
    ObjectLockRetainUntilDate: new Date(clock() + lockDays * DAY_MS),
  };
}

const nothingHere = {
  status: 404,
  headers: {},
  detail: 'Files are not kept here. Use the address as it was given.',
};

/** Signed URLs lead to S3 itself: nothing comes to a door here. */
export const noDoor: BlobDoor = {
  accept: async () => nothingHere,
  serve: async () => nothingHere,
};
/** Refuses to work on a bucket that is missing, keeps no versions, or locks nothing where it must. */
async function assertBucket(client: S3Client, { bucket, lockDays }: BlobSettings): Promise<void> {
  const at = { Bucket: bucket };
  const ask = <Answer>(call: () => Promise<Answer>) =>
    atOpening(`The bucket ${bucket}`, () => repeated(call));
  const { Status } = await ask(() => client.send(new GetBucketVersioningCommand(at)));
  if (Status !== 'Enabled') throw new Error(`the bucket ${bucket} must keep versions`);
  if (lockDays === undefined) return;
  const { ObjectLockConfiguration: lock } = await ask(() =>
    client.send(new GetObjectLockConfigurationCommand(at)),
  );
  if (lock?.ObjectLockEnabled === 'Enabled') return;
  throw new Error(`the bucket ${bucket} must have Object Lock`);
}
