import type { VerificationProgress } from '#contracts/ledger.ts';
import type { CallWatcher } from '#shared/service.ts';
import type { Progress } from '../chain/verify.ts';
import { openTurn } from './verification.ts';

const TELL_INTERVAL_MS = 500;

export interface Told extends Disposable {
  /** Before each block; rejects once nobody waits any more. */
  pause(progress: Progress): Promise<void>;
}

/**
 * A walk that tells how far it is: at once, and then at an even pace. By a timer and not by the
 * walk, so that who waits does not give up over one that is slow and alive.
 */
export function openTold(watcher: CallWatcher, size: number | undefined): Told {
  const known = size === undefined ? {} : { size };
  let latest: VerificationProgress = { ...known, position: 0, checkedEntries: 0, breaks: 0 };
  const tell = () => watcher.tell(latest);
  const timer = setInterval(tell, TELL_INTERVAL_MS);
  const turn = openTurn();
  tell();
  return {
    async pause({ at, checkedEntries, breaks }) {
      latest = { ...known, position: at.size, checkedEntries, breaks: breaks.length };
      watcher.gone.throwIfAborted();
      await turn();
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
