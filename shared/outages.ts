/**
 * Notices when events of a tenant cannot reach the ledger, and leaves a mark when they can again.
 *
 * 1. An append fails. What is over within a few seconds is a delay and no outage.
 * 2. An outage that lasts longer gets a row, and an alarm; the alarm comes again each minute.
 * 3. The events arrive. In one write the row goes and an event `ledger.outage.recovered` takes its
 *    place in the outbox: once, also with two processes, also when this one was stopped meanwhile.
 *    It stands in the chain behind the events that waited.
 *
 * A process that starts finds the row of an earlier one, and counts the events from then on.
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { ServiceName } from '#contracts/caller.ts';
import type { TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from './audit.ts';
import { jobCaller } from './client.ts';
import type { Metrics } from './metrics.ts';
import type { Row, Tables } from './ports/tables.ts';

/** Shorter is a delay: a ledger that is started anew, a bus that connects again. */
const OUTAGE_MS_MIN = 10_000;
const ALARM_INTERVAL_MS = 60_000;
const UNAUDITED = 'an event follows when the ledger can be reached again';

export interface Outages {
  /** That many events of the tenant were appended, whether or not others still wait. */
  appended(tenant: TenantId, events: number): void;
  /** Some events of the tenant could not be appended; `since` is when that was tried, ms. */
  failed(tenant: TenantId, since: number): void;
  /** A pass over the outbox is done. Of the tenants in `stuck` events still wait; when the outbox
   * could not be read, nobody knows of which ones. */
  passDone(pass: {
    readonly isRead: boolean;
    readonly stuck: ReadonlySet<TenantId>;
  }): Promise<void>;
}

interface Outage {
  /** ms since the epoch. */
  readonly since: number;
  delayedEvents: number;
  /** There is a row of it. */
  isKept: boolean;
}

interface OutageParts {
  readonly service: ServiceName;
  readonly tables: Tables;
  readonly metrics: Metrics;
  readonly clock: () => number;
}

export function openOutages(parts: OutageParts): Outages {
  const { metrics, clock } = parts;
  const outages = new Map<TenantId, Outage>();
  /** Tenants whose row, if there is one, is known; events appended of others. */
  const asked = new Set<TenantId>();
  const unasked = new Map<TenantId, number>();
  let failingSince: number | undefined;
  let alarmedAt = Number.NEGATIVE_INFINITY;

  function alarm(failed: boolean): void {
    const now = clock();
    failingSince = failed ? (failingSince ?? now) : undefined;
    if (failingSince === undefined || now - failingSince < OUTAGE_MS_MIN) return;
    if (now - alarmedAt < ALARM_INTERVAL_MS) return;
    alarmedAt = now;
    metrics.alarm('ledger-append-failed');
  }

  /** The outages that an earlier process has seen. */
  async function restore(): Promise<void> {
    for (const [tenant, delayedEvents] of unasked) {
      const since = sinceOf(await rowOf(parts, tenant));
      if (since !== undefined) outages.set(tenant, { since, delayedEvents, isKept: true });
      asked.add(tenant);
    }
    unasked.clear();
  }

  return {
    appended(tenant, events) {
      if (!asked.has(tenant)) unasked.set(tenant, (unasked.get(tenant) ?? 0) + events);
      const outage = outages.get(tenant);
      if (outage !== undefined) outage.delayedEvents += events;
    },
    failed(tenant, since) {
      if (!outages.has(tenant)) outages.set(tenant, { since, delayedEvents: 0, isKept: false });
    },
    async passDone({ isRead, stuck }) {
      alarm(!isRead || stuck.size > 0);
      if (!isRead) return;
      await restore();
      for (const [tenant, outage] of outages) {
        if (stuck.has(tenant)) {
          await keep(parts, tenant, outage);
        } else {
          if (outage.isKept) await mark(parts, tenant, outage);
          outages.delete(tenant);
        }
      }
    },
  };
}

function rowOf({ tables, service }: OutageParts, tenant: TenantId): Promise<Row | undefined> {
  return tables.forTenant(tenant).get(keyOf(service));
}

function keyOf(service: ServiceName) {
  return { kind: 'ledger-outage', id: service };
}

async function keep(parts: OutageParts, tenant: TenantId, outage: Outage): Promise<void> {
  const { tables, service, clock } = parts;
  const { since } = outage;
  if (outage.isKept || clock() - since < OUTAGE_MS_MIN) return;
  // A lost race is a row of another process, about the same outage.
  const changes = [{ put: { ...keyOf(service), value: { since } }, expect: 0 }];
  await tables.forTenant(tenant).write({ changes, events: [], unaudited: UNAUDITED });
  outage.isKept = true;
}

/** Nothing when another process has removed the row, and left the mark, before. */
async function mark(parts: OutageParts, tenant: TenantId, outage: Outage): Promise<void> {
  const { tables, service, clock } = parts;
  const row = await rowOf(parts, tenant);
  if (row === undefined) return;
  const since = sinceOf(row) ?? outage.since;
  const { delayedEvents } = outage;
  const event = recoveredEvent({ service, tenant, since, now: clock(), delayedEvents });
  const changes = [{ remove: keyOf(service), expect: row.version }];
  await tables.forTenant(tenant).write({ changes, events: [event] });
}

function recoveredEvent(about: {
  readonly service: ServiceName;
  readonly tenant: TenantId;
  readonly since: number;
  readonly now: number;
  readonly delayedEvents: number;
}): AuditEvent {
  const { service, tenant, delayedEvents } = about;
  const [from, to] = [about.since, about.now].map((ms) => new Date(ms).toISOString());
  return auditEventOf({
    caller: jobCaller(service, { tenant }),
    action: 'ledger.outage.recovered',
    object: { type: 'service', id: service },
    reason: `from ${from} to ${to} the ledger took no events; ${delayedEvents} waited`,
    changes: [
      { field: 'from', after: from },
      { field: 'to', after: to },
      { field: 'delayedEvents', after: delayedEvents },
    ],
    now: new Date(about.now),
  });
}

function sinceOf(row: Row | undefined): number | undefined {
  const value = row?.value;
  if (typeof value !== 'object' || value === null || !('since' in value)) return undefined;
  return typeof value.since === 'number' ? value.since : undefined;
}
