/**
 * A checkpoint for each day, whether anything happened or not: that a log stood still is worth as much
 * as what it grew by. The second place says when it was put there, and nobody can change it.
 *
 * 1. The logs of the store, in the order of their tenants; those that have a note of this day are left
 *    out, whoever put it there.
 * 2. A head that is signed already is published as it is, without opening its log. Else it is signed.
 * 3. The note is put into the second place under the day (UTC), only if there is none.
 *
 * What fails is tried again by the next round, some minutes later.
 */
import type { TenantTables } from '#shared/ports/tables.ts';
import { openRounds, type Rounds } from '#shared/rounds.ts';
import { blockHeader } from '../chain/block.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { findOpaqueId, lastBlockNo, numberId, tenantsWithLogs } from '../log/store.ts';
import { publishedCheckpoint } from './later-lines.ts';
import { openSecondPlace } from './second-place.ts';

const ROUND_INTERVAL_MS = 10 * 60_000;

type DailyParts = Pick<LedgerParts, 'tables' | 'checkpoints' | 'clock' | 'log'>;

/** A round publishes what is not published yet on this day. Goes round at once and for ever where `isRunning`; else only when asked to. */
export function openDaily(
  parts: DailyParts,
  logs: Pick<Logs, 'use'>,
  settings: { readonly isRunning: boolean },
): Rounds {
  async function round(signal: AbortSignal): Promise<void> {
    const day = new Date(parts.clock()).toISOString().slice(0, 'YYYY-MM-DD'.length);
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (signal.aborted) return;
      try {
        await publishDay(parts, logs, tenant, day);
      } catch (error) {
        parts.log.warn({ tenant, err: error }, 'the checkpoint of the day could not be published');
      }
    }
  }

  return openRounds({
    intervalMs: ROUND_INTERVAL_MS,
    log: parts.log,
    isRunning: settings.isRunning,
    round,
  });
}

async function publishDay(
  parts: DailyParts,
  logs: Pick<Logs, 'use'>,
  tenant: string,
  day: string,
): Promise<void> {
  const opaqueId = await findOpaqueId(parts.tables, tenant);
  if (opaqueId === undefined) return;
  const secondPlace = openSecondPlace(parts.checkpoints, opaqueId);
  if ((await secondPlace.noteOfDay(day)) !== undefined) return;
  const newest = await newestCheckpointOf(parts.tables.forTenant(tenant), logs, tenant);
  if (newest !== undefined) await secondPlace.publishDay(day, newest.note);
}

/** Of all entries there are; `undefined` for a log without one. */
export async function newestCheckpointOf(
  tables: TenantTables,
  logs: Pick<Logs, 'use'>,
  tenant: string,
): Promise<Checkpoint | undefined> {
  const size = await sizeOf(tables);
  const published = await publishedCheckpoint(tables);
  if (size === 0 || published?.size === size) return published;
  return logs.use(tenant, async (log) => {
    await log.follow();
    return log.checkpoint(log.size());
  });
}

/** Entries of the log, as its last block says. */
async function sizeOf(tables: TenantTables): Promise<number> {
  const last = await lastBlockNo(tables);
  if (last === undefined) return 0;
  const row = await tables.get({ kind: 'block', id: numberId(last) });
  return blockHeader.parse(row?.value).size;
}
