/**
 * Objects as files.
 *
 *   objects/<key>~     whole objects; `~` is in no key, so that the object `a` and the folder of
 *                      `a/b` can both be
 *   staging/.tmp-*     bytes on their way
 *
 * 1. Bytes are written to a file in `staging`, which is synced.
 * 2. The file is linked under its name: the one step that makes it visible. A name that is taken
 *    is never replaced. The folder is synced, and each folder made for it in its parent.
 * 3. The name in `staging` goes. What a crash leaves there is swept at the next opening.
 *
 * Length and SHA-256 are not kept beside the bytes but read from them: there is no second file to
 * be missing or to disagree, and bytes that went bad are noticed.
 */
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BlobHead } from '#shared/ports/blobs.ts';
import {
  FILE_MODE,
  ignoreMissing,
  linkIfFree,
  makeFolder,
  makeFolderBelow,
  measure,
  sweepTemporary,
  syncFolder,
  temporaryName,
} from './disk/durable.ts';

const KEY_CHARS_MAX = 512;
/** With the `~`, well under the 255 bytes that a file name may have. */
const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;
/** Folders known to be durable; past this they are all synced once more. */
const FOLDERS_KNOWN_MAX = 10_000;

/** Bytes that are on the disk, but under no key yet. */
export interface Staged extends BlobHead, AsyncDisposable {
  readonly path: string;
}

export interface Objects {
  put(key: string, bytes: Uint8Array | Readable): Promise<'stored' | 'exists'>;
  stage(bytes: AsyncIterable<Uint8Array>): Promise<Staged>;
  commit(key: string, staged: Staged): Promise<'stored' | 'exists'>;
  head(key: string): Promise<BlobHead | undefined>;
  /** The stream MUST be read or destroyed. */
  get(key: string): Promise<{ readonly stream: Readable; readonly sizeBytes: number } | undefined>;
  remove(key: string): Promise<void>;
}

export async function openObjects(settings: {
  readonly dir: string;
  readonly clock: () => number;
}): Promise<Objects> {
  const staging = join(settings.dir, 'staging');
  const objects = join(settings.dir, 'objects');
  await makeFolder(staging);
  await makeFolder(objects);
  await sweepTemporary(staging, settings.clock());
  const ensureFolder = openFolders(objects);
  const pathOf = (key: string) => join(objects, `${assertBlobKey(key)}~`);

  async function commit(key: string, staged: Staged): Promise<'stored' | 'exists'> {
    const path = pathOf(key);
    await ensureFolder(dirname(path));
    return (await linkIfFree(staged.path, path)) === 'created' ? 'stored' : 'exists';
  }

  async function get(key: string) {
    const handle = await open(pathOf(key), 'r').catch(ignoreMissing);
    if (handle === undefined) return undefined;
    const { size: sizeBytes } = await handle.stat();
    return { stream: handle.createReadStream(), sizeBytes };
  }

  return {
    async put(key, bytes) {
      assertBlobKey(key);
      const source = bytes instanceof Uint8Array ? one(bytes) : bytes;
      await using staged = await stage(staging, source);
      return await commit(key, staged);
    },
    stage: (bytes) => stage(staging, bytes),
    commit,
    async head(key) {
      const found = await get(key);
      return found && (await measure(found.stream));
    },
    get,
    async remove(key) {
      const path = pathOf(key);
      await rm(path, { force: true });
      await syncFolder(dirname(path)).catch(ignoreMissing);
    },
  };
}

/** Makes folders below `root`; those that are known to be durable need no look. */
function openFolders(root: string): (folder: string) => Promise<void> {
  const synced = new Set<string>();
  return async (folder) => {
    if (synced.has(folder)) return;
    await makeFolderBelow(root, folder);
    if (synced.size >= FOLDERS_KNOWN_MAX) synced.clear();
    synced.add(folder);
  };
}

/** The key itself. Anything else than a key is a bug: keys are made here, not taken from outside. */
export function assertBlobKey(key: string): string {
  const segments = key.split('/');
  const good = segments.every((each) => SEGMENT.test(each) && each !== '.' && each !== '..');
  if (good && key.length <= KEY_CHARS_MAX) return key;
  throw new Error('a blob key is segments of A-Z, a-z, 0-9, dot, hyphen and underscore');
}

/** Removes what it has written when it cannot go on to the end. */
async function stage(folder: string, bytes: AsyncIterable<Uint8Array>): Promise<Staged> {
  const path = temporaryName(folder);
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    const measured = await measure(bytes, (chunk) => handle.writeFile(chunk));
    await handle.sync();
    return { path, ...measured, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
