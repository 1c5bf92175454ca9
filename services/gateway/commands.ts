import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { auditEventOf } from '#shared/audit.ts';
import { jobCaller } from '#shared/client.ts';
import { openHost } from '#shared/open.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { listRows, putRow } from './identity/rows.ts';

/** Sessions that are looked at, and ended, in one write. */
const SESSIONS_MAX = 90;

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
    await endSessions(tables, tenant);
    await tell(tables, tenant, takenAt);
  }
}

async function tenantsIn(tables: Tables): Promise<TenantId[]> {
  const platform = tables.forTenant(PLATFORM_TENANT);
  const tenants: TenantId[] = [];
  let after: string | undefined;
  do {
    const request = { kind: 'department', limit: SESSIONS_MAX, ...(after && { after }) } as const;
    const lines = await listRows(platform, request);
    tenants.push(...lines.map(({ id }) => id));
    after = lines.length === SESSIONS_MAX ? lines.at(-1)?.id : undefined;
  } while (after !== undefined);
  return [PLATFORM_TENANT, ...tenants];
}

async function endSessions(tables: Tables, tenant: TenantId): Promise<void> {
  const rows = tables.forTenant(tenant);
  const endedAt = new Date().toISOString();
  let after: string | undefined;
  do {
    const request = { kind: 'session', limit: SESSIONS_MAX, ...(after && { after }) } as const;
    const sessions = await listRows(rows, request);
    const changes = sessions
      .filter(({ value }) => value.endedAt === undefined)
      .map(({ id, value, version }) => putRow('session', id, { ...value, endedAt }, version));
    if (changes.length > 0) {
      await rows.write({ changes, events: [], unaudited: 'the event of the restoration says it' });
    }
    after = sessions.length === SESSIONS_MAX ? sessions.at(-1)?.id : undefined;
  } while (after !== undefined);
}

async function tell(tables: Tables, tenant: TenantId, takenAt: string): Promise<void> {
  const event = auditEventOf({
    caller: jobCaller('gateway', { tenant }),
    action: 'gateway.data.restored',
    object: { type: 'data', id: 'installation' },
    reason: `restored from a backup of ${takenAt}; everybody was signed out`,
    changes: [{ field: 'backupTakenAt', after: takenAt }],
    now: new Date(),
  });
  await tables.forTenant(tenant).write({ changes: [], events: [event] });
}
