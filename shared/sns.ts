/** What topics put around the messages of a queue, and say when they are set up. Pure. */
import { z } from 'zod';
import type { Json } from './ports/tables.ts';

const envelope = z.object({ Type: z.string(), Message: z.string() });

/** Told when a queue or a topic is connected to SES or to SNS. */
const setupNotice = z.union([
  z.object({ notificationType: z.literal('AmazonSnsSubscriptionSucceeded') }),
  z.object({ Type: z.enum(['SubscriptionConfirmation', 'UnsubscribeConfirmation']) }),
]);
const setupText = /^Successfully validated SNS topic for Amazon SES event publishing/;

/** The message itself, where it comes in an envelope; what is no JSON is its text. */
export function messageIn(body: Json): Json {
  const found = envelope.safeParse(body);
  if (!found.success || found.data.Type !== 'Notification') return body;
  try {
    return JSON.parse(found.data.Message) as Json;
  } catch {
    return found.data.Message;
  }
}

export function isSetupNotice(message: Json): boolean {
  if (typeof message === 'string') return setupText.test(message);
  return setupNotice.safeParse(message).success;
}
