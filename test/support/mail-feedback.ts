/** Messages as SES writes them about mail that was sent; the mail is invented. */
import type { Json } from '#shared/ports/tables.ts';

export interface FeedbackAbout {
  readonly address: string;
  /** When the mail was sent. */
  readonly sentAt: Date;
  /** As an event of a configuration set, or as a notification of an identity. */
  readonly form?: 'eventType' | 'notificationType';
}

export function bounceOf(about: FeedbackAbout, bounceType = 'Permanent'): Json {
  return told(about, 'Bounce', {
    bounce: {
      feedbackId: '0100017f-1',
      bounceType,
      bounceSubType: 'General',
      bouncedRecipients: [
        {
          emailAddress: about.address,
          action: 'failed',
          status: '5.1.1',
          diagnosticCode: 'smtp; 550 5.1.1 user unknown',
        },
      ],
      timestamp: '2031-02-03T04:05:09.000Z',
      reportingMTA: 'dns; mx.example',
    },
  });
}

export function complaintOf(about: FeedbackAbout, complaintFeedbackType = 'abuse'): Json {
  return told(about, 'Complaint', {
    complaint: {
      feedbackId: '0100017f-2',
      complaintSubType: null,
      complainedRecipients: [{ emailAddress: about.address }],
      timestamp: '2031-02-03T04:05:09.000Z',
      userAgent: 'example',
      complaintFeedbackType,
    },
  });
}

export function deliveryOf(about: FeedbackAbout): Json {
  return told(about, 'Delivery', {
    delivery: { timestamp: '2031-02-03T04:05:09.000Z', recipients: [about.address] },
  });
}

function told(
  { address, sentAt, form = 'eventType' }: FeedbackAbout,
  type: string,
  rest: { readonly [key: string]: Json },
): Json {
  return {
    [form]: type,
    mail: {
      timestamp: sentAt.toISOString(),
      messageId: '0100017f-1111-2222-3333-444455556666-000000',
      source: 'desk@watchdesk.example',
      destination: [address],
      headersTruncated: false,
      headers: [{ name: 'To', value: address }],
      tags: { 'ses:configuration-set': ['watchdesk'] },
    },
    ...rest,
  };
}
