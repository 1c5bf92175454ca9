/**
 * The body of `add-checkpoint` (C2SP tlog-witness):
 *
 *   old <size>
 *   <base64 hash>       at most 63: the consistency proof from the old size
 *
 *   <checkpoint>
 */
import { parseTreeHead, type TreeHead } from '../portable/checkpoint.ts';
import { bytesFromBase64, isHash } from '../portable/hash.ts';
import { parseNote, type SignedNote } from '../portable/note.ts';

const HASHES_MAX = 63;

export interface AddCheckpoint {
  readonly old: number;
  readonly hashes: readonly Uint8Array[];
  readonly note: SignedNote;
  readonly head: TreeHead;
}

/** `undefined` for anything else, to the last character. */
export function parseAddCheckpoint(body: string): AddCheckpoint | undefined {
  const split = body.indexOf('\n\n');
  if (split < 0) return undefined;
  const [first = '', ...lines] = body.slice(0, split).split('\n');
  const [, digits] = /^old (0|[1-9][0-9]*)$/.exec(first) ?? [];
  const old = Number(digits);
  const hashes = lines.map(bytesFromBase64).filter((each) => each !== undefined);
  const areHashes = hashes.length === lines.length && hashes.every(isHash);
  const note = parseNote(body.slice(split + 2));
  const head = note && parseTreeHead(note.text);
  if (note === undefined || head === undefined || !areHashes) return undefined;
  if (!Number.isSafeInteger(old) || hashes.length > HASHES_MAX) return undefined;
  return { old, hashes, note, head };
}

export function addCheckpointBody(request: {
  readonly old: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}): string {
  const hashes = request.hashes.map((hash) => Buffer.from(hash).toString('base64'));
  return [`old ${request.old}`, ...hashes, '', request.checkpoint].join('\n');
}
