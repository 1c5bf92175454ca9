/**
 * The door of mail that SES has taken (many machines). SES puts the raw mail into the bucket, below a
 * prefix of its own, and tells of it in a receipt notification, which comes by way of SNS and a queue.
 *
 * 1. A message of the queue is read (ses-notification.ts). Notices of a set-up end here.
 * 2. The raw mail is fetched from its place, which must be in our bucket and below the prefix, or it
 *    stands in the notification.
 * 3. Each envelope recipient leads to its source; the mail goes the way of every mail (intake.ts),
 *    trusted or not by what SES found (ses-trust.ts).
 * 4. The object is removed: the mail has its own place by then, and its department's window there.
 * 5. The message is done. It is repeated when any step fails, and a dead letter after its last try.
 *
 * A crash after 3 finds the same mail by its work id, as does a notification that comes twice. After 4
 * the object is gone, which only says that the mail was taken.
 */
import type { Readable } from 'node:stream';
import { MAIL_BYTES_MAX } from '#contracts/limits.ts';
import type { Processed } from '#shared/consumer.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Json } from '#shared/ports/tables.ts';
import { asProblem } from '#shared/problem.ts';
import type { Inbox, Intake } from './intake.ts';
import { notificationIn, type ObjectPlace, type SesReceipt } from './ses-notification.ts';

export interface ReceivedMail {
  readonly queue: Queue;
  /** Of the store that raw mail is kept in; SES puts mail into no other. */
  readonly bucket: string;
}

/** As the receipt rule has it: `infra/mail.ts`. */
const KEY = /^ses\/[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
/** The queue's own: what fails so often is a dead letter. */
const TRIES_MAX = 5;
/** An outage of an hour and a half makes no dead letter; longer ones are brought back from there. */
const RETRY_DELAYS_MS = [5_000, 60_000, 900_000, 3_600_000];
const DONE: Processed = { kind: 'done' };

interface Parts {
  readonly bucket: string;
  readonly blobs: Blobs;
  readonly intake: Intake;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Why a message cannot be taken now, or ever; the word goes into the log. */
type Trouble =
  | 'unreadable'
  | 'place-not-ours'
  | 'mail-too-large'
  /** S3 alone tells of it: whom it is for and what was found is not known (yet). */
  | 'receipt-missing';

/** Deals with one message of the queue at one delivery. Never rejects. */
export function openSesIntake(
  parts: Parts,
): (body: Json, deliveries: number) => Promise<Processed> {
  return async (body, deliveries) => {
    try {
      const trouble = await take(parts, body);
      return trouble === undefined ? DONE : failed(parts, deliveries, { trouble });
    } catch (error) {
      return failed(parts, deliveries, { code: asProblem(error).code, err: error });
    }
  };
}

function failed({ log, metrics }: Parts, deliveries: number, about: object): Processed {
  const isLast = deliveries >= TRIES_MAX;
  if (isLast) metrics.alarm('dead-letter');
  log.error({ ...about, deliveries, isLast }, 'a notification of mail could not be dealt with');
  return { kind: 'again', delayMs: RETRY_DELAYS_MS[deliveries - 1] ?? 0 };
}

async function take(parts: Parts, body: Json): Promise<Trouble | undefined> {
  const notification = notificationIn(body);
  switch (notification.kind) {
    case 'ignored':
      return undefined;
    case 'unreadable':
      return 'unreadable';
    case 'objects':
      return waitForReceipts(parts, notification.objects);
    case 'receipt':
      return 'raw' in notification.mail
        ? receive(parts, notification, notification.mail.raw)
        : fetchAndReceive(parts, notification, notification.mail);
    default:
      return notification satisfies never;
  }
}

/** What a receipt notification has told of is gone from its place. */
async function waitForReceipts(
  parts: Parts,
  objects: readonly ObjectPlace[],
): Promise<Trouble | undefined> {
  for (const object of objects) {
    if (!isOurs(parts, object)) return 'place-not-ours';
    const stream = await parts.blobs.get(object.key);
    stream?.destroy();
    if (stream !== undefined) return 'receipt-missing';
  }
  return undefined;
}

async function fetchAndReceive(
  parts: Parts,
  receipt: SesReceipt,
  place: ObjectPlace,
): Promise<Trouble | undefined> {
  if (!isOurs(parts, place)) return 'place-not-ours';
  const stream = await parts.blobs.get(place.key);
  if (stream === undefined) {
    parts.log.info({ id: receipt.id }, 'a mail of SES was taken before');
    return undefined;
  }
  const raw = await collect(stream);
  if (raw === undefined) return 'mail-too-large';
  const trouble = await receive(parts, receipt, raw);
  // No version either: an expungement of the mail would not find it.
  if (trouble === undefined) await parts.blobs.erase(place.key);
  return trouble;
}

async function receive(
  { intake, log }: Parts,
  receipt: SesReceipt,
  raw: Uint8Array,
): Promise<Trouble | undefined> {
  if (raw.byteLength > MAIL_BYTES_MAX) return 'mail-too-large';
  const { id, envelopeSender, findings } = receipt;
  const inboxes: Inbox[] = [];
  for (const recipient of receipt.recipients) {
    const inbox = await intake.findInbox(recipient);
    // By SMTP it would have been refused; SES takes mail for every address of the domain.
    if (inbox === undefined) log.info({ id }, 'a mail of SES is for no source');
    else inboxes.push(inbox);
  }
  const unknown = { remoteAddress: '', helo: '' };
  await intake.receive({ raw, envelopeSender, findings, ...unknown }, inboxes);
  return undefined;
}

function isOurs({ bucket }: Parts, place: ObjectPlace): boolean {
  return place.bucket === bucket && KEY.test(place.key);
}

/** The whole mail; `undefined` when it is larger than any source may send. */
async function collect(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes > MAIL_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
