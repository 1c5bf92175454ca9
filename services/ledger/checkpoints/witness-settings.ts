/**
 * Witnesses that cosign the checkpoints of all logs of this process. They come from a file that
 * `LEDGER_WITNESSES_FILE` names; no tenant can make, see or change one:
 *
 *   { "v": 1, "witnesses": [{ "verifierKey": "name+<key id>+<key>", "url": "https://…" }] }
 *
 * Nothing but `<url>/add-checkpoint` is ever asked for; a redirection to another host is refused.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseWitnessKey } from '../portable/cosignature.ts';
import type { VerifierKey } from '../portable/note.ts';

const WITNESSES_MAX = 8;

const witness = z.strictObject({
  verifierKey: z.string().transform((text, context): VerifierKey => {
    const key = parseWitnessKey(text);
    if (key !== undefined) return key;
    context.addIssue('must be the verifier key of a witness, as it prints it');
    return z.NEVER;
  }),
  /** A cosignature proves itself: `http:` is as good, where nobody minds who reads the head. */
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[@?#]/.test(url), { error: 'must hold no credentials, query or fragment' })
    .transform((url) => url.replace(/\/+$/, '')),
});

const witnessesFile = z.strictObject({
  v: z.literal(1),
  witnesses: z
    .array(witness)
    .max(WITNESSES_MAX)
    .refine((all) => new Set(all.map(({ verifierKey }) => verifierKey.name)).size === all.length, {
      error: 'must have a name of its own each',
    }),
});

export type WitnessSettings = z.output<typeof witness>;

/** Throws a sentence that names the file and what is to be mended in it. */
export async function readWitnesses(file: string): Promise<WitnessSettings[]> {
  const text = await readFile(file, 'utf8');
  const parsed = witnessesFile.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data.witnesses;
  const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`${file} does not fit:\n  ${lines.join('\n  ')}`);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
