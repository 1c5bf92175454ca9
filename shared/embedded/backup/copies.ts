import { createReadStream } from 'node:fs';
import { chmod, open, opendir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { FILE_MODE, ignoreMissing, makeFolderBelow, measure, syncFolder } from '../disk/durable.ts';
import type { ManifestFile } from './manifest.ts';

type Content = Pick<ManifestFile, 'sizeBytes' | 'sha256'>;

/** Paths of all files below a folder, relative to it. */
export async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const each of await opendir(folder, { recursive: true })) {
    if (each.isFile()) yield relative(folder, join(each.parentPath, each.name));
  }
}

/** Copies a file, synced, for the account of the service alone. `undefined` when there is none. */
export async function copyFile(from: string, to: string): Promise<Content | undefined> {
  const source = await open(from, 'r').catch(ignoreMissing);
  if (source === undefined) return undefined;
  await using _ = source;
  await using target = await open(to, 'wx', FILE_MODE);
  const bytes = source.createReadStream({ autoClose: false });
  const content = await measure(bytes, (chunk) => target.writeFile(chunk));
  await target.sync();
  return content;
}

/** Makes a file durable that somebody else has written, and tells what is in it. */
export async function settleFile(path: string): Promise<Content> {
  await chmod(path, FILE_MODE);
  await using file = await open(path, 'r+');
  await file.sync();
  return measure(createReadStream(path));
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
