import { z } from 'zod';
import { operation } from './operation.ts';

export const exportFormats = ['jsonl', 'ocsf', 'cef'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Each part is an event of the ledger itself: one that took a single entry would never catch up. */
const EXPORT_ENTRIES_MIN = 2;
export const EXPORT_ENTRIES_MAX = 1_000;
const EXPORT_ENTRIES_DEFAULT = 500;

/** Type of the text, by its format. */
export const exportTypes = {
  jsonl: 'application/x-ndjson',
  ocsf: 'application/x-ndjson',
  cef: 'text/plain; charset=utf-8',
} as const satisfies Record<ExportFormat, string>;

export const exportEntries = operation({
  name: 'ledger.entry.export',
  summary: 'Pull entries as lines of JSON, OCSF events or CEF, with leaf hash and checkpoint',
  http: {
    method: 'GET',
    path: '/v1/ledger/export',
    status: 200,
    answers: [...new Set(Object.values(exportTypes))],
    linked: true,
  },
  query: z.strictObject({
    format: z.enum(exportFormats).default('jsonl'),
    /** Sequence of the last entry that the caller has; absent: from the first entry on. */
    after: z.coerce
      .number()
      .int()
      .nonnegative()
      .max(Number.MAX_SAFE_INTEGER - 1)
      .optional(),
    /** Entries at most; an answer is shorter where their text is long. */
    limit: z.coerce
      .number()
      .int()
      .min(EXPORT_ENTRIES_MIN)
      .max(EXPORT_ENTRIES_MAX)
      .default(EXPORT_ENTRIES_DEFAULT),
  }),
  output: z.string(),
  problems: [],
  permission: 'ledger:export',
  audit: { kind: 'read', action: 'ledger.entry.exported', object: 'ledger' },
});
