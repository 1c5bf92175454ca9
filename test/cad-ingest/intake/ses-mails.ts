/** Notifications as SES, SNS and S3 write them, about invented mail. */
import type { Json } from '#shared/ports/tables.ts';
import { BUCKET } from './desk.ts';

export const ALL_PASS = {
  virus: 'PASS',
  spam: 'PASS',
  spf: 'PASS',
  dkim: 'PASS',
  dmarc: 'PASS',
} as const;

export interface ReceiptAbout {
  readonly recipients: readonly string[];
  readonly verdicts?: Readonly<Partial<Record<keyof typeof ALL_PASS, string>>>;
  readonly source?: string;
  readonly from?: readonly string[];
  readonly bucket?: string;
  readonly key?: string;
  /** The mail itself, as an SNS action has it. */
  readonly content?: string;
  readonly encoding?: string;
}

export function receiptNotification(about: ReceiptAbout): Json {
  const { recipients, source = 'desk@county.example', bucket = BUCKET, key = 'ses/m1' } = about;
  const { from = ['County Dispatch <desk@county.example>'], encoding = 'UTF8' } = about;
  const verdicts = Object.entries({ ...ALL_PASS, ...about.verdicts }).map(([name, status]) => [
    `${name}Verdict`,
    { status },
  ]);
  const topicArn = 'arn:aws:sns:us-east-1:111122223333:received';
  const action =
    about.content === undefined
      ? { type: 'S3', topicArn, bucketName: bucket, objectKeyPrefix: 'ses/', objectKey: key }
      : { type: 'SNS', topicArn, encoding };
  return {
    notificationType: 'Received',
    mail: {
      timestamp: '2031-02-03T04:05:06.789Z',
      source,
      messageId: key.replace('ses/', ''),
      // Of the header: anybody may write anything there.
      destination: ['someone-else@elsewhere.example'],
      headersTruncated: false,
      commonHeaders: { from: [...from], to: ['someone-else@elsewhere.example'] },
    },
    receipt: {
      timestamp: '2031-02-03T04:05:06.789Z',
      processingTimeMillis: 321,
      recipients: [...recipients],
      ...Object.fromEntries(verdicts),
      action,
    },
    ...(about.content === undefined ? {} : { content: about.content }),
  };
}

/** As SNS delivers it where raw delivery is off. */
export function inSns(message: Json | string): Json {
  return {
    Type: 'Notification',
    MessageId: '0e3a7c1e-0000-5000-8000-000000000000',
    TopicArn: 'arn:aws:sns:us-east-1:111122223333:received',
    Subject: 'Amazon SES Email Receipt Notification',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: '2031-02-03T04:05:07.000Z',
    SignatureVersion: '1',
    Signature: 'bm9uZQ==',
  };
}

export function s3Event(key: string, bucket = BUCKET): Json {
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: bucket }, object: { key, size: 1_234, eTag: 'e' } },
      },
    ],
  };
}
