import type { TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import type { Addressee } from '../mail/account-mail.ts';
import { type HandlerParts, record } from './handler-parts.ts';

/** Mail to account holders about their own accounts. */
export interface Notices extends AsyncDisposable {
  /** `eventId` is of the event that locked the account: the same lock is told once. */
  accountLocked(to: Addressee, eventId: string): void;
}

type Parts = Pick<HandlerParts, 'mail' | 'tables' | 'relay' | 'log'> & {
  readonly clock: () => number;
};

/**
 * A notice goes out beside the answer, which must neither wait for a mail relay nor show by its
 * time that there is an account. One that cannot be sent is logged; the lock itself is in the ledger
 * and in the alarms. The close waits for those on their way.
 */
export function openNotices(parts: Parts): Notices {
  const sending = new Set<Promise<void>>();
  return {
    accountLocked(to, eventId) {
      const sent = tell(parts, to, eventId).catch((error: unknown) => {
        const code = error instanceof Problem ? error.code : undefined;
        parts.log.warn({ eventId, code, err: error }, 'a notice of a locked account was not sent');
      });
      sending.add(sent);
      void sent.finally(() => sending.delete(sent));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sending);
    },
  };
}

async function tell(parts: Parts, to: Addressee, eventId: string): Promise<void> {
  const outcome = await parts.mail.send(to, {
    id: `account-locked-${eventId}`,
    subject: 'Your Watchdesk account is locked',
    text: lockedText,
  });
  if (outcome === 'withheld') await recordWithheld(parts, to, eventId);
}

function recordWithheld(
  parts: Parts,
  { tenant, userId }: { readonly tenant: TenantId; readonly userId: string },
  eventId: string,
) {
  const event = auditEventOf({
    caller: jobCaller('gateway', { tenant }),
    action: 'gateway.notice.withheld',
    object: { type: 'notice', id: `account-locked/${eventId}` },
    changes: [{ field: 'user', after: userId }],
    now: new Date(parts.clock()),
  });
  return record(parts, tenant, { changes: [], events: [event] });
}

const lockedText = [
  'Five sign-ins to your Watchdesk account have failed within 15 minutes.',
  'The account is locked until an administrator of your department releases it.',
  '',
  'If it was not you who tried, tell your administrator so.',
  '',
].join('\n');
