import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';

/** Records that the events are about: each has a key of its own. */
const RECORDS = 16;

/** Small events, as a service sends them; their entries have some 500 bytes. */
export function smallEvents(tenant: string, count: number): AuditEvent[] {
  const at = new Date().toISOString();
  return Array.from({ length: count }, (_, index) => {
    const salt = randomBytes(16).toString('base64url');
    const value = JSON.stringify([salt, 'nature', { after: 'CHIMNEY FIRE' }]);
    return {
      id: randomUUIDv7(),
      tenant,
      at,
      actor: { type: 'user' as const, id: 'u-1' },
      action: 'core-records.incident.updated',
      object: { type: 'incident', id: `i-${index % RECORDS}`, version: 1 + index },
      outcome: 'success' as const,
      requestId: 'r-1',
      disclosures: [Buffer.from(value).toString('base64url')],
    };
  });
}
