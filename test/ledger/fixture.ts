import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { AuditEvent } from '#contracts/audit-event.ts';
import { openBlockCache } from '#services/ledger/log/blocks.ts';
import { type Log, type LogParts, openLog } from '#services/ledger/log/log.ts';
import { openTileCache } from '#services/ledger/log/nodes.ts';
import { tenantsWithLogs } from '#services/ledger/log/store.ts';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import { auditEventOf } from '#shared/audit.ts';
import type { Blobs } from '#shared/ports/blobs.ts';
import type { Json, Tables } from '#shared/ports/tables.ts';
import { openTestHost, person, type TestHost } from '#test/support/host.ts';

export interface Fixture extends AsyncDisposable {
  readonly host: TestHost;
  readonly tenant: string;
  readonly tables: Tables;
  readonly checkpoints: Blobs;
  /** Opens the tenant's log as one process does; several may be open at a time. */
  open(tables?: Tables, checkpoints?: Blobs): Promise<Log>;
  verify(range?: { from?: number; to?: number }): ReturnType<typeof verifyTenant>;
}

/** Real embedded stores, in a temporary folder or with the log that a given one has. */
export async function openFixture(dataDir?: string): Promise<Fixture> {
  await using opened = new AsyncDisposableStack();
  const host = opened.use(await openTestHost(dataDir));
  const { tables } = await host.parts('ledger');
  const { blobs: checkpoints } = await host.host.blobs('checkpoints');
  const [tenant = randomUUIDv7()] = await Array.fromAsync(tenantsWithLogs(tables));
  const { vault } = host.host;
  const stack = opened.move();
  return {
    host,
    tenant,
    tables,
    checkpoints,
    open: (through = tables, place = checkpoints) =>
      openLog(logParts({ host, tenant, checkpoints: place, tables: through })),
    verify: (range = {}) => verifyTenant({ tables, vault, checkpoints }, tenant, range),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function logParts(about: {
  readonly host: TestHost;
  readonly tenant: string;
  readonly tables: Tables;
  readonly checkpoints: Blobs;
}): LogParts {
  const { host, ...rest } = about;
  return {
    ...rest,
    vault: host.host.vault,
    host: () => 'ledger.example',
    clock: host.clock,
    writer: randomUUIDv7(),
    freshOpaqueId: () => randomBytes(16).toString('hex'),
    tiles: openTileCache(),
    blocks: openBlockCache(),
    warn: () => undefined,
    forked: () => undefined,
  };
}

/** An event as another service would send it. */
export function eventOf(
  tenant: string,
  about: { readonly record?: string; readonly value?: Json; readonly version?: number } = {},
): AuditEvent {
  return auditEventOf({
    caller: person({ tenant, roles: ['officer'] }),
    action: 'core-records.incident.updated',
    object: { type: 'incident', id: about.record ?? 'i-1', version: about.version ?? 1 },
    changes: [{ field: 'nature', after: about.value ?? 'FIRE' }],
    now: new Date('2031-01-02T10:05:06.789Z'),
  });
}

export function eventsOf(tenant: string, count: number, records = 4): AuditEvent[] {
  return Array.from({ length: count }, (_, index) =>
    eventOf(tenant, { record: `i-${index % records}`, version: index + 1, value: `v${index}` }),
  );
}

/** Ids of all entries, in their order. */
export async function idsIn(log: Log): Promise<string[]> {
  const entries = await Array.fromAsync(log.blocks.range(0, log.size()));
  return entries.map(({ bytes }) => JSON.parse(bytes.toString()).id);
}
