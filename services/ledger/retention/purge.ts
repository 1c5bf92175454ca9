/** Decisions about purges: what may be removed, by whom, until when. Pure. */
import {
  type LedgerRetention,
  PURGE_REQUEST_DAYS,
  type Purge,
  type purgeLimits,
} from '#contracts/ledger-retention.ts';
import type { Person } from '#contracts/primitives.ts';
import { LEDGER_RETENTION_DAYS_MIN } from '#contracts/retention.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';

/** One purge is read, archived and verified within one request; a longer prefix needs several. */
export const PURGE_ENTRIES_MAX = 128 * TILE_WIDTH;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Where a purge could end: behind a whole page that is the end of a block too. */
export interface Candidate {
  /** Entries before it. */
  readonly size: number;
  /** `recordedAt` of the last of them. */
  readonly recordedAt: string;
}

/** What core-records says of the class `ledger`. */
export interface Rules {
  readonly window?: { readonly days: number } | undefined;
  readonly holds: readonly { readonly id: string }[];
}

export interface PurgePlan {
  /** Entries before this one may be removed; absent: none. */
  readonly end?: number;
  readonly limit: LedgerRetention['limit'];
}

/** Only what was recorded before this moment may be removed; `undefined`: nothing. */
export function cutoffOf({ window, holds }: Rules, now: Date): string | undefined {
  if (window === undefined || holds.length > 0) return undefined;
  // Whatever window is in force: nothing younger than that is ever removed.
  const days = Math.max(window.days, LEDGER_RETENTION_DAYS_MIN);
  return new Date(now.getTime() - days * DAY_MS).toISOString();
}

/**
 * How far a purge may go, and what stops it there. `candidates` ascend from the first entry kept;
 * `pages` are the full ones, of which the newest stays.
 */
export function planPurge(about: {
  readonly firstKept: number;
  readonly candidates: Iterable<Candidate>;
  readonly publishedSize: number;
  readonly pages: number;
  readonly rules: Rules;
  readonly now: Date;
}): PurgePlan {
  const { firstKept, pages, rules, now } = about;
  if (rules.window === undefined) return { limit: limitBy('no-window') };
  const cutoff = cutoffOf(rules, now);
  if (cutoff === undefined) return { limit: limitBy('held') };
  let end = firstKept;
  let stop: LimitCode | undefined;
  for (const candidate of about.candidates) {
    stop = stopAt(candidate, { ...about, cutoff });
    if (stop !== undefined) break;
    end = Math.max(end, candidate.size);
  }
  // Nothing stopped it but that there was nothing more, or nothing within reach.
  const isWhole = end >= (pages - 1) * TILE_WIDTH;
  const isOut = stop === undefined || (stop === 'one-purge' && end === firstKept);
  const code = isOut ? (isWhole ? 'newest-page' : 'no-whole-blocks') : stop;
  return { ...(end > firstKept ? { end } : {}), limit: limitBy(code ?? 'no-whole-blocks') };
}

type LimitCode = (typeof purgeLimits)[number];

function stopAt(
  { size, recordedAt }: Candidate,
  about: {
    readonly firstKept: number;
    readonly publishedSize: number;
    readonly pages: number;
    readonly cutoff: string;
  },
): LimitCode | undefined {
  if (size > (about.pages - 1) * TILE_WIDTH) return 'newest-page';
  if (recordedAt >= about.cutoff) return 'too-young';
  if (size > about.publishedSize) return 'not-published';
  if (size - about.firstKept > PURGE_ENTRIES_MAX) return 'one-purge';
  return undefined;
}

const details: Readonly<Record<LimitCode, string>> = {
  'no-window': 'No window is in force for the ledger: it is kept for ever.',
  held: 'A legal hold stops every purge of the ledger. It has to be released first.',
  'too-young': 'What follows is younger than the window in force.',
  'not-published': 'What follows is behind the newest published checkpoint.',
  'newest-page': `The newest ${TILE_WIDTH} entries that make a full page always stay.`,
  'no-whole-blocks': `Behind that no page of ${TILE_WIDTH} entries ends where a block does, or none that is near enough.`,
  'one-purge': `One purge removes at most ${PURGE_ENTRIES_MAX} entries. Ask for the next one after it.`,
};

function limitBy(code: LimitCode): PurgePlan['limit'] {
  return { code, detail: details[code] };
}

export function requestedPurge(
  about: Pick<
    Purge,
    'id' | 'reference' | 'reason' | 'range' | 'from' | 'to' | 'entriesBytes' | 'root' | 'archive'
  >,
  made: { readonly by: Person; readonly now: Date },
): Purge {
  const { by, now } = made;
  const expiresAt = new Date(now.getTime() + PURGE_REQUEST_DAYS * DAY_MS);
  return {
    ...about,
    status: 'requested',
    requestedBy: by,
    requestedAt: now.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

/** As it is at that time: nothing is written when a request expires. */
export function purgeAt(stored: Purge, now: Date): Purge {
  const isOver = stored.status === 'requested' && now.toISOString() >= stored.expiresAt;
  return isOver ? { ...stored, status: 'expired' } : stored;
}

export function approvedPurge(
  before: Purge,
  made: { readonly by: Person; readonly now: Date; readonly seq: number },
): Purge {
  const { by, now, seq } = made;
  return { ...before, status: 'removing', approvedBy: by, approvedAt: now.toISOString(), seq };
}

export function donePurge(before: Purge, now: Date): Purge {
  return { ...before, status: 'done', doneAt: now.toISOString() };
}

/**
 * Throws Problem `gone` for a request that has expired, `conflict` when the range is not the oldest
 * one any more, or may not be removed any more.
 */
export function assertPurgeable(
  { status, expiresAt, range }: Purge,
  state: { readonly firstKept: number; readonly plan: PurgePlan },
): void {
  if (status === 'expired') {
    throw new Problem('gone', {
      detail: `The request expired at ${expiresAt}. Ask again, and have it approved in time.`,
    });
  }
  if (state.firstKept !== range.first) {
    throw new Problem('conflict', { detail: 'Another purge has removed these entries.' });
  }
  if ((state.plan.end ?? 0) > range.last) return;
  throw new Problem('conflict', {
    detail: `These entries may not be removed now. ${state.plan.limit.detail}`,
  });
}

/** Plain data, with the keys left out that have no value. */
export function purgeJson(value: Purge): Json {
  return JSON.parse(JSON.stringify(value));
}
