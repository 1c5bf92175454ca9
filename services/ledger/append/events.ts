import { appendEvents } from '#contracts/ledger.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import type { Logs } from '../log/logs.ts';

export function eventHandlings(logs: Logs): Handling[] {
  return [
    handle(appendEvents, async ({ caller, body: { events } }) => {
      const stray = events.findIndex(({ tenant }) => tenant !== caller.tenant);
      if (stray >= 0) {
        throw new Problem('forbidden', {
          detail: `events[${stray}].tenant must be the tenant in whose name the call is made.`,
        });
      }
      const receipts = await logs.use(caller.tenant, (log) => log.append(events));
      const results = events.flatMap(({ id }, index) => {
        const receipt = receipts[index];
        return receipt === undefined ? [] : [{ id, ...receipt }];
      });
      return { body: { results } };
    }),
  ];
}
