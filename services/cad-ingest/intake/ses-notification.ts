/**
 * What a message of the queue of received mail says. SES tells of a mail in a receipt notification,
 * which comes bare or in an envelope of SNS, with the mail inside (SNS action) or with the place where
 * it lies (S3 action). S3 events say only that an object is there: neither who it is for nor what was
 * found about it. Pure; any JSON gets an answer.
 */
import { z } from 'zod';
import type { Json } from '#shared/ports/tables.ts';
import { isSetupNotice, messageIn } from '#shared/sns.ts';

/** Anything but these words is `unknown`, and vouches for nothing. */
const VERDICTS = ['PASS', 'FAIL', 'GRAY', 'PROCESSING_FAILED', 'DISABLED'] as const;
export type SesVerdict = (typeof VERDICTS)[number] | 'unknown';

/** What SES found about a mail when it came in. */
export interface SesFindings {
  readonly virus: SesVerdict;
  readonly spam: SesVerdict;
  readonly dkim: SesVerdict;
  readonly dmarc: SesVerdict;
  /** Senders that SES read from the header: must be the scan's own. */
  readonly headerFrom: readonly string[];
}

export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

export interface SesReceipt {
  readonly kind: 'receipt';
  /** Of SES, for the log. */
  readonly id: string;
  /** Address of `MAIL FROM`; empty for the null sender. */
  readonly envelopeSender: string;
  /** Of the envelope, as the receipt rule matched them; never those of the header. */
  readonly recipients: readonly string[];
  readonly findings: SesFindings;
  readonly mail: { readonly raw: Uint8Array } | ObjectPlace;
}

export type SesNotification =
  | SesReceipt
  /** Objects are there; their receipt notifications say the rest. */
  | { readonly kind: 'objects'; readonly objects: readonly ObjectPlace[] }
  /** Said when something is set up; no mail. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unreadable' };

/** Object, or message id, by which SES tries whether it may write. */
const SETUP = 'AMAZON_SES_SETUP_NOTIFICATION';

const verdict = z
  .object({ status: z.string() })
  .transform(({ status }): SesVerdict => VERDICTS.find((each) => each === status) ?? 'unknown')
  .catch('unknown');

const receiptNotification = z.object({
  notificationType: z.literal('Received'),
  mail: z.object({
    messageId: z.string().min(1),
    source: z.string().default(''),
    commonHeaders: z.object({ from: z.array(z.string()).default([]) }).default({ from: [] }),
  }),
  receipt: z.object({
    recipients: z.array(z.string()).min(1),
    virusVerdict: verdict,
    spamVerdict: verdict,
    dkimVerdict: verdict,
    dmarcVerdict: verdict,
    action: z.discriminatedUnion('type', [
      z.object({ type: z.literal('S3'), bucketName: z.string(), objectKey: z.string() }),
      z.object({ type: z.literal('SNS'), encoding: z.string().default('UTF8') }),
    ]),
  }),
  content: z.string().optional(),
});
type ReceiptNotification = z.infer<typeof receiptNotification>;

const s3Event = z.object({
  Records: z
    .array(
      z.object({
        eventSource: z.literal('aws:s3'),
        eventName: z.string(),
        s3: z.object({
          bucket: z.object({ name: z.string() }),
          object: z.object({ key: z.string() }),
        }),
      }),
    )
    .min(1),
});

/** Told when a bucket is connected to a queue or a topic. */
const s3TestEvent = z.object({ Service: z.string(), Event: z.literal('s3:TestEvent') });

export function notificationIn(body: Json): SesNotification {
  const told = messageIn(body);
  if (isSetupNotice(told) || s3TestEvent.safeParse(told).success) return { kind: 'ignored' };
  const receipt = receiptNotification.safeParse(told);
  if (receipt.success) return receiptIn(receipt.data);
  const event = s3Event.safeParse(told);
  if (event.success) return objectsIn(event.data);
  return { kind: 'unreadable' };
}

function receiptIn({ mail, receipt, content }: ReceiptNotification): SesNotification {
  const { action, recipients } = receipt;
  if (mail.messageId === SETUP) return { kind: 'ignored' };
  const found = mailIn(action, content);
  if (found === undefined) return { kind: 'unreadable' };
  return {
    kind: 'receipt',
    id: mail.messageId,
    envelopeSender: mail.source.replace(/^<(.*)>$/, '$1'),
    recipients: [...new Set(recipients.map((each) => each.toLowerCase()))],
    findings: {
      virus: receipt.virusVerdict,
      spam: receipt.spamVerdict,
      dkim: receipt.dkimVerdict,
      dmarc: receipt.dmarcVerdict,
      headerFrom: mail.commonHeaders.from.map(addressIn),
    },
    mail: found,
  };
}

function mailIn(
  action: ReceiptNotification['receipt']['action'],
  content: string | undefined,
): SesReceipt['mail'] | undefined {
  if (action.type === 'S3') return { bucket: action.bucketName, key: action.objectKey };
  if (content === undefined) return undefined;
  const encoding = action.encoding.toUpperCase() === 'BASE64' ? 'base64' : 'utf8';
  return { raw: Buffer.from(content, encoding) };
}

/** SES shows the field decoded, so that a name may hold anything; the address stands last. */
function addressIn(from: string): string {
  return (/<([^<>]*)>\s*$/.exec(from)?.[1] ?? from).trim().toLowerCase();
}

function objectsIn({ Records }: z.infer<typeof s3Event>): SesNotification {
  const created = Records.filter(({ eventName }) => /^(s3:)?ObjectCreated:/.test(eventName));
  const objects: ObjectPlace[] = [];
  for (const { s3 } of created) {
    const key = decoded(s3.object.key);
    if (key === undefined) return { kind: 'unreadable' };
    if (!key.endsWith(SETUP)) objects.push({ bucket: s3.bucket.name, key });
  }
  return objects.length === 0 ? { kind: 'ignored' } : { kind: 'objects', objects };
}

/** Keys in events are URL-encoded, and a blank is a plus. */
function decoded(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
