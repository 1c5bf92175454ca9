import type { LedgerEntry } from '#contracts/ledger.ts';
import type { ExportFormat } from '#contracts/ledger-exports.ts';
import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';
import { cefLine } from './cef.ts';
import { type ExportCheckpoint, type Exported, exportedOf } from './exported.ts';
import { jsonlEnd, jsonlLine } from './jsonl.ts';
import { ocsfLine } from './ocsf.ts';

/** Half of a bus message: the rest is room for the envelope, and for one line over the bound. */
const PART_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;

/** Of the log, what an export needs. */
export interface ExportSource {
  size(): number;
  /** Entries before this one were removed: an export begins there at the earliest. */
  firstKept(): number;
  checkpoint(size: number): Promise<ExportCheckpoint | undefined>;
  readonly blocks: {
    range(begin: number, end: number): AsyncIterable<{ readonly bytes: Buffer }>;
  };
}

/** Entries `[first, first + count)` as text. */
export interface ExportPart {
  readonly first: number;
  readonly count: number;
  /** The log goes on behind it. */
  readonly isMore: boolean;
  /** One for each entry, without line break. */
  readonly lines: readonly string[];
  readonly entries: readonly LedgerEntry[];
  readonly checkpoint: ExportCheckpoint | undefined;
}

const lineOf: Readonly<Record<ExportFormat, (exported: Exported) => string>> = {
  jsonl: jsonlLine,
  ocsf: ocsfLine,
  cef: cefLine,
};

/**
 * The next entries of a log, from `begin` on, with a checkpoint that covers them all. Ends at
 * `limit` entries, or before the line that does not fit; the first line always does.
 */
export async function exportPart(
  log: ExportSource,
  about: { readonly format: ExportFormat; readonly begin: number; readonly limit: number },
): Promise<ExportPart> {
  const { format, limit } = about;
  const begin = Math.max(about.begin, log.firstKept());
  const size = log.size();
  const end = Math.min(begin + limit, size);
  const checkpoint = await log.checkpoint(Math.max(end, 1));
  const lines: string[] = [];
  const entries: LedgerEntry[] = [];
  const part = () => {
    const count = lines.length;
    const isMore = count > 0 && begin + count < size;
    return { first: begin, count, isMore, lines, entries, checkpoint };
  };
  if (checkpoint === undefined) return part();
  let bytes = 0;
  for await (const stored of log.blocks.range(begin, end)) {
    const exported = exportedOf(stored.bytes, checkpoint);
    const line = lineOf[format](exported);
    bytes += bytesOnBus(line);
    if (lines.length > 0 && bytes > PART_BYTES_MAX) break;
    lines.push(line);
    entries.push(exported.entry);
  }
  return part();
}

/** The part as it is sent. */
export function partText(format: ExportFormat, part: ExportPart): string {
  const lines = format === 'jsonl' ? [...part.lines, jsonlEnd(part)] : part.lines;
  return lines.map((line) => `${line}\n`).join('');
}

/** Text crosses the bus as a JSON string: its quotes and backslashes count twice. */
function bytesOnBus(line: string): number {
  return Buffer.byteLength(JSON.stringify(line));
}
