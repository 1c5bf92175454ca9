import { hash } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { appendEvents } from '#contracts/ledger.ts';
import type { Bus, Subscription } from '#shared/ports/bus.ts';

/**
 * Stands where the ledger stands on the bus, for tests of those who send to it: takes every event
 * that fits the declaration and says so. Chains and proofs are the real ledger's own.
 */
export async function serveLedger(
  bus: Bus,
): Promise<AsyncDisposable & { readonly events: readonly AuditEvent[] }> {
  const kept: AuditEvent[] = [];
  const subscription: Subscription = await bus.serve(appendEvents.name, {
    inFlightMax: 16,
    answer: async ({ body }) => {
      const { input } = body as { readonly input: { readonly body: unknown } };
      const { events } = appendEvents.body.parse(input.body);
      const results = events.map((event) => {
        const { id } = event;
        const before = kept.findIndex((event) => event.id === id);
        const seq = before < 0 ? kept.length : before;
        const status = before < 0 ? 'appended' : 'repeated';
        if (before < 0) kept.push(event);
        return { id, status, seq, leafHash: hash('sha256', id) };
      });
      return { ok: true, body: { results } };
    },
  });
  return { events: kept, [Symbol.asyncDispose]: () => subscription.stop() };
}
