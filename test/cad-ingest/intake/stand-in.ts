import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Bus, Subscription } from '#shared/ports/bus.ts';
import type { Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

/** The mail domain of every test. */
export const MAIL_DOMAIN = 'desk.example';

/** Takes every event and says so, as the ledger does; what it does with them is not the matter here. */
export function standInForLedger(
  bus: Bus,
  events: AuditEvent[],
  isUp: () => boolean = () => true,
): Promise<Subscription> {
  return bus.serve('ledger.event.append', {
    inFlightMax: 10,
    async answer({ body }) {
      if (!isUp()) {
        return { ok: false, problem: new Problem('unavailable').toBody() } as unknown as Json;
      }
      const sent = (body as { input: { body: { events: AuditEvent[] } } }).input.body.events;
      const results = sent.map(({ id }) => {
        const seq = events.findIndex((event) => event.id === id);
        if (seq === -1) events.push(...sent.filter((event) => event.id === id));
        const leafHash = '0'.repeat(64);
        return seq === -1
          ? { id, status: 'appended', seq: events.length - 1, leafHash }
          : { id, status: 'repeated', seq, leafHash };
      });
      return { ok: true, body: { results } } as unknown as Json;
    },
  });
}
