/**
 * Keys of one kind in Secrets Manager: `<kind>/<name>/<number>`, numbers from 1 without a gap, each
 * wrapped by KMS besides. The name of a secret is the lock: of several processes one makes it. No
 * secret of a key is ever changed.
 *
 * Which number is the highest is found by asking for the next one; whether it is time to ask, the
 * generation tells (vault-generation.ts), which changes after each new key.
 */
import { keyFolderName } from '../embedded/vault-files.ts';
import { openPatience } from './sdk/patience.ts';
import type { Generation } from './vault-generation.ts';
import type { Secrets } from './vault-secrets.ts';
import type { Wrapping } from './vault-wrapping.ts';

const NUMBER_DIGITS = 6;
/** Asked for again after this time at the latest: the process that made a key may have died before it told. */
const RECHECK_MS = 60_000;

export interface Keys<Key> {
  /** All keys of that name, newest first; makes the first one. */
  all(name: string): Promise<readonly [Key, ...Key[]]>;
  /** Makes a new one, which is the newest from now on. */
  add(name: string): Promise<Key>;
  forget(): void;
}

interface Settings<Key> {
  readonly secrets: Secrets;
  readonly wrapping: Wrapping;
  readonly generation: Generation;
  /** First word of the secrets' names, and one to which the wrapped keys are bound. */
  readonly kind: string;
  readonly make: () => Uint8Array;
  readonly open: (bytes: Uint8Array) => Key;
}

interface Opened<Key> {
  readonly keys: readonly [Key, ...Key[]];
  readonly generation: string;
  readonly readAt: number;
}

export function openKeys<Key>(settings: Settings<Key>): Keys<Key> {
  const opened = new Map<string, Opened<Key>>();
  const reading = new Map<string, Promise<Opened<Key>>>();

  async function refresh(name: string): Promise<Opened<Key>> {
    // Taken before the look: a key that is made meanwhile is looked for again.
    const generation = await settings.generation.current();
    const readAt = performance.now();
    const keys = await readKeys(settings, name, opened.get(name)?.keys ?? []);
    const found = { keys, generation, readAt };
    opened.set(name, found);
    return found;
  }

  /** One look for all who ask at the same time. */
  function refreshOnce(name: string): Promise<Opened<Key>> {
    const running = reading.get(name) ?? refresh(name).finally(() => reading.delete(name));
    reading.set(name, running);
    return running;
  }

  return {
    async all(name) {
      keyFolderName(name);
      const found = opened.get(name);
      const generation = await settings.generation.current();
      const isFresh =
        found?.generation === generation && performance.now() - found.readAt < RECHECK_MS;
      return isFresh ? found.keys : (await refreshOnce(name)).keys;
    },
    async add(name) {
      for (;;) {
        const { keys } = await refresh(name);
        const number = keys.length + 1;
        // Another process took the number meanwhile: its key is now one of the older ones.
        if ((await makeKey(settings, name, number)) === 'exists') continue;
        await settings.secrets.change();
        await settings.generation.look();
        const { keys: all } = await refresh(name);
        return all[all.length - number] ?? all[0];
      }
    },
    forget: () => opened.clear(),
  };
}

async function readKeys<Key>(
  settings: Settings<Key>,
  name: string,
  known: readonly Key[],
): Promise<readonly [Key, ...Key[]]> {
  const keys = [...known];
  for (;;) {
    const next = await readKey(settings, name, keys.length + 1);
    if (next === undefined) break;
    keys.unshift(next);
  }
  const [newest, ...older] = keys;
  if (newest !== undefined) return [newest, ...older];
  await makeKey(settings, name, 1);
  return [await readMade(settings, name)];
}

/** Secrets Manager may take a moment before it gives what it has taken. */
async function readMade<Key>(settings: Settings<Key>, name: string): Promise<Key> {
  const patience = openPatience();
  for (;;) {
    const key = await readKey(settings, name, 1);
    if (key !== undefined) return key;
    if (!(await patience.again()))
      throw new Error(`the key ${name} is not there after it was made`);
  }
}

/** Bound to kind, name and number: secrets that are swapped or renamed do not open. */
async function makeKey<Key>(settings: Settings<Key>, name: string, number: number) {
  const wrapped = await settings.wrapping.wrap(boundTo(settings, name, number), settings.make());
  return settings.secrets.create(secretName(settings, name, number), wrapped);
}

async function readKey<Key>(
  settings: Settings<Key>,
  name: string,
  number: number,
): Promise<Key | undefined> {
  const wrapped = await settings.secrets.read(secretName(settings, name, number));
  if (wrapped === undefined) return undefined;
  return settings.open(await settings.wrapping.unwrap(boundTo(settings, name, number), wrapped));
}

function boundTo<Key>({ kind }: Settings<Key>, name: string, number: number) {
  return { kind, name, number: String(number) };
}

function secretName<Key>({ kind }: Settings<Key>, name: string, number: number): string {
  return `${kind}/${keyFolderName(name)}/${String(number).padStart(NUMBER_DIGITS, '0')}`;
}
