/**
 * Mail to account holders, and what becomes of it.
 *
 * 1. The person's row of suppression is read: where there is a live one nothing is sent.
 * 2. The mailer takes the mail, or rejects. Where it hears at once that there is no such mailbox,
 *    that becomes the row, with its event, and the mail counts as withheld.
 * 3. Days later a message of the feedback queue may say that it came back (feedback-reader.ts).
 *
 * Whoever has a mail sent writes down what became of it, with the rest of what it does.
 */
import type { TenantId } from '#contracts/primitives.ts';
import type { Mailer, OutgoingMail } from '#shared/ports/mailer.ts';
import { getRow } from '../identity/rows.ts';
import { type SuppressParts, suppress } from './suppress.ts';
import { isSuppressed } from './suppression.ts';

export interface Addressee {
  readonly tenant: TenantId;
  readonly userId: string;
  readonly email: string;
}

export interface AccountMail {
  /**
   * `withheld`: mail to this person is suppressed, and was not given to anybody. Rejects as the
   * mailer does when it cannot take it.
   */
  send(to: Addressee, mail: Omit<OutgoingMail, 'to'>): Promise<'sent' | 'withheld'>;
}

export function openAccountMail(
  parts: SuppressParts & { readonly mailer: Mailer; readonly clock: () => number },
): AccountMail {
  const { tables, mailer, metrics, clock } = parts;
  return {
    async send({ tenant, userId, email }, mail) {
      const row = await getRow(tables.forTenant(tenant), 'suppression', userId);
      if (isSuppressed(row?.value)) {
        metrics.mailOutcome('withheld');
        return 'withheld';
      }
      const outcome = await mailer.send({ ...mail, to: email }).catch((error: unknown) => {
        metrics.mailOutcome('failed');
        throw error;
      });
      if (outcome === 'taken') {
        metrics.mailOutcome('sent');
        return 'sent';
      }
      metrics.mailOutcome('refused');
      const now = new Date(clock());
      await suppress(parts, { tenant, id: userId }, { reason: 'refused', sentAt: clock(), now });
      return 'withheld';
    },
  };
}
