/** Code tables as lines `table,code,words`: what a spreadsheet saves (RFC 4180). Pure. */
import { type CodeTables, codeTableNames } from '#contracts/cad-code-tables.ts';

type TableName = (typeof codeTableNames)[number];

const HEADING = ['table', 'code', 'words'];
const BYTE_ORDER_MARK = '\uFEFF';

export type CsvReading =
  | { readonly ok: true; readonly tables: CodeTables }
  | { readonly ok: false; readonly line: number; readonly why: string };

/** The tables in a text of lines; empty lines are passed over. */
export function tablesIn(csv: string): CsvReading {
  const records = recordsIn(csv.startsWith(BYTE_ORDER_MARK) ? csv.slice(1) : csv);
  if (!records.ok) return records;
  const tables: { [Name in TableName]?: Record<string, string> } = {};
  for (const [at, { line, cells }] of records.records.entries()) {
    const [name = '', code = '', words = '', ...rest] = cells.map((cell) => cell.trim());
    const isHeading = at === 0 && HEADING.every((each, index) => cells[index]?.trim() === each);
    if (isHeading || cells.join('').trim() === '') continue;
    const table = codeTableNames.find((each) => each === name);
    if (rest.length > 0 || code === '' || words === '') {
      return { ok: false, line, why: 'must have a table, a code and its words' };
    }
    if (table === undefined) {
      return { ok: false, line, why: `must begin with one of: ${codeTableNames.join(', ')}` };
    }
    const codes = tables[table] ?? Object.create(null);
    if (code in codes) return { ok: false, line, why: 'must not give a code a second time' };
    codes[code] = words;
    tables[table] = codes;
  }
  return { ok: true, tables };
}

export function csvOf(tables: CodeTables): string {
  const records = codeTableNames.flatMap((name) =>
    Object.entries(tables[name] ?? {}).map(([code, words]) => [name, code, words]),
  );
  return [HEADING, ...records].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

type Records =
  | { readonly ok: true; readonly records: readonly CsvRecord[] }
  | { readonly ok: false; readonly line: number; readonly why: string };

/** One pass over the text: a quoted cell may hold commas, line ends and doubled quotes. */
function recordsIn(csv: string): Records {
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let line = 1;
  let begunAt = 1;
  let at = 0;
  while (at < csv.length) {
    const cell = csv[at] === '"' ? quotedCell(csv, at) : plainCell(csv, at);
    if (cell === undefined) return { ok: false, line, why: 'must close the quotes that it opens' };
    cells.push(cell.text);
    line += cell.text.split('\n').length - 1;
    at = cell.end;
    if (csv[at] === ',') {
      at += 1;
      if (at < csv.length) continue;
      cells.push('');
    }
    records.push({ line: begunAt, cells });
    cells = [];
    if (csv[at] === '\r') at += 1;
    if (csv[at] === '\n') at += 1;
    line += 1;
    begunAt = line;
  }
  return { ok: true, records };
}

interface Cell {
  readonly text: string;
  /** Where the comma, the line end or the end of the text stands. */
  readonly end: number;
}

function plainCell(csv: string, from: number): Cell {
  let end = from;
  while (end < csv.length && csv[end] !== ',' && csv[end] !== '\n' && csv[end] !== '\r') end += 1;
  return { text: csv.slice(from, end), end };
}

/** `undefined` where the quotes do not close, or something stands behind them. */
function quotedCell(csv: string, from: number): Cell | undefined {
  const parts: string[] = [];
  let at = from + 1;
  for (;;) {
    const close = csv.indexOf('"', at);
    if (close === -1) return undefined;
    parts.push(csv.slice(at, close));
    at = close + 1;
    if (csv[at] !== '"') break;
    parts.push('"');
    at += 1;
  }
  const ends = at >= csv.length || csv[at] === ',' || csv[at] === '\n' || csv[at] === '\r';
  return ends ? { text: parts.join(''), end: at } : undefined;
}
