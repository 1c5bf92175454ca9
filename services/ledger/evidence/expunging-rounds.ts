/**
 * Carries on with every expungement that other services have not carried out yet, in the background
 * and for ever: at once where one was approved in this process, and at a start and every minute
 * wherever one is found. A service that does not answer is asked again, less and less often. An order
 * that is not carried out within an hour is alarmed, and again each hour.
 */
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { Problem } from '#shared/problem.ts';
import { repeatRounds } from '#shared/rounds.ts';
import type { Logs } from '../log/logs.ts';
import { EXPUNGEMENT, EXPUNGING, tenantsWithLogs } from '../log/store.ts';
import { storedIn } from './expungement.ts';
import { carryOn, type ExpungingParts } from './expunging.ts';

const ROUND_MS = 250;
/** From one look at the lists of all tenants to the next. */
const SEARCH_MS = 60_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 60_000;
const STUCK_MS = 60 * 60_000;

export interface ExpungingRounds extends AsyncDisposable {
  /** There is something to be done for the tenant. */
  wake(tenant: string): void;
}

interface Due {
  readonly at: number;
  readonly retryMs: number;
}

const AT_ONCE: Due = { at: 0, retryMs: RETRY_MS_MIN };

export function openExpungingRounds(parts: ExpungingParts, logs: Logs): ExpungingRounds {
  const stop = new AbortController();
  const due = new Map<string, Due>();
  const watch = openStuckWatch(parts);
  let searchedAt = Number.NEGATIVE_INFINITY;

  async function round(): Promise<void> {
    const now = performance.now();
    if (now - searchedAt >= SEARCH_MS) {
      await search();
      searchedAt = now;
    }
    for (const [tenant, each] of due) {
      if (stop.signal.aborted) return;
      if (each.at <= now) await visit(tenant, each.retryMs);
    }
  }

  async function search(): Promise<void> {
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (!due.has(tenant)) due.set(tenant, AT_ONCE);
    }
  }

  async function visit(tenant: string, retryMs: number): Promise<void> {
    // Before it begins: who wakes it meanwhile is heard.
    due.delete(tenant);
    const outcome = await carryOnAll(parts, logs, { tenant, watch });
    if (outcome === 'complete' || due.has(tenant)) return;
    const nextMs = outcome === 'failed' ? Math.min(2 * retryMs, RETRY_MS_MAX) : RETRY_MS_MIN;
    due.set(tenant, { at: performance.now() + nextMs, retryMs: nextMs });
  }

  const { signal } = stop;
  const running = repeatRounds({ signal, intervalMs: ROUND_MS, log: parts.log, round });
  return {
    wake(tenant) {
      due.set(tenant, AT_ONCE);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

type Outcome = 'complete' | 'waiting' | 'failed';

/** One that fails does not keep the others. */
async function carryOnAll(
  parts: ExpungingParts,
  logs: Logs,
  { tenant, watch }: { readonly tenant: string; readonly watch: StuckWatch },
): Promise<Outcome> {
  const listed = await parts.tables
    .forTenant(tenant)
    .list({ kind: EXPUNGING, limit: LIST_ROWS_MAX })
    .catch(() => undefined);
  if (listed === undefined) return 'failed';
  let outcome: Outcome = 'complete';
  for (const { id } of listed) {
    try {
      await watch.look(tenant, id);
      const isComplete = await carryOn(parts, logs, { tenant, id });
      if (isComplete) parts.log.info({ tenant, expungementId: id }, 'an expungement is complete');
      else if (outcome === 'complete') outcome = 'waiting';
    } catch (error) {
      const code = error instanceof Problem ? error.code : undefined;
      parts.log.warn(
        { tenant, expungementId: id, code, err: code ? undefined : error },
        'an expungement has to wait for a service',
      );
      outcome = 'failed';
    }
  }
  return outcome;
}

interface StuckWatch {
  look(tenant: string, id: string): Promise<void>;
}

/** Told by when it was approved, so that a restart does not begin the hour anew. */
function openStuckWatch({ tables, metrics, log, clock }: ExpungingParts): StuckWatch {
  /** When each of them is to be alarmed next: read once, and not at every visit. */
  const dueAt = new Map<string, number>();

  async function firstDue(tenant: string, id: string): Promise<number> {
    const row = await tables.forTenant(tenant).get({ kind: EXPUNGEMENT, id });
    const { doneAt } = row === undefined ? {} : storedIn(row);
    return STUCK_MS + (doneAt === undefined ? clock() : Date.parse(doneAt));
  }

  return {
    async look(tenant, id) {
      const due = dueAt.get(id) ?? (await firstDue(tenant, id));
      const isStuck = clock() >= due;
      dueAt.set(id, isStuck ? clock() + STUCK_MS : due);
      if (!isStuck) return;
      metrics.alarm('ledger-expungement-stuck');
      log.error({ tenant, expungementId: id }, 'an expungement is not carried out');
    },
  };
}
