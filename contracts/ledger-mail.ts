import { z } from 'zod';
import { operation } from './operation.ts';
import { timestamp } from './primitives.ts';

/** At seven in the morning by the department's clocks; weekly is on Mondays. */
export const checkpointSchedules = ['off', 'daily', 'weekly'] as const;

const chosen = z.strictObject({
  /** The signed checkpoint, to everybody with the role of a reviewer. */
  checkpoints: z.enum(checkpointSchedules),
  /** On Wednesdays, to reviewers and administrators, when the week before is not signed off. */
  reviewReminders: z.boolean(),
});

export const ledgerMail = z.strictObject({
  ...chosen.shape,
  /** 1 as long as nobody has set anything. */
  version: z.number().int().positive(),
  changedAt: timestamp.optional(),
});
export type LedgerMail = z.infer<typeof ledgerMail>;

export const readLedgerMail = operation({
  name: 'ledger.mail.read',
  summary: 'Read which mail the ledger sends to the people of the department',
  http: { method: 'GET', path: '/v1/settings/ledger-mail', status: 200 },
  output: ledgerMail,
  problems: [],
  permission: 'ledger:read',
  audit: { kind: 'none', because: 'settings, read inside their own department' },
  versioned: true,
});

export const changeLedgerMail = operation({
  name: 'ledger.mail.change',
  summary: 'Set which mail the ledger sends: checkpoints to reviewers, reminders of weekly reviews',
  http: { method: 'PUT', path: '/v1/settings/ledger-mail', status: 200 },
  body: chosen,
  output: ledgerMail,
  problems: ['version-mismatch', 'conflict', 'ledger-behind'],
  permission: 'ledger:manage-mail',
  audit: { kind: 'change', action: 'ledger.mail.changed', object: 'mail-settings' },
  versioned: true,
});
