/**
 * The authority that puts timestamps (RFC 3161) on the checkpoint of each day. It comes from a file
 * that `LEDGER_TIMESTAMP_FILE` names; no tenant can make, see or change it:
 *
 *   { "v": 1, "url": "https://…", "caFile": "/path/to/roots.pem", "policy": "1.2.3.4" }
 *
 * Nothing but this URL is ever asked; a redirection is refused. Without a policy any will do.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { certificatesIn } from '../portable/timestamp.ts';

const timestampFile = z.strictObject({
  v: z.literal(1),
  /** A timestamp proves itself, and is asked for by a hash: `http:` is as good. */
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[@#]/.test(url), { error: 'must hold no credentials and no fragment' }),
  caFile: z.string().min(1),
  policy: z
    .string()
    .regex(/^[0-2](\.(0|[1-9]\d{0,9})){1,30}$/, { error: 'must be an object identifier, in dots' })
    .optional(),
});

export interface TimestampSettings {
  readonly url: string;
  /** PEM: certificates that are trusted. */
  readonly roots: string;
  readonly policy?: string | undefined;
}

/** Throws a sentence that names the file and what is to be mended in it. */
export async function readTimestampSettings(file: string): Promise<TimestampSettings> {
  const parsed = timestampFile.safeParse(jsonIn(await readFile(file, 'utf8')));
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`${file} does not fit:\n  ${lines.join('\n  ')}`);
  }
  const { url, caFile, policy } = parsed.data;
  const roots = await readFile(caFile, 'utf8');
  if (certificatesIn(roots).length === 0) throw new Error(`${caFile} holds no certificate in PEM`);
  return { url, roots, policy };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
