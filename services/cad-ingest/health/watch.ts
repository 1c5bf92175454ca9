/** Watches all sources for silence, once a minute, and tells the metrics how many are silent. */
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { auditEventOf, changesBetween } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Change, Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Relay } from '#shared/relay.ts';
import { repeatRounds } from '#shared/rounds.ts';
import { idsOf, TENANT_KIND } from '../processing/tenants.ts';
import { SOURCE_KIND } from '../source.ts';
import { lastMailAt, rhythmOf } from './health.ts';
import { type Rhythm, silentFrom } from './rhythm.ts';
import { readSilence, SILENCE_KIND, type StoredSilence } from './silence.ts';

const WATCH_EVERY_MS = 60_000;
/** A rhythm changes slowly, and learning it reads the index of eight weeks. */
const LEARN_EVERY_MS = 6 * 60 * 60_000;

export interface WatchParts {
  readonly tables: Tables;
  readonly relay: Relay;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: () => number;
}

interface Learned {
  readonly at: number;
  readonly rhythm: Rhythm | undefined;
}

/** A round now and every minute, until it is disposed. */
export function openWatch(parts: WatchParts): AsyncDisposable {
  const stopping = new AbortController();
  const watch = watchOf(parts);
  const { signal } = stopping;
  const running = repeatRounds({
    signal,
    intervalMs: WATCH_EVERY_MS,
    log: parts.log,
    round: () => watch(signal),
  });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

/** One round over all sources; what was learned of them is remembered between rounds. */
export function watchOf(parts: WatchParts): (signal?: AbortSignal) => Promise<void> {
  const learned = new Map<string, Learned>();
  return async (signal) => {
    let silent = 0;
    const platform = parts.tables.forTenant(PLATFORM_TENANT);
    for await (const tenant of idsOf(platform, { kind: TENANT_KIND, prefix: '' })) {
      const tables = parts.tables.forTenant(tenant);
      for await (const id of idsOf(tables, { kind: SOURCE_KIND, prefix: '' })) {
        if (signal?.aborted) return;
        const rhythm = await recall(learned, { parts, tables, id });
        if (await look(parts, { tenant, tables, id, rhythm })) silent += 1;
      }
    }
    parts.metrics.sourcesSilent(silent);
  };
}

async function recall(
  learned: Map<string, Learned>,
  {
    parts,
    tables,
    id,
  }: { readonly parts: WatchParts; readonly tables: TenantTables; readonly id: string },
): Promise<Rhythm | undefined> {
  const now = parts.clock();
  const known = learned.get(id);
  if (known !== undefined && now - known.at < LEARN_EVERY_MS) return known.rhythm;
  const rhythm = await rhythmOf(tables, id, now);
  learned.set(id, { at: now, rhythm });
  return rhythm;
}

interface Looked {
  readonly tenant: TenantId;
  readonly tables: TenantTables;
  readonly id: string;
  readonly rhythm: Rhythm | undefined;
}

/** Whether the source is silent now. */
async function look(parts: WatchParts, looked: Looked): Promise<boolean> {
  const { tables, id, rhythm } = looked;
  const silence = await readSilence(tables, id);
  const lastAt = await lastMailAt(tables, id);
  if (silence !== undefined) {
    const isOver = lastAt !== undefined && lastAt > Date.parse(silence.value.lastMailAt);
    if (isOver) await end(parts, looked, { silence, lastAt });
    return !isOver;
  }
  if (rhythm === undefined || lastAt === undefined) return false;
  const since = silentFrom({ ...rhythm, lastAt });
  if (parts.clock() < since) return false;
  await begin(parts, looked, { since, lastAt });
  return true;
}

async function begin(
  parts: WatchParts,
  looked: Looked,
  at: { readonly since: number; readonly lastAt: number },
): Promise<void> {
  const value = {
    since: new Date(at.since).toISOString(),
    lastMailAt: new Date(at.lastAt).toISOString(),
  };
  const put: Change = { put: { kind: SILENCE_KIND, id: looked.id, value }, expect: 0 };
  const isMine = await write(parts, looked, { change: put, action: 'fell-silent', changes: value });
  if (!isMine) return;
  parts.metrics.alarm('source-silent');
  parts.log.warn({ tenant: looked.tenant, sourceId: looked.id }, 'a source has fallen silent');
}

async function end(
  parts: WatchParts,
  looked: Looked,
  over: { readonly silence: StoredSilence; readonly lastAt: number },
): Promise<void> {
  const key = { kind: SILENCE_KIND, id: looked.id };
  const remove: Change = { remove: key, expect: over.silence.version };
  const changes = { ...over.silence.value, mailAt: new Date(over.lastAt).toISOString() };
  await write(parts, looked, { change: remove, action: 'heard-again', changes });
}

/** `false` when another process was faster. */
async function write(
  parts: WatchParts,
  { tenant, tables, id }: Looked,
  about: {
    readonly change: Change;
    readonly action: 'fell-silent' | 'heard-again';
    readonly changes: Readonly<Record<string, string>>;
  },
): Promise<boolean> {
  parts.relay.assertRoom();
  const event = auditEventOf({
    caller: jobCaller('cad-ingest', { tenant }),
    action: `cad-ingest.source.${about.action}`,
    object: { type: 'cad-source', id },
    changes: changesBetween({}, about.changes),
    now: new Date(parts.clock()),
  });
  const { ok } = await tables.write({ changes: [about.change], events: [event] });
  if (ok) parts.relay.kick([event]);
  return ok;
}
