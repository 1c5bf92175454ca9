import type { TenantTables } from '#shared/ports/tables.ts';
import type { Known } from '../chain/append.ts';
import { contentText, parseEntry } from '../chain/entry.ts';
import { idKey, indexOfId, type Page, readPage } from '../chain/page.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { leafHash, type NodeReader } from '../chain/tree.ts';
import type { Blocks } from './blocks.ts';
import { openLru } from './lru.ts';
import { numberId } from './store.ts';
import type { View } from './view.ts';

/** A repeated batch asks for the same few pages again and again; about 5 KB each. */
const PAGES_KEPT_MAX = 32;

/** Finds entries by event id. What is compared later is the entry itself, not a copy of it. */
export function openKnown(about: {
  readonly tables: TenantTables;
  readonly view: View;
  readonly blocks: Blocks;
  readonly nodes: NodeReader;
}): (ids: readonly string[]) => Promise<Map<string, Known>> {
  const { tables, view, blocks, nodes } = about;
  const kept = openLru<Page>(PAGES_KEPT_MAX);

  async function pageOf(number: number): Promise<Page> {
    const id = numberId(number);
    const page = kept.get(id) ?? readPage(await tables.get({ kind: 'page', id }));
    if (page === undefined) throw new Error(`page ${number} is not what was written`);
    kept.put(id, page);
    return page;
  }

  async function seqInPages(id: string, pages: readonly number[]): Promise<number | undefined> {
    for (const number of pages) {
      const index = indexOfId(await pageOf(number), id);
      if (index >= 0) return number * TILE_WIDTH + index;
    }
    return undefined;
  }

  async function entryAt(seq: number, id: string): Promise<Known> {
    if (seq < (view.purged?.size ?? 0)) {
      // Of an entry that was removed its id and its leaf hash are all that is left.
      return { seq, identity: undefined, leafHash: (await nodes(0, seq)).toString('hex') };
    }
    const bytes = await blocks.entry(seq);
    const entry = bytes && parseEntry(bytes);
    if (bytes === undefined || entry === undefined || idKey(entry.id) !== idKey(id)) {
      throw new Error(`entry ${seq} has not the event id that the index says`);
    }
    const { identity } = contentText(entry);
    return { seq, identity, leafHash: leafHash(bytes).toString('hex') };
  }

  return async (ids) => {
    const known = new Map<string, Known>();
    const doubtful: { id: string; seq: number | undefined; pages: readonly number[] }[] = [];
    for (const id of ids) {
      const key = idKey(id);
      const seq = view.ids.get(key);
      const pages = seq === undefined ? view.pageTimes.pagesWith(key) : [];
      // Nearly every id is later than all pages, so that nothing has to be read for it.
      if (seq !== undefined || pages.length > 0) doubtful.push({ id, seq, pages });
    }
    for (const { id, seq, pages } of doubtful) {
      const found = seq ?? (await seqInPages(id, pages));
      if (found !== undefined) known.set(idKey(id), await entryAt(found, id));
    }
    return known;
  };
}
