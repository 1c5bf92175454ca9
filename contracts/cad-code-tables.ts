import { z } from 'zod';
import { operation } from './operation.ts';
import { rowId, shortText, timestamp } from './primitives.ts';

/** Codes of one table. A county has a few dozen towns, some hundreds of call types and units. */
export const CODES_MAX = 2_000;

const table = z
  .record(shortText(60), shortText(200))
  .refine((codes) => Object.keys(codes).length <= CODES_MAX, {
    error: `must hold at most ${CODES_MAX} codes`,
  });

export const codeTableNames = ['city', 'nature', 'units', 'source'] as const;

/** Words for the codes of a dispatch centre, by the field that they stand in: `FRV` is Fairvale. */
export const codeTables = z.strictObject({
  city: table.optional(),
  nature: table.optional(),
  units: table.optional(),
  source: table.optional(),
});
export type CodeTables = z.infer<typeof codeTables>;

const params = z.strictObject({
  /** `department`, or the id of a source. */
  id: z.union([z.literal('department'), rowId], {
    error: 'must be "department" or the id of a source',
  }),
});

export const cadCodeTables = z.strictObject({
  id: params.shape.id,
  /** 0 while there are none. */
  version: z.number().int().nonnegative(),
  changedAt: timestamp.optional(),
  tables: codeTables,
  /** The same as lines `table,code,words` (RFC 4180), as a `PUT` takes them. */
  csv: z.string(),
});

export const readCadCodeTables = operation({
  name: 'cad-ingest.code-table.read',
  summary: 'Read the code tables of the department, or of one source',
  http: {
    method: 'GET',
    path: '/v1/cad/code-tables/{id}',
    status: 200,
    textForm: { format: 'csv', type: 'text/csv', field: 'csv' },
  },
  params,
  query: z.strictObject({ format: z.enum(['json', 'csv']).optional() }),
  output: cadCodeTables,
  problems: ['not-found'],
  permission: 'cad-profiles:read',
  audit: { kind: 'none', because: 'how pages are read, seen inside its own department' },
  versioned: true,
});

export const replaceCadCodeTables = operation({
  name: 'cad-ingest.code-table.replace',
  summary: 'Replace the code tables of the department, or of one source, which count first',
  http: { method: 'PUT', path: '/v1/cad/code-tables/{id}', status: 200 },
  params,
  body: z.strictObject({
    ...codeTables.shape,
    /** Instead of the tables: lines `table,code,words`, with or without that heading. */
    csv: z.string().max(1_000_000).optional(),
  }),
  output: cadCodeTables,
  problems: ['not-found', 'conflict', 'version-mismatch', 'too-large', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.code-table.replaced', object: 'cad-code-table' },
  versioned: true,
});
