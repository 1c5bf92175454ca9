import { hash } from 'node:crypto';
import { z } from 'zod';
import {
  type CodeTables,
  codeTableNames,
  codeTables,
  readCadCodeTables,
  replaceCadCodeTables,
} from '#contracts/cad-code-tables.ts';
import type { OutputOf } from '#contracts/operation.ts';
import { timestamp } from '#contracts/primitives.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Json, TenantTables } from '#shared/ports/tables.ts';
import { Problem, validationProblem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { SOURCE_KIND } from '../source.ts';
import { csvOf, tablesIn } from './code-table-csv.ts';

/** Id is `department`, or the id of a source. */
const CODE_TABLES_KIND = 'cad-code-tables';
const OF_DEPARTMENT = 'department';

const kept = z.strictObject({ changedAt: timestamp, tables: codeTables });

interface Stored {
  /** 0: there are none yet. */
  readonly version: number;
  readonly changedAt?: string;
  readonly tables: CodeTables;
}

type Replace = typeof replaceCadCodeTables;

/** The operations on code tables. */
export function codeTableHandlings(): readonly Handling[] {
  return [
    handle(readCadCodeTables, async ({ tables, params }) => {
      await assertScope(tables, params.id);
      const stored = await getTables(tables, params.id);
      const { version } = stored;
      return { body: shown(params.id, stored), ...(version === 0 ? {} : { version }) };
    }),
    handle(replaceCadCodeTables, (call) => retryOnRace(() => replace(call))),
  ];
}

/** Words for the codes of a source: its own tables count before the department's. */
export async function codeTablesOf(tables: TenantTables, sourceId: string): Promise<CodeTables> {
  const [department, source] = await Promise.all([
    getTables(tables, OF_DEPARTMENT),
    getTables(tables, sourceId),
  ]);
  const merged = codeTableNames.map((name) => {
    const both = { ...department.tables[name], ...source.tables[name] };
    return [name, both] as const;
  });
  return Object.fromEntries(merged.filter(([, codes]) => Object.keys(codes).length > 0));
}

async function replace(call: Call<Replace>): Promise<Committed<Replace>> {
  const { tables, params, ifMatch, now } = call;
  const { id } = params;
  await assertScope(tables, id);
  const wanted = wantedTables(call.body);
  const before = await getTables(tables, id);
  if (ifMatch !== undefined && ifMatch !== before.version) {
    throw new Problem('version-mismatch', {
      detail: `If-Match names version ${ifMatch}, the tables are at ${before.version}. Read them and decide anew.`,
    });
  }
  const version = before.version + 1;
  const value = { changedAt: now.toISOString(), tables: wanted };
  const stored: Stored = { version, ...value };
  return call.commit({
    changes: [
      // JSON by its schema; zod's type lets absent keys be `undefined`.
      {
        put: { kind: CODE_TABLES_KIND, id, value: JSON.parse(JSON.stringify(value)) as Json },
        expect: before.version,
      },
    ],
    events: [
      call.event({
        object: { type: 'cad-code-table', id, version },
        changes: changesBetween(facts(before), facts(stored)),
      }),
    ],
    reply: { body: shown(id, stored), version },
  });
}

/** The tables of the request, or those in its lines. */
function wantedTables({ csv, ...tables }: Call<Replace>['body']): CodeTables {
  if (csv === undefined) return tables;
  if (Object.keys(tables).length > 0) throw invalid('must stand alone, without tables beside it');
  const read = tablesIn(csv);
  if (!read.ok) throw invalid(`line ${read.line} ${read.why}`);
  const parsed = z.strictObject({ body: codeTables }).safeParse({ body: read.tables });
  if (parsed.success) return parsed.data.body;
  throw validationProblem(parsed.error);
}

function invalid(detail: string): Problem {
  return new Problem('validation', {
    detail: 'Mend #/body/csv and send it again.',
    errors: [{ pointer: '#/body/csv', detail }],
  });
}

async function getTables(tables: TenantTables, id: string): Promise<Stored> {
  const row = await tables.get({ kind: CODE_TABLES_KIND, id });
  return row === undefined
    ? { version: 0, tables: {} }
    : { version: row.version, ...kept.parse(row.value) };
}

async function assertScope(tables: TenantTables, id: string): Promise<void> {
  if (id === OF_DEPARTMENT) return;
  if ((await tables.get({ kind: SOURCE_KIND, id })) !== undefined) return;
  throw new Problem('not-found', { detail: 'There is no such source.' });
}

function shown(id: string, stored: Stored): OutputOf<typeof readCadCodeTables> {
  return { id, ...stored, csv: csvOf(stored.tables) };
}

/** Tables can be larger than an event; how many codes there are and a hash say which they were. */
function facts({ version, tables }: Stored): Record<string, Json> {
  if (version === 0) return {};
  const counts = codeTableNames.map((name) => [name, Object.keys(tables[name] ?? {}).length]);
  return { codes: Object.fromEntries(counts), sha256: hash('sha256', JSON.stringify(tables)) };
}
