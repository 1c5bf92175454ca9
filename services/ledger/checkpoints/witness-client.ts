/** Asks a witness for its cosignature: one request of C2SP tlog-witness, and what its answers mean. */
import { witnessedAt } from '../portable/cosignature.ts';
import { parseNote } from '../portable/note.ts';
import { addCheckpointBody } from '../witness/request.ts';
import type { WitnessSettings } from './witness-settings.ts';

const REQUEST_TIMEOUT_MS = 5_000;
/** A few signature lines, or a size. */
const ANSWER_BYTES_MAX = 16 * 1024;

export type WitnessOutcome =
  /** Its signature lines, checked. */
  | { readonly kind: 'cosigned'; readonly lines: readonly string[] }
  /** It has seen the log at that size: the proof must lead from there. */
  | { readonly kind: 'elsewhere'; readonly size: number }
  /** It says that the checkpoint does not go on from what it has seen. */
  | { readonly kind: 'contradicted' }
  /** It does not know the log or its key, or not this protocol. Somebody must mend it. */
  | { readonly kind: 'refused'; readonly status: number }
  /** Later, perhaps. */
  | { readonly kind: 'failed'; readonly reason: string };

export async function askWitness(
  witness: WitnessSettings,
  request: {
    readonly old: number;
    readonly hashes: readonly Uint8Array[];
    readonly checkpoint: string;
  },
  stop: AbortSignal,
): Promise<WitnessOutcome> {
  try {
    const answer = await fetch(`${witness.url}/add-checkpoint`, {
      method: 'POST',
      body: addCheckpointBody(request),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      // Only the configured host is ever talked to.
      redirect: 'error',
      signal: AbortSignal.any([stop, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    const text = await boundedText(answer);
    return await outcomeOf(witness, request.checkpoint, answer, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', reason };
  }
}

async function outcomeOf(
  witness: WitnessSettings,
  checkpoint: string,
  { status, headers }: Response,
  text: string,
): Promise<WitnessOutcome> {
  const type = headers.get('content-type')?.split(';')[0];
  const isSize = type === 'text/x.tlog.size' && /^(0|[1-9][0-9]{0,15})\n$/.test(text);
  switch (status) {
    case 200:
      return cosigned(witness, checkpoint, text);
    case 409:
      return isSize
        ? { kind: 'elsewhere', size: Number(text) }
        : { kind: 'failed', reason: 'a conflict without a size' };
    case 422:
      return { kind: 'contradicted' };
    case 400:
    case 403:
    case 404:
      return { kind: 'refused', status };
    default:
      return { kind: 'failed', reason: `status ${status}` };
  }
}

/** Keeps the lines of the key that is known; what else a witness sends is nobody's signature. */
async function cosigned(
  { verifierKey }: WitnessSettings,
  checkpoint: string,
  text: string,
): Promise<WitnessOutcome> {
  const own = text.split('\n').filter((line) => line.startsWith(`— ${verifierKey.name} `));
  for (const line of own) {
    const note = parseNote(`${checkpoint}${line}\n`);
    const seconds = note && (await witnessedAt(note, verifierKey));
    if (seconds !== undefined) return { kind: 'cosigned', lines: [`${line}\n`] };
  }
  return { kind: 'failed', reason: 'no good signature of its key in the answer' };
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
