/**
 * Pushes the entries of every tenant to one sink: in order, at least once, and never in the way of
 * an append: it reads what is committed, as any reader does.
 *
 * 1. The tenant's cursor; another process that is at it is left alone.
 * 2. The next entries and a checkpoint that covers them.
 * 3. The cursor is claimed for a while.
 * 4. They are sent; the receiver says that it has them.
 * 5. The cursor goes on and the claim is given back. At most once an hour the same write carries the event that entries went out.
 *
 * A crash before 5 leaves the cursor: the same entries are sent again, once the claim has run out.
 * A delivery that fails is tried again after a pause that doubles; the next round begins with the
 * next tenant, so that one whose entries are refused does not keep those of the others.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { EXPORT_ENTRIES_MAX } from '#contracts/ledger-exports.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { RefusedDestination } from '#shared/outbound.ts';
import { type ExportPart, exportPart } from '../export/part.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { tenantsWithLogs } from '../log/store.ts';
import { type Cursor, moveCursor, readCursor, type SinkState } from './cursor.ts';
import { DELIVERY_MS_MAX, type Receiver } from './delivery.ts';
import type { SinkSettings } from './settings.ts';

/** Longer than a delivery may take, by enough that the write behind it is done too. */
export const CLAIM_MS = 4 * DELIVERY_MS_MAX;
const SUMMARY_INTERVAL_MS = 60 * 60 * 1000;
/** Nothing has been taken for this long although there is something: somebody must hear of it. */
export const STUCK_MS = 60_000;
const PUSHED = 'ledger.entry.pushed';

export interface Pace {
  /** The logs are looked at this often. */
  readonly pollMs: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}
const usualPace: Pace = { pollMs: 5_000, retryMsMin: 1_000, retryMsMax: 60_000 };

export interface PushParts extends Pick<LedgerParts, 'tables' | 'clock' | 'log' | 'metrics'> {
  readonly logs: Logs;
  readonly sink: Pick<SinkSettings, 'name' | 'format' | 'tenants'>;
  readonly receiver: Receiver;
  /** Names this process. */
  readonly holder: string;
  readonly pace?: Pace;
}

/** Pushes until it is disposed; what is under way then is broken off, and comes again. */
export function openPush(parts: PushParts): AsyncDisposable {
  const { sink, metrics, log, clock, pace = usualPace } = parts;
  const stop = new AbortController();
  const about: Work = { ...parts, stop: stop.signal, behind: new Map() };
  let failingSince: number | undefined;
  let turn = 0;

  async function round(): Promise<boolean> {
    const tenants = await tenantsOf(parts);
    for (let done = 0; done < tenants.length && !stop.signal.aborted; done += 1) {
      const tenant = tenants[turn++ % tenants.length];
      if (tenant !== undefined && !(await drain(about, tenant))) return false;
    }
    return true;
  }

  /** What an operator sees of it. */
  function tell(isWell: boolean): void {
    if (stop.signal.aborted) return;
    failingSince = isWell ? undefined : (failingSince ?? clock());
    const isStuck = failingSince !== undefined && clock() - failingSince >= STUCK_MS;
    if (isStuck) metrics.alarm('ledger-sink-stuck');
    metrics.sinkBehind(sink.name, sum(about.behind.values()));
  }

  async function run(): Promise<void> {
    let retryMs = pace.retryMsMin;
    while (!stop.signal.aborted) {
      const isWell = await round().catch((err: unknown) => {
        log.error({ sink: sink.name, err }, 'a sink could not be served');
        return false;
      });
      tell(isWell);
      const waitMs = isWell ? pace.pollMs : retryMs;
      retryMs = isWell ? pace.retryMsMin : Math.min(retryMs * 2, pace.retryMsMax);
      // Ends early when the process stops.
      await pause(waitMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the process stops'));
      await running;
    },
  };
}

interface Work extends PushParts {
  readonly stop: AbortSignal;
  /** Entries of each tenant that have not been taken. */
  readonly behind: Map<string, number>;
}

/** Sends what a tenant has; `false` when a delivery failed. */
async function drain(work: Work, tenant: string): Promise<boolean> {
  const { tables, sink, holder, clock, log, stop } = work;
  const rows = tables.forTenant(tenant);
  try {
    let cursor: Cursor | undefined = await readCursor(rows, sink.name);
    while (cursor !== undefined && !stop.aborted) {
      if (cursor.state.holder !== holder && cursor.state.until > clock()) return true;
      const part = await nextPart(work, tenant, cursor.state.next);
      if (part.count === 0) {
        await move(work, tenant, { from: cursor, to: {} });
        return true;
      }
      const to = { holder, until: clock() + CLAIM_MS };
      const claimed = await moveCursor(rows, sink.name, { from: cursor, to });
      if (claimed === undefined) return true;
      cursor = await deliver(work, tenant, claimed, part);
    }
    return true;
  } catch (err) {
    const why = err instanceof RefusedDestination ? err.message : undefined;
    if (!stop.aborted) log.warn({ tenant, sink: sink.name, why, err }, 'entries were not taken');
    return false;
  }
}

async function nextPart(work: Work, tenant: string, begin: number): Promise<ExportPart> {
  const { logs, sink, behind } = work;
  return logs.use(tenant, async (log) => {
    await log.follow();
    behind.set(tenant, Math.max(0, log.size() - begin));
    const { format } = sink;
    return exportPart(log, { format, begin, limit: EXPORT_ENTRIES_MAX });
  });
}

/** Sends under a claim, and lets go of it however that ends. */
async function deliver(
  work: Work,
  tenant: string,
  from: Cursor,
  part: ExportPart,
): Promise<Cursor | undefined> {
  try {
    await work.receiver.send({ tenant, part }, work.stop);
  } catch (error) {
    const rows = work.tables.forTenant(tenant);
    await moveCursor(rows, work.sink.name, { from, to: { until: 0 } });
    throw error;
  }
  const { first, count, entries } = part;
  const { unreported, unreportedFirst } = from.state;
  // What tells of pushing is pushed too, and would be told of for ever.
  const told = entries.filter(({ action }) => action !== PUSHED).length;
  const to = {
    next: first + count,
    until: 0,
    unreported: unreported + told,
    unreportedFirst: unreported === 0 ? first : unreportedFirst,
  };
  work.behind.set(tenant, Math.max(0, (work.behind.get(tenant) ?? 0) - count));
  return move(work, tenant, { from, to });
}

/**
 * Moves the cursor, with the event that entries went out when the last one is long enough ago;
 * `undefined` when another process was at it. Nothing is written where nothing changes.
 */
async function move(
  work: Work,
  tenant: string,
  { from, to }: { readonly from: Cursor; readonly to: Partial<SinkState> },
): Promise<Cursor | undefined> {
  const event = summaryOf(work, tenant, { ...from.state, ...to });
  if (event === undefined && Object.keys(to).length === 0) return from;
  const told = event === undefined ? {} : { unreported: 0, reportedAt: work.clock() };
  const changes = { from, to: { ...to, ...told }, event };
  return moveCursor(work.tables.forTenant(tenant), work.sink.name, changes);
}

function summaryOf(
  { clock, sink }: Work,
  tenant: string,
  { unreported, unreportedFirst, next, reportedAt }: SinkState,
): AuditEvent | undefined {
  if (unreported === 0 || clock() - reportedAt < SUMMARY_INTERVAL_MS) return undefined;
  const entries = { first: unreportedFirst, last: next - 1, count: unreported };
  return auditEventOf({
    caller: jobCaller('ledger', { tenant }),
    action: PUSHED,
    object: { type: 'sink', id: sink.name },
    changes: [{ field: 'entries', after: entries }],
    now: new Date(clock()),
  });
}

async function tenantsOf({ tables, sink }: PushParts): Promise<string[]> {
  const all = await Array.fromAsync(tenantsWithLogs(tables));
  const { tenants } = sink;
  return tenants === 'all' ? all : all.filter((tenant) => tenants.includes(tenant));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
