/**
 * The log as static files, for tools that know no API of ours (C2SP tlog-tiles).
 *
 * Only what a signed checkpoint speaks of is there: a tile is served from the moment on at which the
 * newest published tree has all of its items. Every partial tile below that width is served too, so
 * that whoever holds an older checkpoint can go on with it. The newest checkpoint is read from its row
 * at each request, because another process may have signed it.
 */
import { fetchCheckpoint, fetchEntries, fetchTile } from '#contracts/log-tiles.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import { bundled, sizeNeeded, type TileSpan, tileSpan } from '../chain/bundle.ts';
import { TILE_LEVELS } from '../chain/tiles.ts';
import { publishedCheckpoint } from '../checkpoints/later-lines.ts';
import type { Log } from '../log/log.ts';
import type { LedgerParts, Logs } from '../log/logs.ts';
import { newestCheckpoint } from '../log/store.ts';

/** In base64 and with what stands around them, they fit into a message of the bus. */
const PIECE_BYTES_MAX = 700_000;

export function logFileHandlings(parts: LedgerParts, logs: Logs): Handling[] {
  return [
    handle(fetchCheckpoint, async ({ params: { id } }) => {
      const tenant = await tenantOf(parts, id);
      const published = await publishedCheckpoint(parts.tables.forTenant(tenant));
      if (published === undefined) throw nothingYet();
      return { body: published.note };
    }),

    handle(fetchTile, async ({ params: { id, level: levelText, tile } }) => {
      const tenant = await tenantOf(parts, id);
      const level = Number(levelText);
      const span = tileSpan(tile);
      await assertPublished(parts, tenant, sizeNeeded(level, span));
      const hashes = await logs.use(tenant, async (log) => {
        await followTo(log, sizeNeeded(level, span));
        return Promise.all(indexesOf(span).map((index) => log.nodes(TILE_LEVELS * level, index)));
      });
      return { body: { bytes: Buffer.concat(hashes).toString('base64') } };
    }),

    handle(fetchEntries, async ({ caller, params: { id, tile }, query: { cursor = '0' } }) => {
      const tenant = await tenantOf(parts, id);
      // Another department's log is not here for this caller; that there is one shows elsewhere.
      if (tenant !== caller.tenant) throw noLog();
      const span = tileSpan(tile);
      await assertPublished(parts, tenant, span.end);
      return logs.use(tenant, async (log) => {
        await followTo(log, span.end);
        return { body: await pieceOf(log, span, Number(cursor)) };
      });
    }),
  ];
}

/** Entries of the span behind the first `skipped`, as many as fit into one message. */
async function pieceOf(log: Log, { begin, end }: TileSpan, skipped: number) {
  const taken: Buffer[] = [];
  let bytes = 0;
  for await (const entry of log.blocks.range(begin + skipped, end)) {
    const next = bundled(entry.bytes);
    if (bytes + next.length > PIECE_BYTES_MAX) break;
    taken.push(next);
    bytes += next.length;
  }
  const done = skipped + taken.length;
  return {
    bytes: Buffer.concat(taken).toString('base64'),
    ...(done < end - begin ? { next: String(done) } : {}),
  };
}

async function tenantOf({ tables }: LedgerParts, id: string): Promise<string> {
  const entry = await tables.find({ kind: 'log', id });
  if (entry === undefined) throw noLog();
  return entry.tenant;
}

async function assertPublished({ tables }: LedgerParts, tenant: string, size: number) {
  const published = await newestCheckpoint(tables.forTenant(tenant));
  if ((published?.size ?? 0) >= size) return;
  throw new Problem('not-found', {
    detail: 'The newest checkpoint does not reach that far. A narrower partial tile may be there.',
  });
}

/** What was published may have been appended by another process. */
async function followTo(log: Log, size: number): Promise<void> {
  if (log.size() < size) await log.follow();
}

function indexesOf({ begin, end }: TileSpan): number[] {
  return Array.from({ length: end - begin }, (_, index) => begin + index);
}

function noLog(): Problem {
  return new Problem('not-found', { detail: 'There is no log of this id.' });
}

function nothingYet(): Problem {
  return new Problem('not-found', { detail: 'No checkpoint of this log was published yet.' });
}
