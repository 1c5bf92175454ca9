import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { openHost } from '#shared/open.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Tables, TenantTables, Write } from '#shared/ports/tables.ts';
import { putRow, rowOf } from './identity/rows.ts';

/**
 * What the gateway does in a data folder that was made of a backup, before anybody uses it.
 *
 * 1. Everybody is signed out: a session may have been ended since the backup was made.
 * 2. The chain of each department, and of the platform, is told by an event in the outbox. Whoever
 *    holds a checkpoint that is newer than the backup finds there why the log does not lead to it.
 */
export async function settleRestored(about: {
  readonly dataDir: string;
  /** ISO; the instant that the backup is of. */
  readonly takenAt: string;
}): Promise<void> {
  const { dataDir, takenAt } = about;
  // Nothing is asked of the network: no URL is signed here.
  const publicOrigin = () => 'http://localhost';
  await using host = await openHost({ dataDir, publicOrigin, clock: Date.now });
  const tables = await host.tables('gateway');
  for (const tenant of await tenantsIn(tables)) {
    await endSessions(tables.forTenant(tenant));
    await tell(tables.forTenant(tenant), tenant, takenAt);
  }
}

async function tenantsIn(tables: Tables): Promise<TenantId[]> {
  const departments = rowsOf(tables.forTenant(PLATFORM_TENANT), { kind: 'department' });
  return [PLATFORM_TENANT, ...(await Array.fromAsync(departments, ({ id }) => id))];
}

async function endSessions(tables: TenantTables): Promise<void> {
  const endedAt = new Date().toISOString();
  for await (const row of rowsOf(tables, { kind: 'session' })) {
    const { id, value, version } = rowOf('session', row);
    if (value.endedAt !== undefined) continue;
    const changes = [putRow('session', id, { ...value, endedAt }, version)];
    const unaudited = 'the event of the restoration says it';
    await written(tables, { changes, events: [], unaudited });
  }
}

async function tell(tables: TenantTables, tenant: TenantId, takenAt: string): Promise<void> {
  const event = auditEventOf({
    caller: jobCaller('gateway', { tenant }),
    action: 'gateway.data.restored',
    object: { type: 'data', id: 'installation' },
    reason: `restored from a backup of ${takenAt}; everybody was signed out`,
    changes: [{ field: 'backupTakenAt', after: takenAt }],
    now: new Date(),
  });
  await written(tables, { changes: [], events: [event] });
}

async function written(tables: TenantTables, write: Write): Promise<void> {
  const { ok } = await tables.write(write);
  if (!ok) throw new Error('somebody else writes to the data that is being restored');
}
