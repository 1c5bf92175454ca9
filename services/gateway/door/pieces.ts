import type { CallerClaims } from '#contracts/caller.ts';
import { bytesAnswer, type InputOf, type Operation } from '#contracts/operation.ts';
import type { Answer, CallOptions } from '#shared/client.ts';
import type { Ask } from './ask.ts';

/** A body of this many pieces would be some 50 MB: no declared answer is near that. */
const PIECES_MAX = 64;

/**
 * Carries out an operation and, where it answers bytes that are larger than a message of the bus,
 * asks for the pieces behind the first one. All of it is here before anything is answered, so that
 * nobody gets a beginning only.
 */
export async function askForAll(
  ask: Ask,
  operation: Operation,
  input: Partial<InputOf<Operation>>,
  caller: CallerClaims,
  options: CallOptions,
): Promise<Answer<Operation>> {
  const first = await ask(operation, input, caller, options);
  if (operation.http?.bytes !== true) return first;
  const pieces = [bytesAnswer.parse(first.body)];
  for (let next = pieces[0]?.next; next !== undefined; next = pieces.at(-1)?.next) {
    if (pieces.length === PIECES_MAX) throw new Error(`${operation.name} answers without an end`);
    const query = { ...Object(input.query), cursor: next };
    const { body } = await ask(operation, { ...input, query }, caller, options);
    pieces.push(bytesAnswer.parse(body));
  }
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece.bytes, 'base64')));
  return { ...first, body: bytes };
}
