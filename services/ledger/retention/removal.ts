/**
 * Removes what is before the boundary, after the chain says so.
 *
 * 1. Blocks and their parts, oldest first, a few in each write. The store erases them from its files.
 * 2. The pages lose their search filter. They keep the event ids, by which a repeated event is
 *    recognised; hash tiles and times stay as they are.
 *
 * Every step looks at what is there: a crash anywhere leaves some of it, and the next run goes on.
 * Before each write somebody may object: then the rest stays until the next run.
 */
import { rowsOf } from '#shared/pages.ts';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import type { Boundary } from '../chain/boundary.ts';
import { withoutFilter } from '../chain/page.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { numberId, numberOf, UNAUDITED } from '../log/store.ts';

/** Blocks come with their bodies, of up to 256 KB each. */
const BLOCKS_AT_A_TIME = 32;
const PAGES_AT_A_TIME = 16;

/** `false` when it was stopped and something is left. */
export async function removePrefix(about: {
  readonly tables: TenantTables;
  readonly boundary: Boundary;
  readonly mayGoOn: () => Promise<boolean>;
}): Promise<boolean> {
  const { tables, boundary, mayGoOn } = about;
  for (;;) {
    const changes = await nextRemovals(tables, boundary);
    if (changes.length === 0) return true;
    if (!(await mayGoOn())) return false;
    // A lost race is another process at the same work.
    await tables.write({ changes, events: [], unaudited: UNAUDITED, erase: true });
  }
}

async function nextRemovals(tables: TenantTables, boundary: Boundary): Promise<Change[]> {
  for (const kind of ['block', 'block-part']) {
    const rows = await tables.list({ kind, limit: BLOCKS_AT_A_TIME });
    const gone = rows.filter(({ id }) => numberOf(id.split('/')[0] ?? '') <= boundary.blockNo);
    if (gone.length > 0) {
      return gone.map(({ id, version }) => ({ remove: { kind, id }, expect: version }));
    }
  }
  return nextPages(tables, boundary);
}

/** Oldest first; those that are done already are passed over. */
async function nextPages(tables: TenantTables, { size, purge }: Boundary): Promise<Change[]> {
  const found: Change[] = [];
  const first = purge.first / TILE_WIDTH;
  const after = first === 0 ? undefined : numberId(first - 1);
  for await (const row of rowsOf(tables, { kind: 'page', after })) {
    if (found.length === PAGES_AT_A_TIME || numberOf(row.id) >= size / TILE_WIDTH) break;
    const change = changeOf(row);
    if (change !== undefined) found.push(change);
  }
  return found;
}

function changeOf({ kind, id, version, value, bytes }: Row): Change | undefined {
  const page = withoutFilter({ value, ...(bytes === undefined ? {} : { bytes }) });
  return page && { put: { kind, id, ...page }, expect: version };
}
