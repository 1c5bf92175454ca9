/** C2SP tlog-checkpoint: origin, size and root as the text of a signed note. */
import { z } from 'zod';
import { sha256Hex } from '#contracts/primitives.ts';
import { parseTreeHead } from '../portable/checkpoint.ts';
import { parseNote } from '../portable/note.ts';

/** A signed checkpoint as it is kept. */
export const checkpoint = z.strictObject({
  v: z.literal(1),
  origin: z.string().min(1),
  size: z.number().int().nonnegative(),
  root: sha256Hex,
  /** The signed note, byte for byte. */
  note: z.string(),
  verifierKey: z.string(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** A head that somebody signed, as its note says; whether the signature is good is asked elsewhere. */
export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
}

export function checkpointText(head: {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
}): string {
  if (head.origin === '' || head.origin.includes('\n')) throw new Error('not an origin');
  return `${head.origin}\n${head.size}\n${Buffer.from(head.root, 'hex').toString('base64')}\n`;
}

/** `<host>/log/<opaque id>`: a URL without its scheme, and the name of the key. */
export function originOf(host: string, opaqueId: string): string {
  return `${host}/log/${opaqueId}`;
}

/** `undefined` for what is no checkpoint of the log with that opaque id, under whatever host. */
export function readSignedHead(note: string, opaqueId: string): SignedHead | undefined {
  const parsed = parseNote(note);
  const head = parsed && parseTreeHead(parsed.text);
  if (head === undefined || !head.origin.endsWith(`/log/${opaqueId}`)) return undefined;
  return { origin: head.origin, size: head.size, root: head.root.toHex(), note };
}
