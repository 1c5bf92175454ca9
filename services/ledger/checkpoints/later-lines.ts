/**
 * Signature lines that come after a checkpoint was signed and stored: of a key that was rotated in
 * while the head stayed the same, and of witnesses. The checkpoint's own row is never changed; these
 * stand in a row beside it, which grows, and are put behind the note wherever it is given out.
 */
import { z } from 'zod';
import type { TenantTables } from '#shared/ports/tables.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import { checkpointWithin, newestCheckpoint, numberId, numberOf, UNAUDITED } from '../log/store.ts';
import { parseNote } from '../portable/note.ts';

const KIND = 'checkpoint-lines';
const row = z.strictObject({ v: z.literal(1), lines: z.array(z.string().endsWith('\n')) });
/** A log that is written to all the time is signed every few seconds, and cosigned a few rounds later. */
const LOOKED_AT_MAX = 16;
/** Each lost round is somebody else's line. */
const ROUNDS_MAX = 16;

/** The newest checkpoint that is kept, with all of its signatures. */
export async function publishedCheckpoint(tables: TenantTables): Promise<Checkpoint | undefined> {
  const newest = await newestCheckpoint(tables);
  return newest && withLaterLines(tables, newest);
}

/**
 * The newest checkpoint of these sizes that a witness has cosigned, if it is one of the last that got
 * lines later.
 */
export async function newestCosigned(
  tables: TenantTables,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Checkpoint | undefined> {
  const rows = await tables.list({ kind: KIND, limit: LOOKED_AT_MAX, descending: true });
  const sizes = rows.map(({ id }) => numberOf(id)).filter((size) => from <= size && size <= to);
  for (const size of sizes) {
    const found = await checkpointWithin(tables, size, size);
    const given = found && (await withLaterLines(tables, found));
    if (given !== undefined && isCosigned(given)) return given;
  }
  return undefined;
}

function isCosigned({ note, origin }: Checkpoint): boolean {
  return parseNote(note)?.signatures.some(({ name }) => name !== origin) ?? false;
}

export async function withLaterLines(
  tables: TenantTables,
  checkpoint: Checkpoint,
): Promise<Checkpoint> {
  const { lines } = await read(tables, checkpoint.size);
  if (lines.length === 0) return checkpoint;
  const has = new Set(checkpoint.note.split('\n').map(signerOf));
  const later = lines.filter((line) => !has.has(signerOf(line.trimEnd())));
  return { ...checkpoint, note: checkpoint.note + later.join('') };
}

/** Adds lines; one of a key that has a line already takes its place: a witness was there later. */
export async function addLaterLines(
  tables: TenantTables,
  { size, note }: Checkpoint,
  lines: readonly string[],
): Promise<void> {
  const fits = parseNote(note + lines.join('')) !== undefined;
  if (!fits) throw new Error('not signature lines of a note');
  if (lines.length === 0) return;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const { lines: before, version } = await read(tables, size);
    const bySigner = new Map([...before, ...lines].map((line) => [signerOf(line.trimEnd()), line]));
    const value = { v: 1, lines: [...bySigner.values()] };
    const put = { kind: KIND, id: numberId(size), value };
    const write = { changes: [{ put, expect: version }], events: [], unaudited: UNAUDITED };
    if ((await tables.write(write)).ok) return;
  }
  throw new Error('the lines of a checkpoint are being changed by others all the time');
}

async function read(tables: TenantTables, size: number) {
  const found = await tables.get({ kind: KIND, id: numberId(size) });
  const { lines } = found === undefined ? { lines: [] } : row.parse(found.value);
  return { lines, version: found?.version ?? 0 };
}

/** Name and key id of a signature line, which are those of its key. */
function signerOf(line: string): string {
  const [, name = '', blob = ''] = line.split(' ');
  return `${name} ${Buffer.from(blob, 'base64').subarray(0, 4).toString('hex')}`;
}
