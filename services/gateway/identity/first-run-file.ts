/** The file in which the first administrator's password waits for its owner. */
import { randomUUIDv7 } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { newPassword } from '#contracts/users.ts';

const OWNER_ONLY = 0o600;

const firstRun = z.strictObject({ email: z.email(), password: newPassword });
export type FirstRun = z.infer<typeof firstRun>;

/** A link, and not a rename, so that of two processes starting at once the first one's file stays. */
export async function writeIfAbsent(file: string, content: FirstRun): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const draft = `${file}.${randomUUIDv7()}`;
  try {
    const handle = await open(draft, 'wx', OWNER_ONLY);
    try {
      await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (error) {
    if (!isExists(error)) throw error;
  } finally {
    await unlink(draft);
  }
  await syncFolder(folder);
}

export async function readFirstRun(file: string): Promise<FirstRun> {
  const text = await readFile(file, 'utf8');
  const parsed = firstRun.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} does not hold { "email", "password" }: remove it and start again.`);
}

/** The name of the file is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isExists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
