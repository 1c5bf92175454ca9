import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Blobs } from '#shared/ports/blobs.ts';
import { Problem } from '#shared/problem.ts';
import type { ServiceParts } from '#shared/service.ts';
import { DamagedLog } from '../chain/head.ts';
import type { TimestampSettings } from '../checkpoints/timestamp-settings.ts';
import type { WitnessSettings } from '../checkpoints/witness-settings.ts';
import type { SinkSettings } from '../sinks/settings.ts';
import { openBlockCache } from './blocks.ts';
import { type Log, OutrunLog, openLog } from './log.ts';
import { openTileCache } from './nodes.ts';

/** RFC 9162 logs are named by 128 random bits here: nothing of the tenant shows. */
const OPAQUE_ID_BYTES = 16;

export interface LedgerParts extends ServiceParts {
  /** The second, write-once place of checkpoints. */
  readonly checkpoints: Blobs;
  /** `host` or `host:port` of the public origin; asked when a checkpoint is signed. */
  readonly host: () => string;
  /** Where entries are pushed to; absent: nowhere. */
  readonly sinks?: readonly SinkSettings[];
  /** Who cosigns checkpoints; absent: nobody. */
  readonly witnesses?: readonly WitnessSettings[];
  /** Who puts timestamps on the checkpoint of each day; absent: nobody. */
  readonly timestamps?: TimestampSettings;
}

/** The logs that are open in this process, one for each tenant that was asked for. */
export interface Logs extends AsyncDisposable {
  /** Works on a tenant's log. A damaged one is told as Problem `unavailable`, and alarmed. */
  use<Result>(tenant: string, work: (log: Log) => Promise<Result>): Promise<Result>;
}

export function openLogs(parts: LedgerParts): Logs {
  const open = new Map<string, Promise<Log>>();
  const shared = { writer: randomUUIDv7(), tiles: openTileCache(), blocks: openBlockCache() };

  function logOf(tenant: string): Promise<Log> {
    const before = open.get(tenant);
    if (before !== undefined) return before;
    const opened = openTold(tenant);
    open.set(tenant, opened);
    // What could not be opened is tried again by whoever comes next.
    opened.catch(() => open.delete(tenant));
    return opened;
  }

  async function openTold(tenant: string): Promise<Log> {
    const log = await openLog({ ...logParts(parts, tenant), ...shared });
    const damage = log.broken();
    if (damage !== undefined) tell(tenant, damage);
    return log;
  }

  function tell(tenant: string, damage: DamagedLog): void {
    parts.metrics.alarm('ledger-verify-failed');
    parts.log.error({ tenant, err: damage }, 'a log is damaged');
  }

  async function workOn<Result>(tenant: string, work: (log: Log) => Promise<Result>) {
    const log = await logOf(tenant);
    try {
      return await work(log);
    } catch (error) {
      if (!(error instanceof OutrunLog)) throw error;
      open.delete(tenant);
      await log[Symbol.asyncDispose]();
      return work(await logOf(tenant));
    }
  }

  return {
    async use(tenant, work) {
      try {
        return await workOn(tenant, work);
      } catch (error) {
        if (!(error instanceof DamagedLog)) throw error;
        tell(tenant, error);
        throw new Problem('unavailable', {
          detail: `In the stored log ${error.message}. Verify the ledger, then restore it from a backup.`,
        });
      }
    },
    async [Symbol.asyncDispose]() {
      const logs = await Promise.allSettled(open.values());
      open.clear();
      for (const each of logs) {
        if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]();
      }
    },
  };
}

function logParts(parts: LedgerParts, tenant: string) {
  const { tables, vault, checkpoints, host, clock, log, metrics } = parts;
  return {
    tenant,
    tables,
    vault,
    checkpoints,
    host,
    clock,
    freshOpaqueId: () => randomBytes(OPAQUE_ID_BYTES).toString('hex'),
    warn: ({ err }: { readonly err: unknown }, sentence: string) =>
      log.warn({ tenant, err }, sentence),
    forked: (about: { readonly signedSize: number; readonly size: number }) => {
      metrics.alarm('ledger-verify-failed');
      log.error({ tenant, ...about }, 'the log does not go on from its last checkpoint');
    },
  };
}
