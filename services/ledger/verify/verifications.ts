import { readVerification, verifyLedger } from '#contracts/ledger.ts';
import { type Handling, handle } from '#shared/service.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { readState } from './patrol-state.ts';
import { verifyTenant } from './verification.ts';

export function verificationHandlings(parts: LedgerParts, logs: Logs): Handling[] {
  return [
    handle(verifyLedger, async ({ caller: { tenant }, query }) => {
      await signHead(parts, logs, tenant);
      const verification = await verifyTenant(parts, tenant, query);
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
 * possible is verified all the more.
 */
async function signHead(parts: LedgerParts, logs: Logs, tenant: string): Promise<void> {
  try {
    await logs.use(tenant, async (log) => {
      await log.follow();
      await log.checkpoint(log.size());
    });
  } catch (error) {
    parts.log.warn({ tenant, err: error }, 'the head could not be signed before it is verified');
  }
}
