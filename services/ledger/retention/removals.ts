/**
 * Carries out the purges that the chain tells of: right after the approval, and, where that broke off
 * or a hold stopped it, from time to time. Until nothing is left the purge is `removing`.
 */
import { purge } from '#contracts/ledger-retention.ts';
import type { Client } from '#shared/client.ts';
import { repeatRounds } from '#shared/rounds.ts';
import type { LedgerParts } from '../log/logs.ts';
import { PURGE, readBoundary, tenantsWithLogs, UNAUDITED } from '../log/store.ts';
import { donePurge, purgeJson } from './purge.ts';
import { removePrefix } from './removal.ts';
import { askRules } from './rules.ts';

const ROUND_INTERVAL_MS = 10 * 60_000;

export interface Removals extends AsyncDisposable {
  /** Removes what is left before the boundary of a log; resolves also where it had to stop. */
  run(tenant: string): Promise<void>;
  /** The same for every log. */
  round(): Promise<void>;
}

type RemovalParts = Pick<LedgerParts, 'tables' | 'clock' | 'log'>;

/** Goes round at once and for ever where `isRunning`; else only when asked to. */
export function openRemovals(
  parts: RemovalParts,
  client: Client,
  settings: { readonly isRunning: boolean },
): Removals {
  const stop = new AbortController();
  const { signal } = stop;
  const { log } = parts;

  async function run(tenant: string): Promise<void> {
    try {
      await finish(parts, client, { tenant, signal });
    } catch (error) {
      log.warn({ tenant, err: error }, 'a purge could not be carried out to its end');
    }
  }

  async function round(): Promise<void> {
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (signal.aborted) return;
      await run(tenant);
    }
  }

  const running = settings.isRunning
    ? repeatRounds({ signal, intervalMs: ROUND_INTERVAL_MS, log, round })
    : undefined;
  return {
    run,
    round,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function finish(
  { tables: all, clock, log }: RemovalParts,
  client: Client,
  { tenant, signal }: { readonly tenant: string; readonly signal: AbortSignal },
): Promise<void> {
  const tables = all.forTenant(tenant);
  const boundary = await readBoundary(tables);
  const key = { kind: PURGE, id: boundary?.purge.id ?? '-' };
  const row = boundary && (await tables.get(key));
  const stored = row && purge.parse(row.value);
  if (boundary === undefined || stored?.status !== 'removing') return;
  const mayGoOn = async () =>
    !signal.aborted && (await askRules(client, tenant)).holds.length === 0;
  if (!(await removePrefix({ tables, boundary, mayGoOn }))) return;
  const value = purgeJson(donePurge(stored, new Date(clock())));
  const changes = [{ put: { ...key, value }, expect: row?.version ?? 0 }];
  const { ok } = await tables.write({ changes, events: [], unaudited: UNAUDITED });
  // Otherwise another process was at the same work.
  if (ok) log.info({ tenant, purgeId: key.id, firstKept: boundary.size }, 'entries were removed');
}
