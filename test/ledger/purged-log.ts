import { randomUUIDv7 } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { type Boundary, LOG_PURGED, purgeText } from '#services/ledger/chain/boundary.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import { boundaryAt } from '#services/ledger/retention/prefix.ts';
import { removePrefix } from '#services/ledger/retention/removal.ts';
import { auditEventOf } from '#shared/audit.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { person } from '#test/support/host.ts';
import type { Fixture } from './fixture.ts';

/** The commit of a purge of the first entries, without the questions that come before it. */
export async function commitPurge(fixture: Fixture, log: Log, size: number): Promise<number> {
  const tables = fixture.tables.forTenant(fixture.tenant);
  const boundary: Omit<Boundary, 'fact'> = {
    ...(await boundaryAt(tables, size)),
    purge: {
      id: randomUUIDv7(),
      first: (await readBoundary(tables))?.size ?? 0,
      reference: 'GS5-17',
      requestedBy: randomUUIDv7(),
      archiveSha256: 'a'.repeat(64),
      archiveBytes: 4_711,
    },
  };
  const event = factOf(fixture.tenant, boundary);
  return (await log.purge({ event, boundary, beside: async () => [] })).seq;
}

function factOf(tenant: string, boundary: Omit<Boundary, 'fact'>): AuditEvent {
  return auditEventOf({
    caller: person({ tenant, roles: ['admin'] }),
    action: LOG_PURGED,
    object: { type: 'ledger-purge', id: boundary.purge.id },
    reason: purgeText(boundary),
    now: new Date('2032-03-02T10:05:06.789Z'),
  });
}

/** The removal after it; through tables that may fail. */
export async function remove(
  fixture: Fixture,
  through: Tables = fixture.tables,
  mayGoOn: () => Promise<boolean> = async () => true,
): Promise<boolean> {
  const boundary = await readBoundary(fixture.tables.forTenant(fixture.tenant));
  if (boundary === undefined) throw new Error('nothing was purged');
  return removePrefix({ tables: through.forTenant(fixture.tenant), boundary, mayGoOn });
}
