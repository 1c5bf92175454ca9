/**
 * Verifies every log of the store by itself, one after the other, for ever.
 *
 * 1. The logs of the store, in the order of their tenants. One that was verified just now, here or
 *    by another process, is left out.
 * 2. A pass walks a log from its first entry to its end (verification.ts), from the stores alone.
 *    Between blocks it rests, so that it takes a bounded share of the time.
 * 3. Every few seconds, and at the end, its place and what it found are put into a row. A restart
 *    goes on from there; tiles above the pages are compared again by the next pass.
 * 4. Breaks are alarmed when the first one is found, once in each pass.
 *
 * Two processes: the row has a version. Who finds it changed leaves the log to the other.
 */
import { setTimeout } from 'node:timers/promises';
import type { LedgerBreak } from '#contracts/ledger.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { openRounds, type Rounds } from '#shared/rounds.ts';
import type { Progress } from '../chain/verify.ts';
import type { LedgerParts } from '../log/logs.ts';
import { tenantsWithLogs } from '../log/store.ts';
import {
  type LastPass,
  lastPassOf,
  type PatrolState,
  passOf,
  readState,
  writeState,
} from './patrol-state.ts';
import { verifyTenant } from './verification.ts';

/** From one pass over a log to the next, at least. */
const PASS_INTERVAL_MS = 60_000;
/** Of the time of one core, while a pass is under way. */
const SHARE = 0.05;
/** Worked off in one go, so that a rest is longer than the timer is coarse. */
const WORK_MS = 5;
const SAVE_INTERVAL_MS = 5_000;

export type PatrolParts = Pick<
  LedgerParts,
  'tables' | 'vault' | 'checkpoints' | 'clock' | 'metrics' | 'log'
>;

/** A round is one pass over every log that is due. Walks at once and for ever where `isRunning`; else only when asked to. */
export function openPatrol(parts: PatrolParts, settings: { readonly isRunning: boolean }): Rounds {
  /** A log that was taken off the list is verified all the more. */
  const tenants = new Set<string>();
  const last = new Map<string, LastPass>();

  async function round(signal: AbortSignal): Promise<void> {
    try {
      for await (const tenant of tenantsWithLogs(parts.tables)) tenants.add(tenant);
    } catch (error) {
      parts.metrics.alarm('ledger-verify-failed');
      parts.log.error({ err: error }, 'the list of logs cannot be read');
    }
    for (const tenant of tenants) {
      if (signal.aborted) return;
      const done = await passOver(parts, tenant, signal).catch((error: unknown) => {
        if (!signal.aborted) parts.log.error({ tenant, err: error }, 'a pass broke off');
        return undefined;
      });
      if (done !== undefined) last.set(tenant, done);
      report(parts, [...last.values()]);
    }
  }

  return openRounds({
    intervalMs: PASS_INTERVAL_MS,
    log: parts.log,
    isRunning: settings.isRunning,
    round,
  });
}

function report({ metrics, clock }: PatrolParts, last: readonly LastPass[]): void {
  const finished = last.map(({ finishedAt }) => Date.parse(finishedAt));
  metrics.logsVerified({
    brokenLogs: last.filter(({ ok }) => !ok).length,
    oldestPassSeconds: finished.length === 0 ? 0 : (clock() - Math.min(...finished)) / 1_000,
  });
}

/** The last pass over the log: this one, or that of another process. */
async function passOver(
  parts: PatrolParts,
  tenant: string,
  signal: AbortSignal,
): Promise<LastPass | undefined> {
  const tables = parts.tables.forTenant(tenant);
  const state = await readState(tables);
  const { last } = state.status;
  const isDue =
    last === undefined || parts.clock() - Date.parse(last.finishedAt) >= PASS_INTERVAL_MS;
  if (!isDue) return last;
  const walk = openWalk({ parts, tenant, tables, signal, state });
  const verified = await verifyTenant(parts, tenant, {
    start: state.at,
    threads: 0,
    pause: walk.pause,
  });
  return walk.finish(verified);
}

/** What the pass had found before a restart counts as well. */
function openWalk(about: {
  readonly parts: PatrolParts;
  readonly tenant: string;
  readonly tables: TenantTables;
  readonly signal: AbortSignal;
  readonly state: PatrolState;
}) {
  const { parts, tenant, tables, signal } = about;
  const { clock, metrics, log } = parts;
  const before = about.state.status.pass;
  const startedAt = before?.startedAt ?? new Date(clock()).toISOString();
  let { version } = about.state;
  let savedAt = clock();
  let workedSince = performance.now();
  let counted = 0;
  let isTold = false;

  const allBreaks = (found: readonly LedgerBreak[]) => [...(before?.breaks ?? []), ...found];
  const allChecked = (checked: number) => (before?.checkedEntries ?? 0) + checked;

  async function save(status: PatrolState['status'], at: PatrolState['at']): Promise<void> {
    const isOurs = await writeState(tables, { version, status, at });
    if (!isOurs) throw new Error('another process verifies this log');
    version += 1;
    savedAt = clock();
  }

  function tell(breaks: readonly LedgerBreak[], checked: number): void {
    metrics.entriesVerified(checked - counted);
    counted = checked;
    if (isTold || breaks.length === 0) return;
    isTold = true;
    metrics.alarm('ledger-verify-failed');
    log.error({ tenant, breaks: breaks.length }, 'a log does not verify');
  }

  async function savePass({ at, checkedEntries, breaks }: Progress): Promise<void> {
    const found = { at, checkedEntries: allChecked(checkedEntries), breaks: allBreaks(breaks) };
    const pass = passOf(startedAt, found);
    tell(pass.breaks, checkedEntries);
    const { last } = about.state.status;
    await save({ pass, ...(last === undefined ? {} : { last }) }, at);
  }

  return {
    async pause(progress: Progress): Promise<void> {
      const worked = performance.now() - workedSince;
      if (worked < WORK_MS) return;
      const rest = setTimeout(worked / SHARE - worked, undefined, { signal, ref: false });
      // Ends early when the process stops.
      await rest.catch(() => undefined);
      workedSince = performance.now();
      if (signal.aborted || clock() - savedAt >= SAVE_INTERVAL_MS) await savePass(progress);
      signal.throwIfAborted();
    },
    async finish(verified: Awaited<ReturnType<typeof verifyTenant>>): Promise<LastPass> {
      const breaks = allBreaks(verified.breaks);
      tell(breaks, verified.checkedEntries);
      const { size } = verified;
      const last = lastPassOf(startedAt, {
        finishedAt: new Date(clock()).toISOString(),
        ok: breaks.length === 0,
        size,
        checkedEntries: allChecked(verified.checkedEntries),
        breaks,
      });
      await save({ last }, undefined);
      return last;
    },
  };
}
