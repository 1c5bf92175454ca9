/**
 * What a sign-in comes to, as a pure function of the account and of whether the password is right.
 *
 * An account locks after five wrong passwords within fifteen minutes and stays so until an
 * administrator releases it (CJIS Security Policy 5.9.5, AC-7). The caller hears the same in all
 * failed cases. Were a locked account told apart, strangers could find out who has an account here;
 * were a right password told apart on a locked account, guessing could go on for ever.
 */
import type { CredentialRow, UserRow } from './rows.ts';

export const FAILURES_MAX = 5;
export const FAILURE_WINDOW_MS = 15 * 60 * 1000;

export type SignInOutcome =
  | { readonly kind: 'accepted'; readonly user: UserRow; readonly credential: CredentialRow }
  | {
      readonly kind: 'refused';
      /** For the ledger, never for the caller. */
      readonly reason: string;
      /** The counter, where a wrong password has counted. */
      readonly credential?: CredentialRow;
      /** The account, where this failure has locked it. */
      readonly locked?: UserRow;
    };

export function decideSignIn(about: {
  readonly user: UserRow;
  readonly credential: CredentialRow | undefined;
  readonly isPasswordRight: boolean;
  readonly now: Date;
}): SignInOutcome {
  const { user, credential, isPasswordRight, now } = about;
  if (credential === undefined || user.status === 'invited') return refused('not yet accepted');
  if (user.status === 'deactivated') return refused('account deactivated');
  if (user.lockedAt !== undefined) return refused('account locked');
  if (!isPasswordRight) return wrongPassword(user, credential, now);
  return {
    kind: 'accepted',
    user: { ...user, lastSignInAt: now.toISOString() },
    credential: { ...credential, failures: [] },
  };
}

function wrongPassword(user: UserRow, credential: CredentialRow, now: Date): SignInOutcome {
  const since = now.getTime() - FAILURE_WINDOW_MS;
  const failures = [...credential.failures.filter((at) => at > since), now.getTime()];
  const counted = { ...credential, failures };
  const wrong = { ...refused('wrong password'), credential: counted };
  if (failures.length < FAILURES_MAX) return wrong;
  return { ...wrong, locked: { ...user, lockedAt: now.toISOString() } };
}

function refused(reason: string) {
  return { kind: 'refused', reason } as const;
}
