/** Which adapters there are: each suite runs on every one of its port. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openBlobs } from '#shared/embedded/blobs.ts';
import { openCache } from '#shared/embedded/cache.ts';
import { openMailer } from '#shared/embedded/mailer.ts';
import { openRelayMailer } from '#shared/embedded/mailer-relay.ts';
import { openQueue } from '#shared/embedded/queue.ts';
import { openTables } from '#shared/embedded/tables.ts';
import { openVault } from '#shared/embedded/vault.ts';
import type { BlobStores } from '#shared/ports/blobs.ts';
import type { Cache } from '#shared/ports/cache.ts';
import type { Mailer } from '#shared/ports/mailer.ts';
import type { Queue } from '#shared/ports/queue.ts';
import type { Tables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { openSmtpRelay } from '#test/support/smtp-relay.ts';
import {
  onDynamo,
  onMoto,
  onValkey,
  openAwsBlobs,
  openAwsCache,
  openAwsMailer,
  openAwsQueue,
  openAwsTables,
  openAwsVault,
  openMotoTables,
} from './aws-adapters.ts';

/** A clock that stands still until it is moved. */
export interface TestClock {
  (): number;
  advance(ms: number): void;
}

/** Where an adapter keeps its things. What is opened in it is closed with it, newest first. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  /** For what engines hold for this place alone. */
  readonly name: string;
  readonly clock: TestClock;
  /** Moves the clock, and those of the engines which the place is on. */
  advance(ms: number): Promise<void>;
  /** Moves an engine's clock along. */
  advancing(move: (ms: number) => Promise<void>): void;
  use<Opened extends AsyncDisposable>(opened: Opened): Opened;
}

export async function openPlace(): Promise<Place> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  let now = Date.parse('2026-11-22T05:14:47.123Z');
  const clock = Object.assign(() => now, {
    advance(ms: number) {
      now += ms;
    },
  });
  const engines = new Set<(ms: number) => Promise<void>>();
  return {
    folder: folder.path,
    name: `t${randomBytes(6).toString('hex')}`,
    clock,
    async advance(ms) {
      clock.advance(ms);
      for (const move of engines) await move(ms);
    },
    advancing(move) {
      engines.add(move);
    },
    use: (opened) => stack.use(opened),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Opening it twice in one place gives two handles, as two processes have them. */
type Opener<Port, Settings = void> = (place: Place, settings: Settings) => Promise<Port>;

export interface Adapter<Port, Settings = void> {
  readonly name: string;
  /** The engine that it needs is not here: its suite is left out, which its name says. */
  readonly missing: boolean;
  readonly open: Opener<Port, Settings>;
  /** How near to a moment of its own clock a test may look; engines' clocks run on meanwhile. */
  readonly graceMs: number;
}

const CACHE_ENTRIES_MAX = 100;

const embedded = { name: 'embedded', missing: false, graceMs: 1 };

export const tablesAdapters: readonly Adapter<Tables>[] = [
  {
    ...embedded,
    open: async ({ folder, clock, use }) =>
      use(await openTables({ file: join(folder, 'service', 'tables.sqlite'), clock })),
  },
  { ...onDynamo(), open: openAwsTables },
  // Once more for each change that lands, and not each time somebody runs the suite.
  ...(process.env.CI ? [{ ...onMoto(), name: 'aws (moto)', open: openMotoTables }] : []),
];

export const vaultAdapters: readonly Adapter<Vault>[] = [
  {
    ...embedded,
    open: async ({ folder, use }) => use(await openVault({ dir: join(folder, 'vault') })),
  },
  { ...onMoto(), open: openAwsVault },
];

export const cacheAdapters: readonly Adapter<Cache>[] = [
  {
    ...embedded,
    open: async ({ clock, use }) => use(openCache({ entriesMax: CACHE_ENTRIES_MAX, clock })),
  },
  { ...onValkey(), open: openAwsCache },
];

export const queueAdapters: readonly Adapter<
  Queue,
  { readonly leaseMs: number; readonly triesMax: number }
>[] = [
  {
    ...embedded,
    open: async ({ folder, clock, use }, settings) =>
      use(await openQueue({ file: join(folder, 'service', 'queue.sqlite'), clock, ...settings })),
  },
  { ...onMoto(), open: openAwsQueue },
];

export const mailerAdapters: readonly Adapter<Mailer>[] = [
  {
    ...embedded,
    open: async ({ folder, clock, use }) =>
      use(await openMailer({ dir: join(folder, 'mail-out'), clock })),
  },
  {
    ...embedded,
    name: 'embedded, a relay',
    open: async ({ clock, use }) => {
      const { url } = use(await openSmtpRelay());
      const relay = { url, from: 'desk@watchdesk.example' };
      return use(await openRelayMailer({ relay, clock }));
    },
  },
  { ...onMoto(), open: openAwsMailer },
];

export const blobsAdapters: readonly Adapter<BlobStores, string>[] = [
  { ...embedded, open: openEmbeddedBlobs },
  { ...onMoto(), open: openAwsBlobs },
];

export async function openEmbeddedBlobs(
  { folder, clock, use }: Place,
  store: string,
): Promise<BlobStores> {
  const vault = use(await openVault({ dir: join(folder, 'vault') }));
  const publicOrigin = () => 'https://desk.example.org';
  const dir = join(folder, 'blobs', store);
  return use(await openBlobs({ dir, store, vault, publicOrigin, clock }));
}
