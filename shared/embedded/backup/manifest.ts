import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Written last: a folder without it is no backup, or one that did not come to its end. */
export const MANIFEST = 'manifest.json';
export const ROOT_KEY = 'vault/root.key';

/** Below the data folder and below the backup alike; no way leads out of it. */
const path = z.string().regex(/^(?!\.)[A-Za-z0-9._~-]+(\/(?!\.)[A-Za-z0-9._~-]+)*$/);

const manifest = z.strictObject({
  v: z.literal(1),
  /** The instant that everything in it is of. */
  takenAt: z.iso.datetime(),
  /** `apart`: `vault/root.key` is kept elsewhere, and has to be given to restore. */
  rootKey: z.enum(['included', 'apart']),
  files: z.array(
    z.strictObject({
      path,
      sizeBytes: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof manifest>;
export type ManifestFile = Manifest['files'][number];

export function manifestText(content: Manifest): string {
  return `${JSON.stringify(manifest.parse(content), null, 1)}\n`;
}

/** Throws a sentence for a folder that is no whole backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, MANIFEST);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${folder} is no whole backup: ${MANIFEST} cannot be read.`, { cause });
  });
  try {
    return manifest.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is not as a backup writes it.`, { cause });
  }
}
