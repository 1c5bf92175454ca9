import { Problem } from '#shared/problem.ts';

/** Ids that a list here can go on after: UUIDv7s, and ids of keys. */
const lastId = /^[0-9a-z-]{10,40}$/;

/** Where a page goes on; Problem `invalid-cursor` for anything that was not a `next` of ours. */
export function afterOf(cursor: string | undefined): { readonly after?: string } {
  if (cursor === undefined) return {};
  const after = Buffer.from(cursor, 'base64url').toString('latin1');
  if (lastId.test(after) && cursorOf(after) === cursor) return { after };
  throw new Problem('invalid-cursor', {
    detail: 'The cursor must be the `next` of the page before, unchanged.',
  });
}

/**
 * A page of rows, made from one more than asked for: the extra one only says that there is more.
 */
export function pageOfRows<Stored extends { readonly id: string }, Item>(
  rows: readonly Stored[],
  limit: number,
  itemOf: (row: Stored) => Item,
): { items: Item[]; next?: string } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(itemOf);
  return rows.length > limit && last !== undefined ? { items, next: cursorOf(last.id) } : { items };
}

function cursorOf(id: string): string {
  return Buffer.from(id, 'latin1').toString('base64url');
}
