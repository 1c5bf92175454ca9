/**
 * What a message of the queue of feedback says: SES tells of mail of ours that came back, that
 * somebody complained of, that arrived. It comes bare or in an envelope of SNS, as an event of a
 * configuration set (`eventType`) or as a notification of an identity (`notificationType`). Pure; any
 * JSON gets an answer.
 */
import { z } from 'zod';
import type { MailSuppression } from '#contracts/mail-suppressions.ts';
import type { Json } from '#shared/ports/tables.ts';
import { isSetupNotice, messageIn } from '#shared/sns.ts';

/** A mail of ours has one; this many is what SES lets a mail have. */
const RECIPIENTS_MAX = 50;

/** What became of a mail and asks for nothing: SES tries again by itself, or has delivered it. */
const PASSING = {
  Bounce: 'delayed',
  Complaint: 'delivered',
  Delivery: 'delivered',
  DeliveryDelay: 'delayed',
  Reject: 'rejected',
  'Rendering Failure': 'rejected',
  Send: 'taken',
  Open: 'delivered',
  Click: 'delivered',
  Subscription: 'delivered',
} as const;
export type PassingOutcome = (typeof PASSING)[keyof typeof PASSING];

export type MailFeedback =
  | {
      readonly kind: 'undeliverable';
      readonly reason: MailSuppression['reason'];
      readonly addresses: readonly string[];
      /** When the mail was sent, ms since the epoch. */
      readonly sentAt: number;
      /** Of SES, for the log. */
      readonly id: string;
    }
  | { readonly kind: 'passing'; readonly outcome: PassingOutcome; readonly id: string }
  /** Said when something is set up; no mail. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unreadable' };

const recipients = z
  .array(z.object({ emailAddress: z.string().min(1).max(320) }))
  .min(1)
  .max(RECIPIENTS_MAX);
const moment = z
  .string()
  .transform((text) => Date.parse(text))
  .pipe(z.number().int());
const mail = z.object({ messageId: z.string().min(1).max(200), timestamp: moment });

const bounce = z.object({
  type: z.literal('Bounce'),
  mail,
  bounce: z.object({ bounceType: z.string(), bouncedRecipients: recipients }),
});
const complaint = z.object({
  type: z.literal('Complaint'),
  mail,
  complaint: z.object({
    complainedRecipients: recipients,
    complaintFeedbackType: z.string().nullish(),
  }),
});
const other = z.object({
  type: z.enum(Object.keys(PASSING) as [keyof typeof PASSING]).exclude(['Bounce', 'Complaint']),
  mail,
});
const told = z.discriminatedUnion('type', [bounce, complaint, other]);

export function feedbackIn(body: Json): MailFeedback {
  const message = messageIn(body);
  if (isSetupNotice(message)) return { kind: 'ignored' };
  const parsed = told.safeParse(withType(message));
  if (!parsed.success) return { kind: 'unreadable' };
  const { messageId: id, timestamp: sentAt } = parsed.data.mail;
  const passing = { kind: 'passing', outcome: PASSING[parsed.data.type], id } as const;
  switch (parsed.data.type) {
    case 'Bounce': {
      // `Transient` and `Undetermined`: the mailbox may be there. SES has tried for hours already.
      if (parsed.data.bounce.bounceType !== 'Permanent') return passing;
      const addresses = addressesIn(parsed.data.bounce.bouncedRecipients);
      return { kind: 'undeliverable', reason: 'bounced', addresses, sentAt, id };
    }
    case 'Complaint': {
      // RFC 6650: somebody took the mail out of the folder of unwanted ones.
      if (parsed.data.complaint.complaintFeedbackType === 'not-spam') return passing;
      const addresses = addressesIn(parsed.data.complaint.complainedRecipients);
      return { kind: 'undeliverable', reason: 'complained', addresses, sentAt, id };
    }
    default:
      return passing;
  }
}

/** Both kinds of message name their type in a field of their own. */
function withType(message: Json): unknown {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  const { eventType, notificationType } = message as { readonly [key: string]: Json };
  return { ...message, type: eventType ?? notificationType };
}

/** As accounts have them; a receiver may have written its own form of it. */
function addressesIn(list: z.infer<typeof recipients>): string[] {
  const plain = list.map(
    ({ emailAddress }) => /<([^<>]*)>\s*$/.exec(emailAddress)?.[1] ?? emailAddress,
  );
  return [...new Set(plain.map((address) => address.trim().toLowerCase()))];
}
