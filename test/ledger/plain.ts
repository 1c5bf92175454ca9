import { randomUUIDv7 } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';

export const TENANT = '01890f3e-7b1a-7c3d-8e4f-5a6b7c8d9e0f';

/** Events of a few records, made without a host: what only looks at bytes starts sooner. */
export function plainEvents(count: number, tenant = TENANT): AuditEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    id: randomUUIDv7(),
    tenant,
    at: '2031-01-02T10:05:06.789Z',
    actor: { type: 'user', id: 'u-1' },
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: `i-${index % 4}`, version: index + 1 },
    outcome: 'success',
    requestId: 'r-1',
    disclosures: [Buffer.from(`["salt","nature",{"after":"v${index}"}]`).toString('base64url')],
  }));
}
