/**
 * `watchdesk backup`: a copy of the data folder, as it was at one instant, while it is in use or not.
 *
 * 1. All databases are held at one instant (instant.ts).
 * 2. Each is copied as it was then, page by page, and looked at once (`quick_check`).
 * 3. Objects, keys and mails are copied, but none that was written after the instant: a checkpoint
 *    in the second place that is ahead of its log would look as if the log had been cut.
 * 4. The manifest is written: what there is, with the hash of each file. Only now it is a backup.
 *
 * An object that goes while it is copied (its time was over, or it is expunged) is left out. A crash
 * before 4 leaves a folder without a manifest, which nothing restores.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { createFile, ignoreMissing, makeFolder } from '../disk/durable.ts';
import { copyFile, filesBelow, openFolders, settleFile } from './copies.ts';
import { holdInstant, type Instant } from './instant.ts';
import { MANIFEST, type ManifestFile, manifestText, ROOT_KEY } from './manifest.ts';

/** Pages that are copied before others get a turn. */
const PAGES_AT_ONCE = 1_024;
const DATABASE = /^[a-z-]+\/[a-z]+\.sqlite$/;
/** What else there is to keep: objects, keys, mails that nobody has fetched, the first password. */
const KEPT = /^(blobs\/[a-z-]+\/objects\/.+|vault\/.+|mail-out\/.+|first-run\.json)$/;
/** Bytes on their way to a name. */
const TEMPORARY = '.tmp-';

export interface BackupReport {
  /** The instant that everything in it is of. */
  readonly takenAt: string;
  readonly rootKey: 'included' | 'apart';
  readonly files: number;
  readonly sizeBytes: number;
}

/** Throws a sentence where there is nothing to copy, the place is taken, or a copy is damaged. */
export async function backup(about: {
  readonly dataDir: string;
  /** Made if need be; empty. */
  readonly to: string;
  /** `apart`: without the key that opens everything else. */
  readonly rootKey: 'included' | 'apart';
}): Promise<BackupReport> {
  const { rootKey } = about;
  const [dataDir, to] = [resolve(about.dataDir), resolve(about.to)];
  const databases = await databasesIn(dataDir);
  await assertFree(dataDir, to);
  using instant = await holdInstant(databases.map((path) => join(dataDir, path)));
  const folders = openFolders(to);
  const files: ManifestFile[] = [];
  for (const path of databases) {
    const place = await folders.placeFor(path);
    await copyHeld(instant, join(dataDir, path), place);
    files.push({ path, ...(await settleFile(place)) });
  }
  for await (const path of keptIn(dataDir, instant.at)) {
    if (path === ROOT_KEY && rootKey === 'apart') continue;
    const content = await copyFile(join(dataDir, path), await folders.placeFor(path));
    if (content !== undefined) files.push({ path, ...content });
  }
  await folders.sync();
  const takenAt = new Date(instant.at).toISOString();
  const text = manifestText({ v: 1, takenAt, rootKey, files });
  await createFile(join(to, MANIFEST), Buffer.from(text));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { takenAt, rootKey, files: files.length, sizeBytes };
}

async function databasesIn(dataDir: string): Promise<string[]> {
  const paths: string[] = [];
  const folders = (await readdir(dataDir).catch(ignoreMissing)) ?? [];
  for (const folder of folders) {
    const names = await readdir(join(dataDir, folder)).catch(() => []);
    paths.push(...names.map((name) => `${folder}/${name}`).filter((each) => DATABASE.test(each)));
  }
  if (paths.length === 0) {
    throw new Error(`There is nothing to back up in ${dataDir}. Give --data DIR.`);
  }
  return paths.toSorted();
}

async function assertFree(dataDir: string, to: string): Promise<void> {
  if (!relative(dataDir, to).startsWith('..')) {
    throw new Error(`${to} is in the data folder itself. Give a folder outside of it.`);
  }
  await makeFolder(to);
  if ((await readdir(to)).length === 0) return;
  throw new Error(`${to} is not empty. Give a folder that is empty, or that does not exist yet.`);
}

async function copyHeld(instant: Instant, from: string, to: string): Promise<void> {
  await copyDatabase(instant.reader(from), to, { rate: PAGES_AT_ONCE });
  // Nobody else has it open: no lock and no log beside it.
  const url = pathToFileURL(to);
  url.searchParams.set('immutable', '1');
  using copy = new DatabaseSync(url, { readOnly: true });
  const [result] = Object.values(copy.prepare('PRAGMA quick_check(1)').get() ?? {});
  if (result !== 'ok') throw new Error(`${from} is damaged: ${result}. Nothing can be made of it.`);
}

async function* keptIn(dataDir: string, at: number): AsyncGenerator<string> {
  for await (const path of filesBelow(dataDir)) {
    if (!KEPT.test(path) || basename(path).startsWith(TEMPORARY)) continue;
    const found = await stat(join(dataDir, path)).catch(ignoreMissing);
    if (found !== undefined && found.mtimeMs <= at) yield path;
  }
}
