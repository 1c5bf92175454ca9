import type { Caller } from '#contracts/caller.ts';
import { type BusCall, busCall } from '#contracts/envelope.ts';
import type { Operation, ParsedInputOf } from '#contracts/operation.ts';
import { permits } from '#contracts/permissions.ts';
import type { ContextVerifier } from './context.ts';
import { Problem, validationProblem } from './problem.ts';

export interface Admitted {
  readonly call: BusCall;
  readonly caller: Caller;
}

/**
 * The first two questions of every operation, in this order: who is it, and may they. Throws
 * Problem `validation` for a malformed envelope, `unauthenticated`, or calls `refused` and throws
 * `forbidden`. Input is not looked at before both are answered.
 */
export async function admit(request: {
  readonly operation: Operation;
  readonly message: unknown;
  readonly verifier: ContextVerifier;
  readonly refused: (caller: Caller) => Promise<void>;
}): Promise<Admitted> {
  const { operation, message, verifier, refused } = request;
  const parsed = busCall.safeParse(message);
  if (!parsed.success) throw validationProblem(parsed.error);
  const caller = await verifier.verify(parsed.data.context, operation.service);
  if (!isAllowed(operation, caller)) {
    await refused(caller);
    throw new Problem('forbidden', {
      detail: `This needs the permission ${operation.permission}.`,
    });
  }
  return { call: parsed.data, caller };
}

/** The third question: is the input what the operation declares? Throws Problem `validation`. */
export function parseInput<Op extends Operation>(
  operation: Op,
  input: BusCall['input'],
): ParsedInputOf<Op> {
  const { params, query, body } = input;
  const parsed = operation.input.safeParse({ params, query, body: body ?? undefined });
  if (!parsed.success) throw validationProblem(parsed.error);
  // The schema is made of the operation's own three.
  return parsed.data as ParsedInputOf<Op>;
}

function isAllowed({ permission }: Operation, caller: Caller): boolean {
  if (permission === 'anyone') return true;
  if (permission === 'signed-in') return caller.subject.type !== 'anonymous';
  return permits(caller, permission);
}
