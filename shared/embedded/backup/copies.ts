import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FILE_MODE, ignoreMissing, makeFolderBelow, syncFolder } from '../disk/durable.ts';
import type { ManifestFile } from './manifest.ts';

type Content = Pick<ManifestFile, 'sizeBytes' | 'sha256'>;

/** Paths of all files below a folder, relative to it; none where there is no such folder. */
export async function* filesBelow(folder: string, below = ''): AsyncGenerator<string> {
  const found = await readdir(join(folder, below), { withFileTypes: true }).catch(ignoreMissing);
  for (const each of found ?? []) {
    const path = below === '' ? each.name : `${below}/${each.name}`;
    if (each.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}

/** Copies a file, synced, for the account of the service alone. `undefined` when there is none. */
export async function copyFile(from: string, to: string): Promise<Content | undefined> {
  const source = await open(from, 'r').catch(ignoreMissing);
  if (source === undefined) return undefined;
  await using _ = source;
  await using target = await open(to, 'wx', FILE_MODE);
  const digest = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source.createReadStream({ autoClose: false })) {
    digest.update(chunk);
    sizeBytes += chunk.length;
    await target.writeFile(chunk);
  }
  await target.sync();
  return { sizeBytes, sha256: digest.digest('hex') };
}

/** Makes a file durable that somebody else has written, and tells what is in it. */
export async function settleFile(path: string): Promise<Content> {
  await chmod(path, FILE_MODE);
  await using file = await open(path, 'r+');
  await file.sync();
  const digest = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    digest.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: digest.digest('hex') };
}

/** Folders that are made once, and synced together in the end. */
export function openFolders(root: string) {
  const made = new Set<string>();
  return {
    /** For a file at this path below the root; where that is. */
    async placeFor(path: string): Promise<string> {
      const place = join(root, path);
      const folder = dirname(place);
      if (!made.has(folder)) await makeFolderBelow(root, folder);
      made.add(folder);
      return place;
    },
    async sync(): Promise<void> {
      for (const folder of made) await syncFolder(folder);
    },
  };
}
