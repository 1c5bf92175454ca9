import { file, type StoredFile } from '#contracts/files.ts';
import type { Change, Json, Row, TenantTables } from '#shared/ports/tables.ts';

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

function fileOf({ id, version, value }: Row): StoredFile {
  return file.parse({ ...Object(value), id, version });
}
