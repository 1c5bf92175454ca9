import { holdClasses } from '#contracts/legal-holds.ts';
import { askRetention } from '#contracts/retention.ts';
import { type Client, jobCaller } from '#shared/client.ts';
import { Problem } from '#shared/problem.ts';

/**
 * Throws Problem `conflict` for a record under a legal hold, and names the hold. Without an answer
 * nothing is destroyed: the Problem of the question comes back.
 */
export async function assertNoHold(
  client: Client,
  tenant: string,
  record: { readonly objectType: string; readonly objectId: string },
): Promise<void> {
  const caller = jobCaller('ledger', { tenant });
  for (const each of holdClasses) {
    const { holds } = (await client.call(askRetention, { body: { class: each } }, caller)).body;
    const hold = holds.find(
      ({ record: held }) =>
        held === undefined || (held.type === record.objectType && held.id === record.objectId),
    );
    if (hold === undefined) continue;
    throw new Problem('conflict', {
      detail: `The legal hold ${hold.id} keeps the record. It can be expunged once that is released.`,
    });
  }
}
