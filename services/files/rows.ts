import { file, type StoredFile } from '#contracts/files.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Change, Json, Row, RowKey, TenantTables } from '#shared/ports/tables.ts';

export const FILE = 'file';

/** A file as it stands in the tables, without its version, which is the row's own. */
export async function findFile(tables: TenantTables, id: string): Promise<StoredFile | undefined> {
  const row = await tables.get({ kind: FILE, id });
  return row && fileOf(row);
}

/** The change that puts this version over the one before it. */
export function putFile(next: StoredFile): Change {
  const { id, version } = next;
  return { put: { kind: FILE, id, value: contentOf(next) }, expect: version - 1 };
}

/** What stands in the row, and in the event of the change. */
export function contentOf(stored: StoredFile): { readonly [key: string]: Json } {
  const { id, version, ...content } = stored;
  return JSON.parse(JSON.stringify(content));
}

export function fileOf({ id, version, value }: Row): StoredFile {
  return file.parse({ ...Object(value), id, version });
}

/** A record, of whatever kind. */
interface AttachedTo {
  readonly type: string;
  readonly id: string;
}

/** Row that says that a record was expunged: no file is attached to it any more. */
const EXPUNGED_RECORD = 'expunged-record';

export function expungedRecord({ type, id }: AttachedTo): RowKey {
  return { kind: EXPUNGED_RECORD, id: `${type}/${id}` };
}

/** In a write: the record was not expunged meanwhile. */
export function notExpunged(record: AttachedTo): Change {
  return { check: expungedRecord(record), expect: 0 };
}

/**
 * Row that names a file that was announced for the record and swept. The ledger holds its name under a
 * key of the file: an expungement of the record has to find that.
 */
const ABANDONED_FILE = 'abandoned-file';

export function abandonedFile({ id, attachTo }: StoredFile): Change {
  const key = { kind: ABANDONED_FILE, id: `${attachTo.type}/${attachTo.id}/${id}` };
  return { put: { ...key, value: null }, expect: 0 };
}

/** Ids of the swept files of a record. */
export async function* abandonedFilesOf(
  tables: TenantTables,
  { type, id }: AttachedTo,
): AsyncGenerator<string> {
  const prefix = `${type}/${id}/`;
  for await (const row of rowsOf(tables, { kind: ABANDONED_FILE, prefix })) {
    yield row.id.slice(prefix.length);
  }
}
