/**
 * The weekly review: what happened, and that somebody looked at it. A sign-off is a row, kind
 * `review`, id the week, put once; its event in the chain has the note as its reason.
 */
import {
  listReviews,
  REVIEW_WEEKS_MAX,
  type SignOff,
  signOff,
  signOffWeek,
  summariseWeek,
} from '#contracts/ledger-reviews.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Handling, handle } from '#shared/service.ts';
import { parseEntry } from '../chain/entry.ts';
import type { Log } from '../log/log.ts';
import type { Logs } from '../log/logs.ts';
import { search } from '../read/search.ts';
import { openCount } from './review.ts';
import { bounds, type Week, weekAt, weekBefore, weekNamed } from './week.ts';

const KIND = 'review';
/** Entries that a summary counts. A week with more says that it is partial. */
const REVIEW_ENTRIES_MAX = 30_000;
/** Searches that a summary is made of, each with its own bounds. */
const SEARCHES_MAX = 64;
/** Entries asked of one search. */
const SEARCH_ENTRIES = 3_072;

export function reviewHandlings(logs: Logs): Handling[] {
  return [
    handle(summariseWeek, async ({ caller, query, tables, now }) => {
      const week = weekIn(query.week, '#/query/week');
      const counted = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return countWeek({ log, tables, week, entriesMax: REVIEW_ENTRIES_MAX });
      });
      const { isWhole, ...counts } = counted;
      const signed = await signOffOf(tables, week.name);
      const partial = partialOf({ isWhole, isOver: week.toMs <= now.getTime() });
      return {
        body: {
          week: week.name,
          ...bounds(week),
          ...counts,
          ...(partial === undefined ? {} : { partial }),
          ...(signed === undefined ? {} : { signedOff: signed }),
        },
        read: [{ field: 'week', after: week.name }],
      };
    }),

    handle(
      signOffWeek,
      async ({ body: { week: name, note }, caller, now, tables, event, commit }) => {
        const week = weekIn(name, '#/body/week');
        if (week.toMs > now.getTime()) {
          const detail = `The week is over at ${bounds(week).to}. Sign it off after that.`;
          throw new Problem('conflict', { detail });
        }
        const { id, name: person } = caller.subject;
        const by = { id, ...(person === undefined ? {} : { name: person }) };
        const signed: SignOff = { week: week.name, at: now.toISOString(), by };
        const object = { type: 'review', id: week.name };
        const result = await commit({
          changes: [{ put: { kind: KIND, id: week.name, value: rowOf(signed) }, expect: 0 }],
          events: [event({ object, reason: note })],
          reply: { body: signed },
        });
        if (result.ok) return result.reply;
        const before = await signOffOf(tables, week.name);
        const detail = `The week was signed off at ${before?.at ?? 'the same time'}.`;
        throw new Problem('already-exists', { detail });
      },
    ),

    handle(listReviews, async ({ caller, tables, now }) => {
      const first = await logs.use(caller.tenant, async (log) => {
        await log.follow();
        return firstTime(log);
      });
      if (first === undefined) return { body: { items: [] } };
      const weeks = weeksBetween(first, now.getTime());
      const items = weeks.map(async (week) => {
        const signed = await signOffOf(tables, week.name);
        const signedOff = signed === undefined ? {} : { signedOff: signed };
        return { week: week.name, ...bounds(week), ...signedOff };
      });
      return { body: { items: await Promise.all(items) } };
    }),
  ];
}

/** Counts the entries of the week, within bounds; `isWhole` when there were none beyond them. */
export async function countWeek(about: {
  readonly log: Log;
  readonly tables: TenantTables;
  readonly week: Week;
  readonly entriesMax: number;
}) {
  const { week, entriesMax, ...where } = about;
  const count = openCount();
  const question = bounds(week);
  let begin = 0;
  let left = entriesMax;
  for (let searches = 0; searches < SEARCHES_MAX && left > 0; searches += 1) {
    const limit = Math.min(left, SEARCH_ENTRIES);
    const { items, next } = await search({ ...where, question, begin, limit });
    for (const { leafHash: _hash, ...entry } of items) count.add(entry);
    left -= items.length;
    if (next === undefined) return { ...count.result(), isWhole: true };
    begin = next;
  }
  return { ...count.result(), isWhole: false };
}

function partialOf(about: { readonly isWhole: boolean; readonly isOver: boolean }) {
  if (!about.isWhole) return 'there are more entries than are counted' as const;
  return about.isOver ? undefined : ('the week is not over' as const);
}

function weekIn(name: string, pointer: string): Week {
  const week = weekNamed(name);
  if (week !== undefined) return week;
  throw new Problem('validation', {
    detail: `Mend ${pointer}: its year does not have that week.`,
    errors: [{ pointer, detail: 'must be a week that its year has' }],
  });
}

export async function signOffOf(tables: TenantTables, week: string): Promise<SignOff | undefined> {
  const row = await tables.get({ kind: KIND, id: week });
  return row && signOff.parse(row.value);
}

/** Of the first entry that is kept; `undefined` for a ledger without one. */
export async function firstTime(log: Log): Promise<number | undefined> {
  const bytes = await log.blocks.entry(log.firstKept());
  return bytes && Date.parse(parseEntry(bytes).recordedAt);
}

/** Weeks that are over, newest first, back to the one with the first entry. */
function weeksBetween(firstMs: number, nowMs: number): Week[] {
  const weeks: Week[] = [];
  const oldest = weekAt(firstMs).fromMs;
  for (
    let week = weekBefore(weekAt(nowMs));
    week.fromMs >= oldest && weeks.length < REVIEW_WEEKS_MAX;
    week = weekBefore(week)
  ) {
    weeks.push(week);
  }
  return weeks;
}

/** An absent name is left out of the row. */
function rowOf({ week, at, by: { id, name } }: SignOff) {
  return { week, at, by: { id, ...(name === undefined ? {} : { name }) } };
}
