/**
 * Opens the ports of one process: with open-aws.ts the only place that knows which adapter stands
 * behind which port.
 * A data folder is laid out as `<service>/tables.sqlite`, `<service>/queue.sqlite`,
 * `blobs/<store>/`, `vault/`, `mail-out/`. On AWS see open-aws.ts.
 */
import { join } from 'node:path';
import type { ServiceName } from '#contracts/caller.ts';
import { openBlobs } from './embedded/blobs.ts';
import { openBus } from './embedded/bus.ts';
import { openCache } from './embedded/cache.ts';
import { openMailer } from './embedded/mailer.ts';
import { openRelayMailer, type RelaySettings } from './embedded/mailer-relay.ts';
import { openQueue } from './embedded/queue.ts';
import { openTables } from './embedded/tables.ts';
import { openVault } from './embedded/vault.ts';
import { type NatsSettings, openNatsBus } from './nats/bus.ts';
import type { AwsHostSettings, openAwsPorts } from './open-aws.ts';
import type { BlobDoor, BlobStores } from './ports/blobs.ts';
import type { Bus } from './ports/bus.ts';
import type { Cache } from './ports/cache.ts';
import type { Mailer } from './ports/mailer.ts';
import type { Queue } from './ports/queue.ts';
import type { Tables } from './ports/tables.ts';
import type { Vault } from './ports/vault.ts';

const CACHE_ENTRIES_MAX = 50_000;
const LEASE = { leaseMs: 30_000, triesMax: 5 };

export type { RelaySettings } from './embedded/mailer-relay.ts';

export type BlobStoreName = 'files' | 'cad-mail' | 'checkpoints';

/** The ports that one profile or the other gives a process. */
export interface Ports {
  readonly vault: Vault;
  readonly cache: Cache;
  readonly mailer: Mailer;
  tables(service: ServiceName): Promise<Tables>;
  queue(service: ServiceName): Promise<Queue>;
  /** Where SES tells of mail that it took, and the bucket of it; `undefined` where it takes none. */
  received(): Promise<{ readonly queue: Queue; readonly bucket: string } | undefined>;
  /** Where SES tells what became of mail that was sent; `undefined` where nobody tells. */
  feedback(): Promise<Queue | undefined>;
  /** The store, and the door behind its signed URLs. */
  blobs(store: BlobStoreName): Promise<BlobStores>;
  /** The door alone: where it leads elsewhere nothing of the store is asked for. */
  door(store: BlobStoreName): Promise<BlobDoor>;
}

export interface Host extends Ports, AsyncDisposable {
  readonly bus: Bus;
}

export interface HostSettings {
  readonly dataDir: string;
  /** Absent: all services are in this process. */
  readonly nats?: NatsSettings;
  /** Absent: everything is kept in the data folder. */
  readonly aws?: AwsHostSettings;
  /** Who carries mail to people from this machine; absent: it is left in a folder. */
  readonly relay?: RelaySettings | undefined;
  /** Hears the capacity that calls of tables have used, where that is counted. */
  readonly consumed?: (units: { readonly read: number; readonly write: number }) => void;
  /** Asked when a URL is signed: with port 0 it is known only once the gateway listens. */
  readonly publicOrigin: () => string;
  readonly clock: () => number;
}

/** Everything that is opened here is closed with the host, newest first. */
export async function openHost(settings: HostSettings): Promise<Host> {
  const { nats, aws, clock, consumed = () => undefined } = settings;
  await using opened = new AsyncDisposableStack();
  const bus = opened.use(nats === undefined ? openBus() : await openNatsBus(nats));
  const stack = opened.use(new AsyncDisposableStack());
  const ports =
    aws === undefined
      ? await openEmbeddedPorts(stack, settings)
      : await openPortsOfAws(stack, aws, { lease: LEASE, clock, consumed });
  const all = opened.move();
  return { bus, ...ports, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Loaded only where it is used: one machine would pay for the SDK in memory and at each start. */
async function openPortsOfAws(...args: Parameters<typeof openAwsPorts>): Promise<Ports> {
  const { openAwsPorts } = await import('./open-aws.ts');
  return openAwsPorts(...args);
}

async function openEmbeddedPorts(
  stack: AsyncDisposableStack,
  { dataDir, publicOrigin, clock, relay }: HostSettings,
): Promise<Ports> {
  const vault = stack.use(await openVault({ dir: join(dataDir, 'vault') }));
  const cache = stack.use(openCache({ entriesMax: CACHE_ENTRIES_MAX, clock }));
  const mailer = stack.use(
    relay === undefined
      ? await openMailer({ dir: join(dataDir, 'mail-out'), clock })
      : await openRelayMailer({ relay, clock }),
  );
  const blobs = async (store: BlobStoreName) =>
    stack.use(
      await openBlobs({ dir: join(dataDir, 'blobs', store), store, vault, publicOrigin, clock }),
    );
  return {
    vault,
    cache,
    mailer,
    tables: async (service) =>
      stack.use(await openTables({ file: join(dataDir, service, 'tables.sqlite'), clock })),
    queue: async (service) => {
      const file = join(dataDir, service, 'queue.sqlite');
      return stack.use(await openQueue({ file, ...LEASE, clock }));
    },
    received: async () => undefined,
    feedback: async () => undefined,
    blobs,
    door: async (store) => (await blobs(store)).door,
  };
}
