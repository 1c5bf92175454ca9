/** How a source does, by the index of its mails: their ids tell when they came. */

import type { CadMessage } from '#contracts/cad-messages.ts';
import type { SourceHealth } from '#contracts/cad-sources.ts';
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { INDEX_KIND, indexPrefixOf, unreadPrefixOf } from '../message.ts';
import { learnRhythm, type Rhythm, silentFrom } from './rhythm.ts';
import { readSilence } from './silence.ts';

const DAY_MS = 24 * 60 * 60_000;
const WEEK_MS = 7 * DAY_MS;
/** A rhythm is learned from so long a past. */
const PAST_MS = 8 * WEEK_MS;
/** The busiest source of a county sends about so many mails in that time. */
const MAILS_MAX = 20_000;

/** What `GET /v1/cad/sources/{id}` says of it. */
export async function healthOf(
  tables: TenantTables,
  sourceId: string,
  now: number,
): Promise<SourceHealth> {
  const times = await timesOf(tables, sourceId, now - PAST_MS);
  const rhythm = learnRhythm(times);
  const silence = await readSilence(tables, sourceId);
  const lastAt = times.at(-1) ?? (await lastMailAt(tables, sourceId));
  return {
    ...(lastAt === undefined ? {} : { lastMailAt: new Date(lastAt).toISOString() }),
    day: await countsSince(tables, sourceId, now - DAY_MS),
    week: await countsSince(tables, sourceId, now - WEEK_MS),
    silence: {
      alarm: silence !== undefined,
      ...(silence === undefined ? {} : { since: silence.value.since }),
      ...(rhythm === undefined ? {} : { expectedBy: new Date(silentFrom(rhythm)).toISOString() }),
    },
  };
}

/** `undefined` while the source has sent too little. */
export async function rhythmOf(
  tables: TenantTables,
  sourceId: string,
  now: number,
): Promise<Rhythm | undefined> {
  return learnRhythm(await timesOf(tables, sourceId, now - PAST_MS));
}

/** When the last mail came, however long ago. */
export async function lastMailAt(
  tables: TenantTables,
  sourceId: string,
): Promise<number | undefined> {
  const prefix = indexPrefixOf({ sourceId }) ?? '';
  const [row] = await tables.list({ kind: INDEX_KIND, prefix, limit: 1, descending: true });
  return row && timeOfId(row.id.slice(prefix.length));
}

/** Times of the mails since then, oldest first. */
async function timesOf(
  tables: TenantTables,
  sourceId: string,
  since: number,
): Promise<readonly number[]> {
  const prefix = indexPrefixOf({ sourceId }) ?? '';
  const times: number[] = [];
  for await (const at of newestFirst(tables, prefix)) {
    if (at < since || times.length === MAILS_MAX) break;
    times.push(at);
  }
  return times.toReversed();
}

async function countsSince(tables: TenantTables, sourceId: string, since: number) {
  const count = async (prefix: string) => {
    let mails = 0;
    for await (const at of newestFirst(tables, prefix)) {
      if (at < since || mails === MAILS_MAX) break;
      mails += 1;
    }
    return mails;
  };
  const of = (status: CadMessage['status']) => count(indexPrefixOf({ sourceId, status }) ?? '');
  const [mails, failed, quarantined, unread] = await Promise.all([
    count(indexPrefixOf({ sourceId }) ?? ''),
    of('failed'),
    of('quarantined'),
    count(unreadPrefixOf(sourceId)),
  ]);
  const failureRate = mails === 0 ? 0 : Math.round(((failed + unread) / mails) * 1_000) / 1_000;
  return { mails, failed, unread, quarantined, failureRate };
}

async function* newestFirst(tables: TenantTables, prefix: string): AsyncGenerator<number> {
  let after: string | undefined;
  for (;;) {
    const rows = await tables.list({
      kind: INDEX_KIND,
      prefix,
      limit: LIST_ROWS_MAX,
      descending: true,
      ...(after === undefined ? {} : { after }),
    });
    for (const row of rows) yield timeOfId(row.id.slice(prefix.length));
    after = rows.at(-1)?.id;
    if (rows.length < LIST_ROWS_MAX) return;
  }
}

/** The first 48 bits of a UUIDv7 are milliseconds (RFC 9562 section 5.7). */
function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
