import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { feedbackIn } from '#services/gateway/mail/feedback.ts';
import { isSuppressed, lifted, suppressedBy } from '#services/gateway/mail/suppression.ts';
import type { Json } from '#shared/ports/tables.ts';
import { inSns } from '#test/cad-ingest/intake/ses-mails.ts';
import { bounceOf, complaintOf, deliveryOf } from '#test/support/mail-feedback.ts';

const sentAt = new Date('2031-02-03T04:05:06.789Z');
const about = { address: 'Chief@County.example', sentAt };
const id = '0100017f-1111-2222-3333-444455556666-000000';

describe.each(['eventType', 'notificationType'] as const)('a message with %s', (form) => {
  const of = { ...about, form };

  test.each([
    ['a permanent bounce', bounceOf(of), 'bounced'],
    ['a complaint', complaintOf(of), 'complained'],
    ['a complaint without a type', complaintOf(of, ''), 'complained'],
  ])('tells by %s that mail to the address is of no use', (_what, message, reason) => {
    const told = {
      kind: 'undeliverable',
      reason,
      addresses: ['chief@county.example'],
      sentAt: sentAt.getTime(),
      id,
    };
    expect(feedbackIn(message)).toEqual(told);
    expect(feedbackIn(inSns(message))).toEqual(told);
  });

  test.each([
    ['a transient bounce', bounceOf(of, 'Transient'), 'delayed'],
    ['a bounce that nobody understands', bounceOf(of, 'Undetermined'), 'delayed'],
    ['a delivery', deliveryOf(of), 'delivered'],
    ['somebody saying that a mail was wanted', complaintOf(of, 'not-spam'), 'delivered'],
  ])('tells by %s nothing against the address', (_what, message, outcome) => {
    expect(feedbackIn(message)).toEqual({ kind: 'passing', outcome, id });
  });
});

test('an address in the words of its receiver is the plain one', () => {
  const message = bounceOf({ ...about, address: '"Chief" <CHIEF@county.example>' });
  expect(feedbackIn(message)).toMatchObject({ addresses: ['chief@county.example'] });
});

test.each<[string, Json]>([
  ['of a topic', { Type: 'SubscriptionConfirmation', Message: 'You have chosen to subscribe' }],
  ['of an identity', { notificationType: 'AmazonSnsSubscriptionSucceeded', message: 'x' }],
  ['of event publishing', 'Successfully validated SNS topic for Amazon SES event publishing.'],
])('a notice of the set-up %s is no feedback', (_what, message) => {
  expect(feedbackIn(message)).toEqual({ kind: 'ignored' });
});

const bounce = bounceOf(about) as {
  readonly mail: Json;
  readonly bounce: Json;
};
test.each<[string, Json]>([
  ['text', 'hello'],
  ['nothing', null],
  ['a list', [bounce]],
  ['an envelope around text', inSns('hello')],
  ['an unknown type', { ...bounce, eventType: 'Returned' }],
  ['a receipt', { ...bounce, eventType: 'Received' }],
  ['no mail', { eventType: 'Bounce', bounce: bounce.bounce }],
  ['no time', { ...bounce, mail: { messageId: 'x', timestamp: 'yesterday' } }],
  ['nobody', { ...bounce, bounce: { bounceType: 'Permanent', bouncedRecipients: [] } }],
])('%s is unreadable', (_what, message) => {
  expect(feedbackIn(message)).toEqual({ kind: 'unreadable' });
});

test('any JSON gets an answer', () => {
  const types = fc.constantFrom('Bounce', 'Complaint', 'Delivery', 'toString', '__proto__');
  const shaped = fc.record({
    eventType: types,
    mail: fc.oneof(fc.constant(bounce.mail), fc.jsonValue()),
    bounce: fc.oneof(fc.constant(bounce.bounce), fc.jsonValue()),
    complaint: fc.jsonValue(),
  });
  fc.assert(
    fc.property(fc.oneof(shaped, fc.jsonValue()), (message) => {
      expect(feedbackIn(message as Json).kind).toMatch(
        /^(undeliverable|passing|ignored|unreadable)$/,
      );
    }),
  );
});

describe('a suppression', () => {
  const now = new Date('2031-02-04T00:00:00.000Z');
  const report = { reason: 'bounced' as const, sentAt: sentAt.getTime(), now };
  const first = suppressedBy(undefined, report);

  test('begins with the first report and is not changed by another', () => {
    expect(first).toEqual({ reason: 'bounced', since: now.toISOString() });
    expect(isSuppressed(first)).toBe(true);
    expect(suppressedBy(first, { ...report, reason: 'complained' })).toBeUndefined();
  });

  test('that was lifted begins anew only by a mail that was sent later', () => {
    if (first === undefined) throw new Error('there is one');
    const free = lifted(first, now);
    expect(isSuppressed(free)).toBe(false);
    expect(suppressedBy(free, report)).toBeUndefined();
    expect(suppressedBy(free, { ...report, sentAt: now.getTime() })).toBeUndefined();
    const later = { ...report, sentAt: now.getTime() + 1 };
    expect(isSuppressed(suppressedBy(free, later))).toBe(true);
  });
});
