import { z } from 'zod';
import { heldRecord, holdClass } from './legal-holds.ts';
import { operation } from './operation.ts';
import { rowId, timestamp } from './primitives.ts';

/** CJIS Security Policy 5.9.5, AU-11: audit records are kept for a year at least. */
export const LEDGER_RETENTION_DAYS_MIN = 365;
/** Questions about a call come within weeks; an expired mail cannot be read again by a better profile. */
export const CAD_MAIL_RETENTION_DAYS_MIN = 30;
export const RETENTION_DAYS_MAX = 36_500;
/** A window that gets shorter waits this long, so that a mistake is seen before anything is deleted. */
export const RETENTION_SHORTENING_DAYS = 7;

/** What is kept for a time; each class has a window of its own. */
export const retentionClasses = ['ledger', 'cadMail'] as const;
export type RetentionClass = (typeof retentionClasses)[number];

const window = (daysMin: number) =>
  z.strictObject({
    days: z
      .number()
      .int({ error: 'must be a whole number of days' })
      .min(daysMin, { error: `must be at least ${daysMin} days` })
      .max(RETENTION_DAYS_MAX),
  });

/** A class without a window is kept for ever. */
export const retentionWindows = z.strictObject({
  ledger: window(LEDGER_RETENTION_DAYS_MIN).optional(),
  cadMail: window(CAD_MAIL_RETENTION_DAYS_MIN).optional(),
});
export type RetentionWindows = z.infer<typeof retentionWindows>;

const classRetention = z.strictObject({
  /** In force now; absent: kept for ever. */
  effective: z.strictObject({ days: z.number().int() }).optional(),
  /** Comes into force by itself at that time, unless the settings are put again before. */
  pending: z.strictObject({ days: z.number().int(), from: timestamp }).optional(),
});

export const retention = z.strictObject({
  /** Also a new one when a pending window comes into force. 1 as long as nobody has set anything. */
  version: z.number().int().positive(),
  ledger: classRetention,
  cadMail: classRetention,
  changedAt: timestamp.optional(),
});
export type Retention = z.infer<typeof retention>;

export const readRetention = operation({
  name: 'core-records.retention.read',
  summary: 'Read for how long a department keeps its ledger and its dispatch mail',
  http: { method: 'GET', path: '/v1/settings/retention', status: 200 },
  output: retention,
  problems: [],
  permission: 'retention:read',
  audit: { kind: 'none', because: 'settings, read inside their own department' },
  versioned: true,
});

export const changeRetention = operation({
  name: 'core-records.retention.change',
  summary: `Set the windows; a longer one counts at once, a shorter one after ${RETENTION_SHORTENING_DAYS} days`,
  http: { method: 'PUT', path: '/v1/settings/retention', status: 200 },
  body: retentionWindows,
  output: retention,
  problems: ['version-mismatch', 'conflict', 'ledger-behind'],
  permission: 'retention:manage',
  audit: { kind: 'change', action: 'core-records.retention.changed', object: 'retention' },
  versioned: true,
});

/**
 * Asked before anything is deleted, and again right before it is: no answer, nothing deleted. What
 * is older than the window may go, unless a hold names its record, or names none and so holds all.
 */
export const askRetention = operation({
  name: 'core-records.retention.ask',
  summary:
    'Tell a job what it may delete of a class: the window in force, and the holds that are on',
  body: z.strictObject({ class: holdClass }),
  output: z.strictObject({
    /** Absent: nothing of the class may be deleted for its age. */
    window: z.strictObject({ days: z.number().int().positive() }).optional(),
    holds: z.array(z.strictObject({ id: rowId, record: heldRecord.optional() })),
  }),
  problems: [],
  permission: 'retention:ask',
  audit: { kind: 'none', because: 'what a job then deletes is an event of its own' },
});
