/**
 * `watchdesk restore`: a data folder made of a backup, all of it or nothing.
 *
 * 1. The place must be free: nothing that is there is touched.
 * 2. Every file is copied into a folder beside it, and its hash compared with the manifest.
 * 3. What has to be done before anybody uses it is done there.
 * 4. The folder gets its name: the one step that makes it visible.
 *
 * A crash before 4 leaves a folder `<place>.restoring-*`, which can be removed.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ignoreMissing, makeFolder, syncFolder } from '../disk/durable.ts';
import { copyFile, openFolders } from './copies.ts';
import { type Manifest, ROOT_KEY, readManifest } from './manifest.ts';

export interface RestoreRequest<Finished> {
  readonly from: string;
  /** Missing, or empty. */
  readonly dataDir: string;
  /** For a backup without it. */
  readonly rootKeyFile?: string;
  /** Step 3, in the folder that it is given. Where it rejects nothing is made. */
  readonly finish: (made: {
    readonly dataDir: string;
    readonly takenAt: string;
  }) => Promise<Finished>;
}

export interface Restored<Finished> {
  readonly takenAt: string;
  readonly files: number;
  /** What step 3 has answered. */
  readonly finished: Finished;
}

/** Throws a sentence where the backup is not whole, a file was altered, or the place is taken. */
export async function restore<Finished>(
  request: RestoreRequest<Finished>,
): Promise<Restored<Finished>> {
  const from = resolve(request.from);
  const dataDir = resolve(request.dataDir);
  const manifest = await readManifest(from);
  await assertFree(dataDir);
  await makeFolder(dirname(dataDir));
  const making = `${dataDir}.restoring-${randomUUID()}`;
  await makeFolder(making);
  const { takenAt, files } = manifest;
  try {
    await copyAll({ from, to: making, manifest, rootKeyFile: request.rootKeyFile });
    const finished = await request.finish({ dataDir: making, takenAt });
    await rename(making, dataDir);
    await syncFolder(dirname(dataDir));
    return { takenAt, files: files.length, finished };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function assertFree(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir).catch(ignoreMissing)) ?? [];
  if (names.length === 0) return;
  throw new Error(`${dataDir} is not empty. Stop the server and move it away, or give --data DIR.`);
}

async function copyAll(about: {
  readonly from: string;
  readonly to: string;
  readonly manifest: Manifest;
  readonly rootKeyFile: string | undefined;
}): Promise<void> {
  const { from, to, manifest, rootKeyFile } = about;
  const folders = openFolders(to);
  for (const { path, sizeBytes, sha256 } of manifest.files) {
    const content = await copyFile(join(from, path), await folders.placeFor(path));
    if (content === undefined) throw new Error(`${path} is missing in ${from}.`);
    if (content.sizeBytes !== sizeBytes || content.sha256 !== sha256) {
      throw new Error(`${path} in ${from} is not the file that was backed up.`);
    }
  }
  await putRootKey({ folders, manifest, rootKeyFile });
  await folders.sync();
}

async function putRootKey(about: {
  readonly folders: ReturnType<typeof openFolders>;
  readonly manifest: Manifest;
  readonly rootKeyFile: string | undefined;
}): Promise<void> {
  const { folders, manifest, rootKeyFile } = about;
  if (manifest.rootKey === 'included') {
    if (rootKeyFile === undefined) return;
    throw new Error('The backup has the root key in it. Leave --root-key out.');
  }
  if (rootKeyFile === undefined) {
    throw new Error('The root key was kept apart from this backup. Give it as --root-key FILE.');
  }
  const content = await copyFile(rootKeyFile, await folders.placeFor(ROOT_KEY));
  if (content === undefined) throw new Error(`There is no file ${rootKeyFile}.`);
}
