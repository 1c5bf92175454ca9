import { readVerification, verifyLedger } from '#contracts/ledger.ts';
import { type Handling, handle } from '#shared/service.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { readState } from './patrol-state.ts';
import { openTold } from './told.ts';
import { verifyTenant } from './verification.ts';

export function verificationHandlings(parts: LedgerParts, logs: Logs): Handling[] {
  return [
    handle(verifyLedger, async ({ caller: { tenant }, query, watcher }) => {
      const size = await signHead(parts, logs, tenant);
      using told = watcher && openTold(watcher, size);
      const verification = await verifyTenant(parts, tenant, { ...query, ...told });
      if (!verification.ok) {
        parts.metrics.alarm('ledger-verify-failed');
        const breaks = verification.breaks.length;
        parts.log.error({ tenant, breaks }, 'a log does not verify');
      }
      return { body: { ...verification, breaks: [...verification.breaks] } };
    }),

    // From the row, so that every process gives the same answer.
    handle(readVerification, async ({ tables }) => ({ body: (await readState(tables)).status })),
  ];
}

/**
 * So that the newest entries are compared with a signed head too. A log on which that is not
 * possible is verified all the more. Resolves with the size of the log, where it can be opened.
 */
async function signHead(
  parts: LedgerParts,
  logs: Logs,
  tenant: string,
): Promise<number | undefined> {
  let size: number | undefined;
  try {
    await logs.use(tenant, async (log) => {
      await log.follow();
      size = log.size();
      await log.checkpoint(size);
    });
  } catch (error) {
    parts.log.warn({ tenant, err: error }, 'the head could not be signed before it is verified');
  }
  return size;
}
