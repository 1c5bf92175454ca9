import { z } from 'zod';
import { operation } from './operation.ts';
import { assignableRoles } from './permissions.ts';
import { longText, shortText, timeZone } from './primitives.ts';

const NOTICE_CHARS_MAX = 20_000;

/**
 * Between services: a notice to the people of a department. Addresses stay with the accounts; the
 * service that has something to say names roles, and never learns who that is.
 */
export const sendNotice = operation({
  name: 'gateway.notice.send',
  summary: 'Mail a notice to each person of the department who holds one of the roles, once',
  body: z.strictObject({
    /** What it is about: `review-reminder`. */
    kind: z.string().regex(/^[a-z][a-z-]{2,40}$/),
    /** Which one of them; sorts after those before it, and what is not newer is not sent. */
    key: z.string().regex(/^[0-9A-Z-]{4,40}$/),
    roles: z.array(z.enum(assignableRoles)).min(1).max(assignableRoles.length),
    subject: shortText(200),
    text: longText(NOTICE_CHARS_MAX),
    attachment: z
      .strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,80}\.txt$/),
        text: longText(NOTICE_CHARS_MAX),
      })
      .optional(),
  }),
  output: z.strictObject({
    sent: z.number().int().nonnegative(),
    /** Had it already. */
    repeated: z.number().int().nonnegative(),
    /** Were sent nothing, because mail to them is suppressed. */
    withheld: z.number().int().nonnegative(),
    /** Whose mail could not be sent, or is just being sent by another process: ask again later. */
    left: z.number().int().nonnegative(),
  }),
  problems: ['ledger-behind'],
  permission: 'notices:send',
  audit: { kind: 'change', action: 'gateway.notice.sent', object: 'notice' },
});

export const readDepartmentZone = operation({
  name: 'gateway.tenant.read-zone',
  summary: 'Tell a job the time zone of the department for which it works',
  output: z.strictObject({ timeZone }),
  problems: ['not-found'],
  permission: 'notices:send',
  audit: { kind: 'none', because: 'the zone of a department, told to a service' },
});
