import { exportEntries, exportTypes } from '#contracts/ledger-exports.ts';
import { type Handling, handle } from '#shared/service.ts';
import type { Logs } from '../log/logs.ts';
import { exportPart, partText } from './part.ts';

export function exportHandlings(logs: Logs): Handling[] {
  return [
    handle(exportEntries, async ({ caller, query: { format, after, limit } }) => {
      const begin = after === undefined ? 0 : after + 1;
      const part = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return exportPart(log, { format, begin, limit });
      });
      const { first, count, isMore } = part;
      const last = first + count - 1;
      return {
        body: partText(format, part),
        mediaType: exportTypes[format],
        ...(isMore ? { next: { after: String(last) } } : {}),
        read: [
          { field: 'format', after: format },
          { field: 'entries', after: count === 0 ? [] : [first, last] },
        ],
      };
    }),
  ];
}
