import type { TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import { record } from '../identity/handler-parts.ts';
import { getRow, putRow } from '../identity/rows.ts';
import { type Report, suppressedBy } from './suppression.ts';

/** Races are lost to an administrator who lifts it, or to the same report in another process. */
const RACE_TRIES_MAX = 5;

export interface SuppressParts {
  readonly tables: Tables;
  readonly relay: Relay;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** No mail goes to the person any more; where that is so already nothing happens. */
export async function suppress(
  parts: SuppressParts,
  { tenant, id }: { readonly tenant: TenantId; readonly id: string },
  report: Report,
): Promise<void> {
  for (let tries = 0; tries < RACE_TRIES_MAX; tries += 1) {
    const row = await getRow(parts.tables.forTenant(tenant), 'suppression', id);
    const value = suppressedBy(row?.value, report);
    if (value === undefined) return;
    const event = auditEventOf({
      caller: jobCaller('gateway', { tenant }),
      action: 'gateway.mail.suppressed',
      object: { type: 'user', id },
      reason: report.reason,
      now: report.now,
    });
    const changes = [putRow('suppression', id, value, row?.version ?? 0)];
    const result = await record(parts, tenant, { changes, events: [event] });
    if (!result.ok) continue;
    parts.metrics.alarm('mail-undeliverable');
    parts.log.warn({ userId: id, reason: report.reason }, 'no mail is sent to a person any more');
    return;
  }
  throw new Error('a row of suppression was changed by others again and again');
}
