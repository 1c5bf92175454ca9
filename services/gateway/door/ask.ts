import type { CallerClaims } from '#contracts/caller.ts';
import type { InputOf, Operation } from '#contracts/operation.ts';
import type { Answer, CallOptions, Client } from '#shared/client.ts';
import type { ContextSigner } from '#shared/context.ts';
import { Problem } from '#shared/problem.ts';
import type { Service } from '#shared/service.ts';

/** Carries out an operation, wherever it is served. Rejects with the Problem that it ended with. */
export type Ask = (
  operation: Operation,
  input: Partial<InputOf<Operation>>,
  caller: CallerClaims,
  options: CallOptions,
) => Promise<Answer<Operation>>;

/**
 * Other services are asked over the bus. The gateway's own operations take the same way without the
 * bus: signed context, guard, handler. Nobody can reach them but through the routes.
 */
export function openAsk(parts: {
  readonly client: Client;
  readonly signer: ContextSigner;
  readonly service: Service;
}): Ask {
  const { client, signer, service } = parts;
  return async (operation, input, caller, options) => {
    if (operation.service !== service.name) {
      // Headers are the gateway's own to set: no other service can set a cookie.
      const { headers: _none, ...answer } = await client.call(operation, input, caller, options);
      return answer;
    }
    const context = await signer.sign({ caller, audience: service.name });
    const { params = {}, query = {}, body = null } = input;
    // None of the gateway's own works long enough for progress.
    const { watching: _none, traceparent, ...carried } = options;
    const message = { context, input: { params, query, body }, ...carried };
    const reply = await service.dispatch(operation, message, traceparent ? { traceparent } : {});
    if (!reply.ok) throw Problem.fromBody(reply.problem);
    return reply;
  };
}
