/** What only a store with an HTTP door of its own has: signed addresses, versions, locks, lost answers. */
import { hash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, test as plain } from 'vitest';
import { openBlobs } from '#shared/aws/blobs.ts';
import { clientConfig } from '#shared/aws/sdk/client.ts';
import { awsAt } from '#test/support/aws-engines.ts';
import { makeBucket } from '#test/support/aws-resources.ts';
import { type Fate, openFaultyProxy } from '#test/support/faulty-proxy.ts';
import { motoOfProcess, onMoto } from './aws-adapters.ts';

const { missing, name } = onMoto();
const test = plain.skipIf(missing);

const bytes = Buffer.from('the bytes of a file');
const terms = {
  key: 'tenant/file',
  contentType: 'text/plain',
  sizeBytes: bytes.length,
  sha256: hash('sha256', bytes, 'hex'),
  lifetimeSeconds: 60,
};
const DAY_MS = 86_400_000;

async function opened(about: { isLocked?: boolean; fate?: () => Fate } = {}) {
  const { isLocked = false, fate = () => 'pass' } = about;
  const stack = new AsyncDisposableStack();
  const engine = await motoOfProcess();
  const straight = awsAt(engine);
  const bucket = `b${randomBytes(6).toString('hex')}`;
  await makeBucket(straight, bucket, { isLocked });
  const proxy = stack.use(await openFaultyProxy(engine.url, fate));
  const aws = awsAt({ ...engine, url: proxy.url });
  const lock = isLocked ? { lockDays: 30 } : {};
  const stores = stack.use(await openBlobs({ aws, bucket, clock: Date.now, ...lock }));
  const client = new S3Client({ ...clientConfig(straight), forcePathStyle: true });
  stack.defer(() => client.destroy());
  return { ...stores, client, bucket, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe(`signed addresses on ${name}`, () => {
  test('take the bytes and give them, with nothing but what came along', async () => {
    await using made = await opened();
    const upload = await made.blobs.signPut(terms);
    const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: bytes });
    expect(put.status).toBe(200);
    expect(await made.blobs.head(terms.key)).toEqual({
      sizeBytes: bytes.length,
      sha256: terms.sha256,
    });
    const { url } = await made.blobs.signGet({ ...terms, fileName: 'Bericht für heute.txt' });
    const got = await fetch(url);
    expect(Buffer.from(await got.arrayBuffer())).toEqual(bytes);
    expect(got.headers.get('content-type')).toBe('text/plain');
    // The engine answers with the type only; S3 with all three.
    const query = new URL(url).searchParams;
    expect(query.get('response-cache-control')).toBe('private, no-store');
    expect(query.get('response-content-disposition')).toBe(
      `attachment; filename="Bericht f_r heute.txt"; filename*=UTF-8''Bericht%20f%C3%BCr%20heute.txt`,
    );
  });

  test('take the bytes once', async () => {
    await using made = await opened();
    await made.blobs.put(terms.key, Buffer.from('what is there already'));
    const upload = await made.blobs.signPut(terms);
    const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: bytes });
    expect(put.status).toBe(412);
    expect(await made.blobs.head(terms.key)).not.toMatchObject({ sha256: terms.sha256 });
  });

  test('sign each header by which S3 holds the client to the terms, and no other', async () => {
    await using made = await opened();
    const { url, headers } = await made.blobs.signPut(terms);
    const query = new URL(url).searchParams;
    expect(query.get('X-Amz-SignedHeaders')).toBe(
      'content-length;content-type;host;if-none-match;x-amz-checksum-sha256',
    );
    expect(query.get('X-Amz-Expires')).toBe('60');
    expect(headers).toEqual({
      'content-type': 'text/plain',
      'if-none-match': '*',
      'x-amz-checksum-sha256': Buffer.from(terms.sha256, 'hex').toString('base64'),
    });
    // What stands in the address instead of a header would be believed and not compared.
    expect([...query.keys()].filter((key) => /checksum|content-(type|length)/i.test(key))).toEqual(
      [],
    );
  });

  test.each([
    ['length', { sizeBytes: 20 }],
    ['type', { contentType: 'text/html' }],
    ['SHA-256', { sha256: hash('sha256', 'other', 'hex') }],
    ['key', { key: 'tenant/other' }],
    ['lifetime', { lifetimeSeconds: 61 }],
  ])('are signed otherwise for another %s', async (_, other) => {
    await using made = await opened();
    const signatureOf = async (given: typeof terms) =>
      new URL((await made.blobs.signPut(given)).url).searchParams.get('X-Amz-Signature');
    expect(await signatureOf({ ...terms, ...other })).not.toBe(await signatureOf(terms));
  });

  test('lead to S3, so that the door here opens for nobody', async () => {
    await using made = await opened();
    const body = Readable.from([bytes]);
    const answer = await made.door.accept({ ticket: 'any', headers: {}, body });
    expect([answer.status, (await made.door.serve('any')).status]).toEqual([404, 404]);
  });
});

describe(`a store on ${name}`, () => {
  test('keeps no version of what was erased, removed before or not, and those of other objects', async () => {
    await using made = await opened();
    const { blobs } = made;
    for (const round of [1, 2]) {
      await blobs.put('some/key', Buffer.from(`round ${round}`));
      await blobs.remove('some/key');
    }
    await blobs.put('some/key', bytes);
    await blobs.put('some/key2', bytes);
    await blobs.remove('some/key2');
    await blobs.erase('some/key');
    expect(await blobs.head('some/key')).toBeUndefined();
    const all = await made.client.send(new ListObjectVersionsCommand({ Bucket: made.bucket }));
    const left = [...(all.Versions ?? []), ...(all.DeleteMarkers ?? [])];
    expect(left.map(({ Key }) => Key)).toEqual(['some/key2', 'some/key2']);
  });

  test('keeps a version of what was removed, for those who must bring it back', async () => {
    await using made = await opened();
    await made.blobs.put('a', bytes);
    await made.blobs.remove('a');
    expect(await made.blobs.head('a')).toBeUndefined();
    const all = await made.client.send(new ListObjectVersionsCommand({ Bucket: made.bucket }));
    expect(all.Versions).toHaveLength(1);
    expect(all.DeleteMarkers).toHaveLength(1);
  });

  test('with a lock keeps each object for its days, whoever asks', async () => {
    await using made = await opened({ isLocked: true });
    await made.blobs.put('a', bytes);
    const at = { Bucket: made.bucket, Key: 'a' };
    const kept = await made.client.send(new HeadObjectCommand(at));
    expect(kept.ObjectLockMode).toBe('COMPLIANCE');
    const days = ((kept.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / DAY_MS;
    expect(Math.round(days)).toBe(30);
  });

  test('reads what somebody else has put without a hash', async () => {
    await using made = await opened();
    const put = { Bucket: made.bucket, Key: 'mail', Body: bytes };
    const client = new S3Client({
      ...clientConfig(awsAt(await motoOfProcess())),
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    await client.send(new PutObjectCommand(put));
    client.destroy();
    expect(await made.blobs.head('mail')).toEqual({
      sizeBytes: bytes.length,
      sha256: terms.sha256,
    });
  });

  test('stores an object once when the answers are lost, and knows it as its own', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    for (const fate of ['break', 'fail', 'lose', 'refuse'] as const) {
      fates = [fate];
      expect(await made.blobs.put(`by/${fate}`, Readable.from([bytes]))).toBe('stored');
      expect(await made.blobs.head(`by/${fate}`)).toMatchObject({ sha256: terms.sha256 });
    }
    const all = await made.client.send(new ListObjectVersionsCommand({ Bucket: made.bucket }));
    expect(all.Versions).toHaveLength(4);
  });

  test('does not take for its own what another has put, when its answer is lost', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    await made.blobs.put('a', Buffer.from('theirs'));
    fates = ['break'];
    expect(await made.blobs.put('a', bytes)).toBe('exists');
  });

  test('takes objects larger than what it holds in memory, again where it must', async () => {
    let fates: Fate[] = [];
    await using made = await opened({ fate: () => fates.shift() ?? 'pass' });
    const pieces = Array.from({ length: 50 }, () => randomBytes(100_000));
    const whole = Buffer.concat(pieces);
    fates = ['lose', 'refuse'];
    expect(await made.blobs.put('large', Readable.from(pieces))).toBe('stored');
    const head = { sizeBytes: whole.length, sha256: hash('sha256', whole, 'hex') };
    expect(await made.blobs.head('large')).toEqual(head);
  });

  test('says so when S3 is not to be had', async () => {
    let isAway = false;
    await using made = await opened({ fate: () => (isAway ? 'lose' : 'pass') });
    isAway = true;
    const refused = { code: 'unavailable' };
    await Promise.all([
      expect(made.blobs.put('a', bytes)).rejects.toMatchObject(refused),
      expect(made.blobs.get('a')).rejects.toMatchObject(refused),
      expect(made.blobs.remove('a')).rejects.toMatchObject(refused),
    ]);
  });

  test('is not opened where its bucket is missing, or does not lock what it must', async () => {
    await using made = await opened();
    const aws = awsAt(await motoOfProcess());
    const clock = Date.now;
    await expect(openBlobs({ aws, bucket: 'not-made', clock })).rejects.toThrow();
    const unlocked = { aws, bucket: made.bucket, clock, lockDays: 1 };
    await expect(openBlobs(unlocked)).rejects.toThrow();
  });
});
