import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notificationIn } from '#services/cad-ingest/intake/ses-notification.ts';
import type { Json } from '#shared/ports/tables.ts';
import { BUCKET } from './desk.ts';
import { inSns, receiptNotification, s3Event } from './ses-mails.ts';

const recipients = ['cad+TOKEN@desk.example'];
const raw = 'From: desk@county.example\r\n\r\nCALL: FIRE\r\n';

function receiptIn(body: Json) {
  const found = notificationIn(body);
  if (found.kind !== 'receipt') throw new Error(`it is ${found.kind}`);
  return found;
}

describe('a receipt notification', () => {
  test.each([
    ['bare', (body: Json) => body],
    ['in an envelope of SNS', (body: Json) => inSns(body)],
  ])('%s names envelope, place and findings', (_, sent) => {
    expect(notificationIn(sent(receiptNotification({ recipients, key: 'ses/abc' })))).toEqual({
      kind: 'receipt',
      id: 'abc',
      envelopeSender: 'desk@county.example',
      recipients: ['cad+token@desk.example'],
      findings: {
        virus: 'PASS',
        spam: 'PASS',
        dkim: 'PASS',
        dmarc: 'PASS',
        headerFrom: ['desk@county.example'],
      },
      mail: { bucket: BUCKET, key: 'ses/abc' },
    });
  });

  test.each([
    ['UTF8', raw],
    ['BASE64', Buffer.from(raw).toString('base64')],
    ['Base64', Buffer.from(raw).toString('base64')],
  ])('has the mail inside, as %s', (encoding, content) => {
    const found = receiptIn(receiptNotification({ recipients, content, encoding }));
    expect(found.mail).toEqual({ raw: Buffer.from(raw) });
  });

  test('takes who it is for from the envelope alone, each once', () => {
    const twice = ['cad+a@desk.example', 'CAD+A@desk.example', 'cad+b@desk.example'];
    const found = receiptIn(receiptNotification({ recipients: twice }));
    expect(found.recipients).toEqual(['cad+a@desk.example', 'cad+b@desk.example']);
  });

  test.each(['pass', 'PASSED', '', 'ok'])('a verdict %j is no PASS', (status) => {
    const verdicts = { virus: status, spam: status, dkim: status, dmarc: status };
    const { findings } = receiptIn(receiptNotification({ recipients, verdicts }));
    expect(findings).toMatchObject({ virus: 'unknown', spam: 'unknown', dmarc: 'unknown' });
  });

  test('a verdict that is missing is no PASS', () => {
    const whole = JSON.parse(JSON.stringify(receiptNotification({ recipients })));
    for (const name of ['virus', 'spam', 'dkim', 'dmarc']) delete whole.receipt[`${name}Verdict`];
    delete whole.mail.commonHeaders;
    expect(receiptIn(whole).findings).toEqual({
      virus: 'unknown',
      spam: 'unknown',
      dkim: 'unknown',
      dmarc: 'unknown',
      headerFrom: [],
    });
  });

  test.each([
    ['the null sender', '<>', ''],
    ['an address in brackets', '<desk@county.example>', 'desk@county.example'],
  ])('understands %s', (_, source, expected) => {
    const found = receiptIn(receiptNotification({ recipients, source }));
    expect(found.envelopeSender).toBe(expected);
  });

  test.each([
    ['without recipients', receiptNotification({ recipients: [] })],
    ['of a bounce', { notificationType: 'Bounce', mail: {}, bounce: {} }],
    ['that promises a mail and has none', withoutContent()],
    ['of another action', anotherAction()],
  ])('%s is unreadable', (_, body) => {
    expect(notificationIn(body)).toEqual({ kind: 'unreadable' });
  });
});

describe('an S3 event', () => {
  test('has its key decoded: a plus is a blank, a written-out plus is one', () => {
    expect(notificationIn(s3Event('ses/a+b%2Bc%C3%A9'))).toEqual({
      kind: 'objects',
      objects: [{ bucket: BUCKET, key: 'ses/a b+cé' }],
    });
  });

  test('with a key that nobody can decode is unreadable', () => {
    expect(notificationIn(s3Event('ses/%E0%A4%A'))).toEqual({ kind: 'unreadable' });
  });

  test('of a removal is nothing to do', () => {
    const event = JSON.stringify(s3Event('ses/a')).replace('ObjectCreated:Put', 'ObjectRemoved:x');
    expect(notificationIn(JSON.parse(event))).toEqual({ kind: 'ignored' });
  });
});

describe('a notice of a set-up is no mail', () => {
  test.each<[string, Json]>([
    ['of S3', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: BUCKET }],
    ['of S3, by SNS', inSns({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: BUCKET })],
    ['of SES in the bucket', s3Event('ses/AMAZON_SES_SETUP_NOTIFICATION')],
    [
      'of SES in a receipt',
      receiptNotification({ recipients, key: 'ses/AMAZON_SES_SETUP_NOTIFICATION' }),
    ],
    ['of SES as text', inSns('Successfully validated SNS topic for Amazon SES event publishing.')],
    ['of SNS', { Type: 'SubscriptionConfirmation', Message: 'Confirm', Token: 't' }],
  ])('%s', (_, body) => {
    expect(notificationIn(body)).toEqual({ kind: 'ignored' });
  });
});

test('any JSON at all gets an answer, bare or in an envelope', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const body = value as Json;
      expect(['unreadable', 'ignored']).toContain(notificationIn(body).kind);
      expect(['unreadable', 'ignored']).toContain(notificationIn(inSns(body)).kind);
    }),
  );
});

function withoutContent(): Json {
  const whole = JSON.parse(JSON.stringify(receiptNotification({ recipients, content: raw })));
  delete whole.content;
  return whole;
}

function anotherAction(): Json {
  const whole = JSON.parse(JSON.stringify(receiptNotification({ recipients })));
  whole.receipt.action = { type: 'Lambda', functionArn: 'arn' };
  return whole;
}
