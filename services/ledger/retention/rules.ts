import { askRetention } from '#contracts/retention.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';
import type { Rules } from './purge.ts';

/** An answer that takes longer is none. */
const ASK_TIMEOUT_MS = 3_000;

/**
 * The window in force for the ledger of a tenant, and the holds that are on. Fails closed: Problem
 * `unavailable` when core-records does not answer, and nothing may be removed.
 */
export async function askRules(client: Client, tenant: string): Promise<Rules> {
  try {
    const caller = jobCaller('ledger', { tenant });
    const input = { body: { class: 'ledger' as const } };
    const options = { timeoutMs: ASK_TIMEOUT_MS };
    return (await client.call(askRetention, input, caller, options)).body;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem('unavailable', {
      detail: 'Nobody can tell now what may be removed, so nothing is. Try again soon.',
      retryAfterSeconds: 10,
    });
  }
}
