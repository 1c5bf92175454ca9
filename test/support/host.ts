import { randomUUIDv7 } from 'node:crypto';
import type { CallerClaims, ServiceName } from '#contracts/caller.ts';
import type { Role } from '#contracts/permissions.ts';
import { type Client, openClient } from '#shared/client.ts';
import { openContextSigner } from '#shared/context.ts';
import { openLog } from '#shared/log.ts';
import { openMetrics } from '#shared/metrics.ts';
import { type Host, openHost } from '#shared/open.ts';
import type { ServiceParts } from '#shared/service.ts';
import { temporaryFolder } from './folder.ts';

export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly dataDir: string;
  /** The clock of everything in the host; move it by `advance`. */
  readonly clock: () => number;
  advance(ms: number): void;
  /** What a service of that name is made with. */
  parts(name: ServiceName): Promise<ServiceParts>;
  /** Calls operations with contexts that the gateway signed. */
  readonly client: Client;
}

/**
 * The embedded adapters: real files, real SQLite, the in-process bus. In a temporary folder, unless
 * one is given, which stays.
 */
export async function openTestHost(dataDir?: string): Promise<TestHost> {
  await using opened = new AsyncDisposableStack();
  const folder = dataDir === undefined ? opened.use(await temporaryFolder()) : { path: dataDir };
  let offsetMs = 0;
  const clock = () => Date.now() + offsetMs;
  const publicOrigin = () => 'http://127.0.0.1:8080';
  const host = opened.use(await openHost({ dataDir: folder.path, publicOrigin, clock }));
  const log = openLog('test', 'silent');
  const metrics = openMetrics();
  const client = openClient(host.bus, openContextSigner(host.vault, 'gateway', clock));
  const stack = opened.move();
  return {
    host,
    dataDir: folder.path,
    clock,
    advance(ms) {
      offsetMs += ms;
    },
    parts: async (name) => ({
      name,
      bus: host.bus,
      tables: await host.tables(name),
      vault: host.vault,
      log,
      metrics,
      clock,
    }),
    client,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A person of a department, as the gateway would describe them. */
export function person(about: {
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly timeZone?: string;
}): CallerClaims {
  return {
    tenant: about.tenant,
    timeZone: about.timeZone ?? 'America/Chicago',
    subject: { type: 'user', id: randomUUIDv7(), name: 'Test Person' },
    roles: [...about.roles],
    session: randomUUIDv7(),
    requestId: randomUUIDv7(),
    address: '127.0.0.1',
    agent: 'vitest',
  };
}
