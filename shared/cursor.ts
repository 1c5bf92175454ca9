import { hash } from 'node:crypto';
import { z } from 'zod';
import { Problem } from './problem.ts';

/** Enough to notice a cursor of another list; nothing is gained by forging one. */
const SCOPE_CHARS = 12;

/** Ids of the rows that lists go over are made of these; so are those of keys and statuses. */
const listedRowId = z.string().regex(/^[0-9a-z/-]{1,200}$/);
const content = z.tuple([z.string().length(SCOPE_CHARS), listedRowId]);

/**
 * The list that a cursor belongs to: the operation and everything asked of it but the cursor and
 * the number of items, which may change from page to page.
 */
export function scopeOf(operation: string, question: object): string {
  const asked = Object.entries(question)
    .filter(([key, value]) => key !== 'cursor' && key !== 'limit' && value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return hash('sha256', JSON.stringify([operation, asked]), 'base64url').slice(0, SCOPE_CHARS);
}

/** A page goes on behind the row with this id. */
export function cursorAfter(scope: string, rowId: string): string {
  return Buffer.from(JSON.stringify([scope, rowId])).toString('base64url');
}

/** The row id in a cursor of this scope; throws Problem `invalid-cursor` for anything else. */
export function rowIdIn(scope: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const parsed = content.safeParse(jsonIn(cursor));
  if (parsed.success && parsed.data[0] === scope) return parsed.data[1];
  throw new Problem('invalid-cursor', {
    detail: 'The cursor does not belong to this list. Begin again without one.',
  });
}

function jsonIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
