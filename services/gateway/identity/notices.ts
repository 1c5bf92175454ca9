import type { Log } from '#shared/log.ts';
import type { Mailer } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';

/** Mail to account holders about their own accounts. */
export interface Notices extends AsyncDisposable {
  /** `eventId` is of the event that locked the account: the same lock is told once. */
  accountLocked(about: { readonly email: string; readonly eventId: string }): void;
}

/**
 * A notice goes out beside the answer, which must neither wait for a mail relay nor show by its
 * time that there is an account. One that cannot be sent is logged; the lock itself is in the ledger
 * and in the alarms. The close waits for those on their way.
 */
export function openNotices({
  mailer,
  log,
}: {
  readonly mailer: Mailer;
  readonly log: Log;
}): Notices {
  const sending = new Set<Promise<void>>();
  return {
    accountLocked({ email, eventId }) {
      const mail = {
        to: email,
        id: `account-locked-${eventId}`,
        subject: 'Your Watchdesk account is locked',
        text: lockedText,
      };
      const sent = mailer.send(mail).catch((error: unknown) => {
        const code = error instanceof Problem ? error.code : undefined;
        log.warn({ eventId, code, err: error }, 'a notice of a locked account was not sent');
      });
      sending.add(sent);
      void sent.finally(() => sending.delete(sent));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sending);
    },
  };
}

const lockedText = [
  'Five sign-ins to your Watchdesk account have failed within 15 minutes.',
  'The account is locked until an administrator of your department releases it.',
  '',
  'If it was not you who tried, tell your administrator so.',
  '',
].join('\n');
