import { z } from 'zod';
import { operation } from './operation.ts';
import { pageOf, pageQuery, rowId, timestamp } from './primitives.ts';

/** Why a person gets no mail any more. */
export const suppressionReasons = ['bounced', 'complained', 'refused'] as const;

/** A person whose address has shown that mail to it is of no use, or not wanted. */
export const mailSuppression = z.strictObject({
  /** The account. */
  id: rowId,
  email: z.string(),
  name: z.string(),
  /**
   * `bounced`: a mail came back, because there is no such mailbox. `refused`: whoever carries the mail
   * said so at once. `complained`: the person called a mail unwanted.
   */
  reason: z.enum(suppressionReasons),
  since: timestamp,
});
export type MailSuppression = z.infer<typeof mailSuppression>;

export const listMailSuppressions = operation({
  name: 'gateway.suppression.list',
  summary: 'List the people of the department to whom no mail is sent any more',
  http: { method: 'GET', path: '/v1/mail/suppressions', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(mailSuppression),
  problems: ['invalid-cursor'],
  permission: 'users:manage',
  audit: { kind: 'none', because: 'a plain read of records inside their own department' },
});

export const liftMailSuppression = operation({
  name: 'gateway.suppression.lift',
  summary: 'Send mail to the person again, once the mailbox is mended',
  http: { method: 'DELETE', path: '/v1/mail/suppressions/{id}', status: 204 },
  params: z.strictObject({ id: rowId }),
  output: z.null(),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.suppression.lifted', object: 'user' },
});
