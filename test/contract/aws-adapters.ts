/** The adapters of AWS, on engines that are started once for each process that runs tests. */
import { Redis } from 'iovalkey';
import { openBlobs } from '#shared/aws/blobs.ts';
import { openCache } from '#shared/aws/cache.ts';
import { openMailer } from '#shared/aws/mailer.ts';
import { openQueue } from '#shared/aws/queue.ts';
import { openTables } from '#shared/aws/tables.ts';
import { openVault } from '#shared/aws/vault.ts';
import type { BlobStores } from '#shared/ports/blobs.ts';
import type { Cache } from '#shared/ports/cache.ts';
import type { Mailer } from '#shared/ports/mailer.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import {
  advanceMoto,
  awsAt,
  dynamo,
  type Engine,
  type EngineKind,
  hasEngine,
  moto,
  valkey,
} from '#test/support/aws-engines.ts';
import {
  makeBucket,
  makeKey,
  makeQueue,
  makeTable,
  verifySender,
} from '#test/support/aws-resources.ts';
import type { Place } from './adapters.ts';

/** A busy machine is not that late; leases and lifetimes in the suites are longer. */
const ENGINE_GRACE_MS = 5_000;

/** What the adapters of an engine have in common. */
function on(kind: EngineKind) {
  const missing = !hasEngine(kind);
  const name = missing ? `aws: left out, because ${kind.name} is not installed` : 'aws';
  return { name, missing, graceMs: ENGINE_GRACE_MS };
}
export const onMoto = () => on(moto);
export const onDynamo = () => on(dynamo);
export const onValkey = () => on(valkey);

/** Starts the engine when it is first needed; it ends with the process. */
function oncePerProcess(kind: EngineKind): () => Promise<Engine> {
  let started: Promise<Engine> | undefined;
  return () => {
    started ??= kind.start();
    return started;
  };
}
export const motoOfProcess = oncePerProcess(moto);
export const dynamoOfProcess = oncePerProcess(dynamo);
export const valkeyOfProcess = oncePerProcess(valkey);

/** The settings to reach moto, whose clock moves with the place from now on. */
export async function motoIn(place: Place) {
  const engine = await motoOfProcess();
  const move = motoMoves.get(engine) ?? ((ms: number) => advanceMoto(engine, ms));
  motoMoves.set(engine, move);
  place.advancing(move);
  return awsAt(engine);
}
const motoMoves = new WeakMap<Engine, (ms: number) => Promise<void>>();

/** Everything of the place is that much nearer to its end: what waiting for it would do. */
const AGE = `
  for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '/*')) do
    local left = redis.call('PTTL', key) - ARGV[2]
    if left <= 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, left) end
  end`;

export async function openAwsCache(place: Place): Promise<Cache> {
  const { url } = await valkeyOfProcess();
  const ageing = new Redis(url);
  place.use({
    async [Symbol.asyncDispose]() {
      ageing.disconnect();
    },
  });
  place.advancing(async (ms) => {
    await ageing.eval(AGE, 0, place.name, ms);
  });
  return place.use(await openCache({ url, prefix: place.name, clock: place.clock }));
}

export async function openAwsQueue(
  place: Place,
  settings: { readonly leaseMs: number; readonly triesMax: number },
): Promise<Queue> {
  const aws = await motoIn(place);
  await makeQueue(aws, place.name, settings.triesMax);
  return place.use(await openQueue({ aws, name: place.name, ...settings }));
}

export const openAwsTables = (place: Place) => openTablesOn(dynamoOfProcess, place);
/** Another one that speaks DynamoDB's protocol, written by others: what both take is no quirk. */
export const openMotoTables = (place: Place) => openTablesOn(motoOfProcess, place);

async function openTablesOn(engine: () => Promise<Engine>, place: Place): Promise<Tables> {
  const aws = awsAt(await engine());
  await makeTable(aws, place.name);
  return place.use(await openTables({ aws, table: place.name, clock: place.clock }));
}

export async function openAwsBlobs(place: Place, store: string): Promise<BlobStores> {
  const aws = await motoIn(place);
  const bucket = `${place.name}-${store}`;
  await makeBucket(aws, bucket, { isLocked: false });
  const publicEndpoint = 'https://s3.example.org';
  return place.use(await openBlobs({ aws, bucket, publicEndpoint, clock: place.clock }));
}

let keyOfProcess: Promise<string> | undefined;

export async function openAwsVault(place: Place): Promise<Vault> {
  const aws = await motoIn(place);
  keyOfProcess ??= makeKey(aws);
  return place.use(await openVault({ aws, keyId: await keyOfProcess, prefix: place.name }));
}

export const SENDER = 'desk@watchdesk.example';

export async function openAwsMailer(place: Place): Promise<Mailer> {
  const aws = await motoIn(place);
  await verifySender(aws, SENDER);
  return place.use(await openMailer({ aws, from: SENDER, clock: place.clock }));
}
