/** Which adapters there are: each suite runs on every one of its port. */
import { join } from 'node:path';
import { openBlobs } from '#shared/embedded/blobs.ts';
import { openCache } from '#shared/embedded/cache.ts';
import { openMailer } from '#shared/embedded/mailer.ts';
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

/** A clock that stands still until it is moved. */
export interface TestClock {
  (): number;
  advance(ms: number): void;
}

/** Where an adapter keeps its things. What is opened in it is closed with it, newest first. */
export interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly clock: TestClock;
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
  return {
    folder: folder.path,
    clock,
    use: (opened) => stack.use(opened),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Opening it twice in one place gives two handles, as two processes have them. */
type Opener<Port, Settings = void> = (place: Place, settings: Settings) => Promise<Port>;

export const tablesAdapters: readonly { name: string; open: Opener<Tables> }[] = [
  {
    name: 'embedded',
    open: async ({ folder, clock, use }) =>
      use(await openTables({ file: join(folder, 'service', 'tables.sqlite'), clock })),
  },
];

export const vaultAdapters: readonly { name: string; open: Opener<Vault> }[] = [
  {
    name: 'embedded',
    open: async ({ folder, use }) => use(await openVault({ dir: join(folder, 'vault') })),
  },
];

export const cacheAdapters: readonly {
  name: string;
  open: Opener<Cache, { readonly entriesMax: number }>;
}[] = [
  {
    name: 'embedded',
    open: async ({ clock, use }, { entriesMax }) => use(openCache({ entriesMax, clock })),
  },
];

export const queueAdapters: readonly {
  name: string;
  open: Opener<Queue, { readonly leaseMs: number; readonly triesMax: number }>;
}[] = [
  {
    name: 'embedded',
    open: async ({ folder, clock, use }, settings) =>
      use(await openQueue({ file: join(folder, 'service', 'queue.sqlite'), clock, ...settings })),
  },
];

export const mailerAdapters: readonly { name: string; open: Opener<Mailer> }[] = [
  {
    name: 'embedded',
    open: async ({ folder, clock, use }) =>
      use(await openMailer({ dir: join(folder, 'mail-out'), clock })),
  },
];

export const blobsAdapters: readonly { name: string; open: Opener<BlobStores, string> }[] = [
  { name: 'embedded', open: openEmbeddedBlobs },
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
