/**
 * Opens the ports of one process: the only place that knows which adapter stands behind which port.
 * A data folder is laid out as `<service>/tables.sqlite`, `<service>/queue.sqlite`,
 * `blobs/<store>/`, `vault/`, `mail-out/`.
 */
import { join } from 'node:path';
import type { ServiceName } from '#contracts/caller.ts';
import { openBlobs } from './embedded/blobs.ts';
import { openBus } from './embedded/bus.ts';
import { openCache } from './embedded/cache.ts';
import { openMailer } from './embedded/mailer.ts';
import { openQueue } from './embedded/queue.ts';
import { openTables } from './embedded/tables.ts';
import { openVault } from './embedded/vault.ts';
import { type NatsSettings, openNatsBus } from './nats/bus.ts';
import type { BlobStores } from './ports/blobs.ts';
import type { Bus } from './ports/bus.ts';
import type { Cache } from './ports/cache.ts';
import type { Mailer } from './ports/mailer.ts';
import type { Queue } from './ports/queue.ts';
import type { Tables } from './ports/tables.ts';
import type { Vault } from './ports/vault.ts';

const CACHE_ENTRIES_MAX = 50_000;
const QUEUE_LEASE_MS = 30_000;
const QUEUE_TRIES_MAX = 5;

export type BlobStoreName = 'files' | 'cad-mail' | 'checkpoints';

export interface Host extends AsyncDisposable {
  readonly bus: Bus;
  readonly vault: Vault;
  readonly cache: Cache;
  readonly mailer: Mailer;
  tables(service: ServiceName): Promise<Tables>;
  queue(service: ServiceName): Promise<Queue>;
  /** The store, and the door behind its signed URLs. */
  blobs(store: BlobStoreName): Promise<BlobStores>;
}

export interface HostSettings {
  readonly dataDir: string;
  /** Absent: all services are in this process. */
  readonly nats?: NatsSettings;
  /** Asked when a URL is signed: with port 0 it is known only once the gateway listens. */
  readonly publicOrigin: () => string;
  readonly clock: () => number;
}

/** Everything that is opened here is closed with the host, newest first. */
export async function openHost(settings: HostSettings): Promise<Host> {
  const { dataDir, nats, publicOrigin, clock } = settings;
  await using opened = new AsyncDisposableStack();
  const bus = opened.use(nats === undefined ? openBus() : await openNatsBus(nats));
  const vault = opened.use(await openVault({ dir: join(dataDir, 'vault') }));
  const cache = opened.use(openCache({ entriesMax: CACHE_ENTRIES_MAX, clock }));
  const mailer = opened.use(await openMailer({ dir: join(dataDir, 'mail-out'), clock }));
  const stack = opened.move();
  return {
    bus,
    vault,
    cache,
    mailer,
    tables: async (service) =>
      stack.use(await openTables({ file: join(dataDir, service, 'tables.sqlite'), clock })),
    queue: async (service) =>
      stack.use(
        await openQueue({
          file: join(dataDir, service, 'queue.sqlite'),
          leaseMs: QUEUE_LEASE_MS,
          triesMax: QUEUE_TRIES_MAX,
          clock,
        }),
      ),
    blobs: async (store) =>
      stack.use(
        await openBlobs({ dir: join(dataDir, 'blobs', store), store, vault, publicOrigin, clock }),
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
