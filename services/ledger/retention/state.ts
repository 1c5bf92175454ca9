import type { TenantTables } from '#shared/ports/tables.ts';
import { parseEntry } from '../chain/entry.ts';
import type { Log } from '../log/log.ts';
import { newestCheckpoint } from '../log/store.ts';
import { wholeSizes } from './prefix.ts';
import {
  type Candidate,
  cutoffOf,
  PURGE_ENTRIES_MAX,
  type PurgePlan,
  planPurge,
  type Rules,
} from './purge.ts';

export interface LogState {
  readonly firstKept: number;
  readonly plan: PurgePlan;
}

/** Where the log begins, and how far a purge could go now. */
export async function stateOf(about: {
  readonly log: Log;
  readonly tables: TenantTables;
  readonly rules: Rules;
  readonly now: Date;
}): Promise<LogState> {
  const { log, tables, rules, now } = about;
  const firstKept = log.firstKept();
  const published = await newestCheckpoint(tables);
  const plan = planPurge({
    firstKept,
    candidates: await candidatesOf(about, firstKept),
    publishedSize: published?.size ?? 0,
    pages: log.pages(),
    rules,
    now,
  });
  return { firstKept, plan };
}

/** Ascending, up to the first that no purge can reach: behind it nothing has to be read. */
async function candidatesOf(
  { log, tables, rules, now }: Parameters<typeof stateOf>[0],
  firstKept: number,
): Promise<Candidate[]> {
  const cutoff = cutoffOf(rules, now);
  const candidates: Candidate[] = [];
  if (cutoff === undefined) return candidates;
  for await (const size of wholeSizes(tables, firstKept)) {
    const bytes = await log.blocks.entry(size - 1);
    if (bytes === undefined) break;
    const { recordedAt } = parseEntry(bytes);
    candidates.push({ size, recordedAt });
    if (recordedAt >= cutoff || size - firstKept > PURGE_ENTRIES_MAX) break;
  }
  return candidates;
}
