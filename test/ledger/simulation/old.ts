/** The beginning of a log that is old enough to be purged: pages that end with a block, and a rest. */
import type { AuditEvent } from '#contracts/audit-event.ts';
import { TILE_WIDTH } from '#services/ledger/chain/tiles.ts';
import type { Log } from '#services/ledger/log/log.ts';
import type { Random } from './random.ts';
import { type Acknowledged, eventOf, type Sender } from './senders.ts';

/** Behind these a page and a block end together, and a full page stays. */
export const PURGEABLE_SIZES = [TILE_WIDTH, 2 * TILE_WIDTH] as const;
const SIZE = 3 * TILE_WIDTH + 5;
/** More entries than that stand in blocks of their own. */
const BLOCK_ENTRIES = 100;
const RECORD_EVENTS = 4;
/** Old events that come again, in so many batches. */
const REPEATS = 5;

export function oldEvents(about: {
  readonly tenant: string;
  readonly random: Random;
  readonly clock: () => number;
}): AuditEvent[] {
  const { tenant, random, clock } = about;
  return Array.from({ length: SIZE }, (_, index) => {
    const record = `old-${Math.floor(index / RECORD_EVENTS)}`;
    const version = (index % RECORD_EVENTS) + 1;
    return eventOf({ record, tenant, version, random, at: clock() });
  });
}

/** Appends them before anything goes wrong. */
export async function appendOld(log: Log, events: readonly AuditEvent[]): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  for (let at = 0; at < events.length; ) {
    const pageEnd = (Math.floor(at / TILE_WIDTH) + 1) * TILE_WIDTH;
    const batch = events.slice(at, Math.min(at + BLOCK_ENTRIES, pageEnd));
    const receipts = await log.append(batch);
    for (const [index, receipt] of receipts.entries()) {
      const event = batch[index];
      if (event !== undefined) acknowledged.push({ event, receipt });
    }
    at += batch.length;
  }
  await log.checkpoint(log.size());
  return acknowledged;
}

/** Sends some of them again, from anywhere: they are repeats, whether or not they were removed. */
export function openRepeater(events: readonly AuditEvent[], random: Random): Sender {
  const repeats = Array.from({ length: REPEATS }, () => {
    const at = random.below(events.length);
    return events.slice(at, at + 3);
  });
  return { record: 'old', events: repeats.flat(), done: 0, asked: undefined };
}
