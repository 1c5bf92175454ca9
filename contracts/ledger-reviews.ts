import { z } from 'zod';
import { operation } from './operation.ts';
import { shortText, timestamp } from './primitives.ts';

/** ISO 8601 week. It begins on Monday at 00:00 UTC, wherever the department is. */
const week = z.string().regex(/^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$/, {
  error: 'must be an ISO week, such as 2031-W07',
});

const count = z.number().int().nonnegative();

export const signOff = z.strictObject({
  week,
  at: timestamp,
  by: z.strictObject({ id: z.string(), name: z.string().optional() }),
});
export type SignOff = z.infer<typeof signOff>;

/** Rules by which a week is searched for what a reviewer should look at; each says what it counts. */
export const anomalyRules = {
  'failed-sign-ins': '10 or more failed sign-ins to one account',
  'account-locked': 'An account was locked',
  'many-refusals': '20 or more refused calls of one actor',
  'many-exports': '10 or more exports by one actor',
  'conflicting-event': 'Another event came with the id of one that is in the ledger',
  'values-expunged': 'The values of a record were made unreadable',
} as const;
export type AnomalyRule = keyof typeof anomalyRules;

export const reviewSummary = z.strictObject({
  week,
  /** Entries with `at` from here on, and before there. */
  from: timestamp,
  to: timestamp,
  entries: count,
  /** Why not all entries of the week are counted; absent when they are. */
  partial: z.enum(['the week is not over', 'there are more entries than are counted']).optional(),
  byFamily: z.strictObject({
    authentication: count,
    'entity-management': count,
    datastore: count,
    api: count,
  }),
  byOutcome: z.strictObject({ success: count, refused: count, failure: count }),
  /** Those with most entries first; `actorsTotal` counts all. */
  actors: z.array(
    z.strictObject({ type: z.string(), id: z.string(), entries: count, notSuccessful: count }),
  ),
  actorsTotal: count,
  refusals: count,
  signInFailures: count,
  lockouts: count,
  exports: count,
  anomalies: z.array(
    z.strictObject({
      rule: z.enum(Object.keys(anomalyRules) as [AnomalyRule, ...AnomalyRule[]]),
      /** The rule in words. */
      statement: z.string(),
      /** Id of the account, actor or record that it is about. */
      about: z.string(),
      count,
    }),
  ),
  signedOff: signOff.optional(),
});
export type ReviewSummary = z.infer<typeof reviewSummary>;

export const summariseWeek = operation({
  name: 'ledger.review.summarise',
  summary: 'What happened in a week: counts, and what a reviewer should look at',
  http: { method: 'GET', path: '/v1/ledger/reviews/summary', status: 200 },
  query: z.strictObject({ week }),
  output: reviewSummary,
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'read', action: 'ledger.review.summarised', object: 'ledger' },
});

export const signOffWeek = operation({
  name: 'ledger.review.sign-off',
  summary: 'Sign a week off as reviewed; stands in the chain, with the note as its reason',
  http: { method: 'POST', path: '/v1/ledger/reviews', status: 201 },
  body: z.strictObject({ week, note: shortText(1_000) }),
  output: signOff,
  problems: ['conflict', 'already-exists'],
  permission: 'ledger:review',
  audit: { kind: 'change', action: 'ledger.review.signed-off', object: 'review' },
  idempotent: true,
});

/** Weeks that the list goes back. */
export const REVIEW_WEEKS_MAX = 53;

export const listReviews = operation({
  name: 'ledger.review.list',
  summary: 'The last 53 weeks that are over, newest first, with or without sign-off',
  http: { method: 'GET', path: '/v1/ledger/reviews', status: 200 },
  output: z.strictObject({
    items: z
      .array(
        z.strictObject({ week, from: timestamp, to: timestamp, signedOff: signOff.optional() }),
      )
      .max(REVIEW_WEEKS_MAX),
  }),
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'names of weeks and who signed them off; no entry is read' },
});
