/**
 * Timestamps of somebody else on the checkpoint of each day: that it stood so at that time does not
 * rest on our clock.
 *
 * 1. The note of the day is in the second place (daily.ts).
 * 2. The authority is asked for a token over it, which is verified before it is believed.
 * 3. The token is put beside the note, only if there is none. Two processes: the first one stays.
 *
 * What fails is tried again by the next round, as long as the day lasts.
 */
import { openRounds, type Rounds } from '#shared/rounds.ts';
import type { LedgerParts } from '../log/logs.ts';
import { findOpaqueId, tenantsWithLogs } from '../log/store.ts';
import { timeInToken } from '../portable/timestamp.ts';
import { openSecondPlace } from './second-place.ts';
import { askForTimestamp } from './timestamp-client.ts';
import type { TimestampSettings } from './timestamp-settings.ts';

const ROUND_INTERVAL_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Days that are looked at for the newest timestamp: authorities can be away for a while. */
const DAYS_LOOKED_AT = 7;

type TimestampParts = Pick<LedgerParts, 'tables' | 'checkpoints' | 'clock' | 'log'>;

/** A round asks for what is missing of this day. Goes round at once and for ever where `isRunning` and somebody is there to ask. */
export function openTimestamping(
  parts: TimestampParts,
  about: { readonly timestamps: TimestampSettings | undefined; readonly isRunning: boolean },
): Rounds {
  const { timestamps, isRunning } = about;

  async function round(signal: AbortSignal): Promise<void> {
    if (timestamps === undefined) return;
    for await (const tenant of tenantsWithLogs(parts.tables)) {
      if (signal.aborted) return;
      await stampDay(parts, timestamps, tenant, signal).catch((err: unknown) => {
        if (!signal.aborted)
          parts.log.warn({ tenant, err }, 'the checkpoint of the day has no timestamp');
      });
    }
  }

  return openRounds({
    intervalMs: ROUND_INTERVAL_MS,
    log: parts.log,
    isRunning: isRunning && timestamps !== undefined,
    round,
  });
}

async function stampDay(
  parts: TimestampParts,
  settings: TimestampSettings,
  tenant: string,
  stop: AbortSignal,
): Promise<void> {
  const opaqueId = await findOpaqueId(parts.tables, tenant);
  if (opaqueId === undefined) return;
  const secondPlace = openSecondPlace(parts.checkpoints, opaqueId);
  const nowMs = parts.clock();
  const day = dayAt(nowMs);
  const note = await secondPlace.noteOfDay(day);
  if (note === undefined || (await secondPlace.timestampOfDay(day)) !== undefined) return;
  const token = await askForTimestamp(settings, Buffer.from(note), { nowMs, stop });
  await secondPlace.publishTimestamp(day, token);
}

/** The newest timestamp of the last days, with what it is of. */
export async function newestTimestamp(
  { tables, checkpoints }: Pick<LedgerParts, 'tables' | 'checkpoints'>,
  tenant: string,
  now: Date,
) {
  const opaqueId = await findOpaqueId(tables, tenant);
  if (opaqueId === undefined) return undefined;
  const secondPlace = openSecondPlace(checkpoints, opaqueId);
  for (let back = 0; back < DAYS_LOOKED_AT; back += 1) {
    const day = dayAt(now.getTime() - back * DAY_MS);
    const token = await secondPlace.timestampOfDay(day);
    const note = token && (await secondPlace.noteOfDay(day));
    const at = token && timeInToken(token);
    if (token === undefined || note === undefined || at === undefined) continue;
    return { day, note, token: Buffer.from(token).toString('base64'), at };
  }
  return undefined;
}

function dayAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
