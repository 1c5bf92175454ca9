/**
 * Search in the order of the ledger. Pages whose filter denies the question are skipped by their
 * row alone; the others are read. A call looks at a bounded number of both and says where to go on,
 * so that a page of results may be short, or empty, while there are more.
 */
import type { LedgerEntry } from '#contracts/ledger.ts';
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { parseEntry } from '../chain/entry.ts';
import { matches, mayHold, type Question } from '../chain/marks.ts';
import { filterIn, type Page, readPage } from '../chain/page.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { leafHash } from '../chain/tree.ts';
import type { StoredEntry } from '../log/blocks.ts';
import type { Log } from '../log/log.ts';
import { numberId, numberOf } from '../log/store.ts';

/** A million entries whose pages are skipped, or a dozen pages that are read. */
const PAGES_LOOKED_AT_MAX = 4_096;
const ENTRIES_READ_MAX = 3_072;

export interface Found {
  readonly items: readonly (LedgerEntry & { readonly leafHash: string })[];
  /** Where the next search goes on; absent at the end of the log. */
  readonly next?: number;
}

export async function search(about: {
  readonly log: Log;
  readonly tables: TenantTables;
  readonly question: Question;
  readonly begin: number;
  readonly limit: number;
}): Promise<Found> {
  const { log, question, limit } = about;
  const end = log.size();
  const items: Found['items'][number][] = [];
  let read = 0;
  const begin = Math.max(about.begin, log.firstKept());
  for await (const span of spans({ ...about, begin, end })) {
    if ('next' in span) return { items, next: span.next };
    for await (const { seq, bytes } of log.blocks.range(span.begin, span.end)) {
      if (items.length === limit || read === ENTRIES_READ_MAX) return { items, next: seq };
      read += 1;
      const item = matching({ seq, bytes }, question);
      if (item !== undefined) items.push(item);
    }
  }
  // The log goes on, but not here: that must not look like its end.
  const broken = log.broken();
  if (broken === undefined) return { items };
  if (items.length === 0) throw broken;
  return { items, next: end };
}

/** Entries `[begin, end)` that have to be read; or enough was looked at, and this is where to go on. */
type Span = { readonly begin: number; readonly end: number } | { readonly next: number };

/** In the order of the ledger. */
async function* spans(about: {
  readonly tables: TenantTables;
  readonly question: Question;
  readonly begin: number;
  readonly end: number;
}): AsyncGenerator<Span> {
  const { tables, question, end } = about;
  let { begin } = about;
  const first = Math.floor(begin / TILE_WIDTH);
  const after = first === 0 ? undefined : numberId(first - 1);
  for await (const row of rowsOf(tables, { kind: 'page', after })) {
    // Pages of entries behind those that this process knows.
    if (begin >= end) return;
    const number = numberOf(row.id);
    if (number !== Math.floor(begin / TILE_WIDTH)) throw new Error('a page row is missing');
    if (number - first === PAGES_LOOKED_AT_MAX) {
      yield { next: begin };
      return;
    }
    const pageEnd = Math.min((number + 1) * TILE_WIDTH, end);
    const page = readPage(row);
    if (page === undefined) throw new Error('a page is not what was written');
    if (isInTime(page, question) && mayHold(filterIn(page), question))
      yield { begin, end: pageEnd };
    begin = pageEnd;
  }
  if (begin < end) yield { begin, end };
}

function isInTime({ value: { from, to } }: Page, question: Question): boolean {
  return !(question.from && to < question.from) && !(question.to && from >= question.to);
}

function matching({ bytes }: StoredEntry, question: Question): Found['items'][number] | undefined {
  // The block was checked against its hash: these are the bytes that were canonicalised.
  if (!matches(JSON.parse(bytes.toString()) as LedgerEntry, question)) return undefined;
  return { ...parseEntry(bytes), leafHash: leafHash(bytes).toString('hex') };
}

const CURSOR = /^seq:(\d{1,16})$/;

/** A page goes on at this entry. */
export function cursorAt(seq: number): string {
  return Buffer.from(`seq:${seq}`).toString('base64url');
}

/** Throws Problem `invalid-cursor` for what is none of ours. */
export function seqIn(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const seq = Number(CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1]);
  if (Number.isSafeInteger(seq) && cursorAt(seq) === cursor) return seq;
  throw new Problem('invalid-cursor', {
    detail: 'The cursor does not belong to this list. Begin again without one.',
  });
}
