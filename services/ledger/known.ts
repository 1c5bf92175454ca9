import type { TenantTables } from '#shared/ports/tables.ts';
import type { Blocks } from './blocks.ts';
import type { Known } from './chain/append.ts';
import { contentText, identityText, parseEntry } from './chain/entry.ts';
import { leafHash } from './chain/tree.ts';
import { eventIdRow } from './store.ts';
import type { View } from './view.ts';

/** Finds entries by event id. What is compared later is the entry itself, not a copy of it. */
export function openKnown(about: {
  readonly tables: TenantTables;
  readonly view: View;
  readonly blocks: Blocks;
}): (ids: readonly string[]) => Promise<Map<string, Known>> {
  const { tables, view, blocks } = about;

  async function find(id: string): Promise<readonly [string, Known] | undefined> {
    // First the view, then the rows: see view.ts.
    const seq = view.ids.get(id) ?? (await storedSeq(id));
    if (seq === undefined) return undefined;
    const bytes = await blocks.entry(seq);
    const entry = bytes && parseEntry(bytes);
    if (bytes === undefined || entry?.id !== id) {
      throw new Error(`the row of an event id names entry ${seq}, which is of another event`);
    }
    const identity = identityText(contentText(entry));
    return [id, { seq, identity, leafHash: leafHash(bytes).toString('hex') }];
  }

  async function storedSeq(id: string): Promise<number | undefined> {
    const row = await tables.get({ kind: 'event-id', id });
    return row && eventIdRow.parse(row.value).seq;
  }

  return async (ids) => {
    const found = await Promise.all(ids.map(find));
    return new Map(found.filter((each) => each !== undefined));
  };
}
