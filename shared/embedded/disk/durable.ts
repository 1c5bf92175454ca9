/**
 * Files that survive power cuts. A name is durable only after an fsync of the folder that it is in,
 * and bytes only after one of the file: every function here does both, in the order bytes, name,
 * folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Only the account of the service may look inside. */
const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;
/** Longer than any upload may take; what is older belongs to a process that is gone. */
const TEMPORARY_AGE_MS_MAX = 60 * 60 * 1000;
const TEMPORARY_PREFIX = '.tmp-';

/** Makes the folder and those above it, each durable in its parent. Idempotent. */
export async function makeFolder(folder: string): Promise<void> {
  const wanted = resolve(folder);
  const first = await mkdir(wanted, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  for (let made = wanted; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/**
 * Makes the folder, and syncs all the way from it up to `root`, whoever made it: another process
 * may not have got that far, and a file below is only as durable as the way down to it.
 */
export async function makeFolderBelow(root: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  for (let each = folder; each !== root; each = dirname(each)) await syncFolder(dirname(each));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where bytes wait in this folder until they are whole. */
export function temporaryName(folder: string): string {
  return join(folder, `${TEMPORARY_PREFIX}${randomUUID()}`);
}

/** Puts a whole file if the name is free; of several who try at once exactly one makes it. */
export async function createFile(path: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
  const temporary = temporaryName(dirname(path));
  try {
    await writeSynced(temporary, bytes);
    return await linkIfFree(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Gives a synced file its name, without ever replacing one. Also `exists` is durable when this
 * resolves: whoever made the file may not have got as far as syncing the folder.
 */
export async function linkIfFree(from: string, to: string): Promise<'created' | 'exists'> {
  const made = await link(from, to).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    },
  );
  await syncFolder(dirname(to));
  return made ? 'created' : 'exists';
}

/** Length and SHA-256, hex, of bytes that go by; each piece is handed on first. */
export async function measure(
  bytes: AsyncIterable<Uint8Array>,
  each: (chunk: Uint8Array) => Promise<void> = async () => undefined,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const digest = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    digest.update(chunk);
    sizeBytes += chunk.byteLength;
    await each(chunk);
  }
  return { sizeBytes, sha256: digest.digest('hex') };
}

/** Removes what a process that died left behind half made. */
export async function sweepTemporary(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(ignoreMissing);
    if (found === undefined || now - found.mtimeMs < TEMPORARY_AGE_MS_MAX) continue;
    await rm(path, { force: true });
  }
}

/** For `.catch()`: `undefined` when there is no such file. */
export function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
