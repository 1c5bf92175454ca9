import { randomUUIDv7 } from 'node:crypto';
import type { CallerClaims, ServiceName } from '#contracts/caller.ts';
import { type BusReply, busReply } from '#contracts/envelope.ts';
import { BUS_REQUEST_TIMEOUT_MS } from '#contracts/limits.ts';
import type { InputOf, Operation, OutputOf } from '#contracts/operation.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { ContextSigner } from './context.ts';
import type { Bus, Watching } from './ports/bus.ts';
import type { Json } from './ports/tables.ts';
import { Problem } from './problem.ts';
import { inSpan } from './tracing.ts';

export interface CallOptions {
  /** The token that this service was called with, when it acts for that caller. */
  readonly proof?: string;
  readonly ifMatch?: number;
  readonly idempotencyKey?: string;
  readonly receiptWaitMs?: number;
  /** The span under which this is asked. */
  readonly traceparent?: string | undefined;
  /** Longest silence, where progress is heard. */
  readonly timeoutMs?: number;
  /** Waits for long work, and hears its progress where the operation declares some. */
  readonly watching?: Omit<Watching, 'silenceMs' | 'traceparent'>;
}

export type Answer<Op extends Operation> = Omit<Extract<BusReply, { ok: true }>, 'body'> & {
  readonly body: OutputOf<Op>;
};

/** Calls operations over the bus. Rejects with the Problem that the other side answered. */
export interface Client {
  call<Op extends Operation>(
    operation: Op,
    input: Partial<InputOf<Op>>,
    caller: CallerClaims,
    options?: CallOptions,
  ): Promise<Answer<Op>>;
}

export function openClient(bus: Bus, signer: ContextSigner): Client {
  return {
    async call(operation, input, caller, options = {}) {
      const { proof, timeoutMs = BUS_REQUEST_TIMEOUT_MS, watching, traceparent, ...rest } = options;
      const audience = operation.service;
      const context = await signer.sign({ caller, audience, ...(proof && { proof }) });
      const { params = {}, query = {}, body } = input;
      const message = { context, input: { params, query, body: body ?? null }, ...rest };
      // JSON by construction: contexts are text and inputs come from JSON or from zod.
      const json = message as unknown as Json;
      const asking = { name: operation.name, kind: 'client', parent: traceparent } as const;
      return inSpan(asking, async (span) => {
        const under = { traceparent: span.traceparent };
        const answer =
          watching === undefined
            ? await bus.request(operation.name, json, { timeoutMs, ...under })
            : await bus.watch(operation.name, json, {
                ...watching,
                ...under,
                silenceMs: timeoutMs,
              });
        const reply = busReply.parse(answer);
        if (!reply.ok) throw Problem.fromBody(reply.problem);
        // The callee has checked its output against the same declaration.
        return reply as unknown as Answer<typeof operation>;
      });
    },
  };
}

/** A service as the caller of another one, on its own behalf, in one tenant. */
export function jobCaller(
  service: ServiceName,
  about: {
    readonly tenant: TenantId;
    readonly timeZone?: string;
    readonly requestId?: string;
  },
): CallerClaims {
  return {
    tenant: about.tenant,
    timeZone: about.timeZone ?? 'UTC',
    subject: { type: 'service', id: service },
    roles: [`job:${service}`],
    requestId: about.requestId ?? randomUUIDv7(),
  };
}
