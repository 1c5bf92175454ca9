import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile, ignoreMissing, makeFolderBelow } from './disk/durable.ts';
import { seal, unseal } from './vault-xaes.ts';

const NAME = /^[a-z0-9-]+([./][a-z0-9-]+)*$/;
const NAME_CHARS_MAX = 128;
const NUMBER = /^\d{6}$/;
const NUMBER_DIGITS = 6;
/** A key made by another process is noticed after this time at the latest. */
const FRESH_MS = 1_000;
/** Names whose keys are kept open; the oldest is read from its files again when it is needed. */
const NAMES_OPEN_MAX = 4_096;

export interface KeyFiles<Key> {
  /** All keys of that name, newest first; makes the first one. */
  all(name: string): Promise<readonly [Key, ...Key[]]>;
  /** Makes a new one, which is the newest from now on. */
  add(name: string): Promise<Key>;
  forget(): void;
}

interface Opened<Key> {
  readonly keys: readonly [Key, ...Key[]];
  readonly readAt: number;
}

interface Settings<Key> {
  readonly dir: string;
  /** Folder in `dir`, and a word to which the sealed files are bound. */
  readonly kind: string;
  readonly fileKey: Uint8Array;
  readonly make: () => Uint8Array;
  readonly open: (bytes: Uint8Array) => Key;
}

/** Sealed key files of one kind: `<kind>/<name>/<number>`, numbers from 1 without a gap. */
export function openKeyFiles<Key>(settings: Settings<Key>): KeyFiles<Key> {
  const opened = new Map<string, Opened<Key>>();

  async function refresh(name: string): Promise<Opened<Key>> {
    const readAt = performance.now();
    const known = opened.get(name)?.keys ?? [];
    const keys = await readKeys(settings, name, known);
    // A slower look into the folder must not hide what a later one has found.
    if (keys.length < (opened.get(name)?.keys.length ?? 0)) return refresh(name);
    opened.delete(name);
    opened.set(name, { keys, readAt });
    const [oldest] = opened.keys();
    if (opened.size > NAMES_OPEN_MAX && oldest !== undefined) opened.delete(oldest);
    return { keys, readAt };
  }

  return {
    async all(name) {
      const found = opened.get(name);
      if (found !== undefined && performance.now() - found.readAt < FRESH_MS) return found.keys;
      return (await refresh(name)).keys;
    },
    async add(name) {
      for (;;) {
        const { keys } = await refresh(name);
        const number = keys.length + 1;
        const made = await makeKey(settings, name, number);
        // Another process took the number meanwhile: its key is now one of the older ones.
        if (made === 'exists') continue;
        const { keys: all } = await refresh(name);
        const index = all.length - number;
        return all[index] ?? all[0];
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
  const folder = folderOf(settings, name);
  let count = await countKeys(folder);
  if (count === 0) {
    await makeFolderBelow(settings.dir, folder);
    await makeKey(settings, name, 1);
    count = await countKeys(folder);
  }
  const keys = [...known];
  while (keys.length < count) keys.unshift(await readKey(settings, name, keys.length + 1));
  const [newest, ...older] = keys;
  if (newest === undefined) throw new Error(`${folder} lost its keys`);
  return [newest, ...older];
}

async function countKeys(folder: string): Promise<number> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  return names.filter((name) => NUMBER.test(name)).length;
}

/** Bound to kind, name and number: files that are swapped or renamed do not open. */
async function makeKey<Key>(settings: Settings<Key>, name: string, number: number) {
  const sealed = seal(settings.fileKey, settings.make(), boundTo(settings, name, number));
  return createFile(pathOf(settings, name, number), sealed);
}

async function readKey<Key>(settings: Settings<Key>, name: string, number: number): Promise<Key> {
  const path = pathOf(settings, name, number);
  const sealed = await readFile(path);
  try {
    return settings.open(unseal(settings.fileKey, sealed, boundTo(settings, name, number)));
  } catch (cause) {
    throw new Error(`${path} does not open with this root key`, { cause });
  }
}

function boundTo<Key>({ kind }: Settings<Key>, name: string, number: number): Uint8Array {
  return Buffer.from(JSON.stringify([kind, name, number]));
}

function pathOf<Key>(settings: Settings<Key>, name: string, number: number): string {
  return join(folderOf(settings, name), String(number).padStart(NUMBER_DIGITS, '0'));
}

function folderOf<Key>({ dir, kind }: Settings<Key>, name: string): string {
  return join(dir, kind, keyFolderName(name));
}

/** A slash becomes `_`, which no name has: one folder for one name, and none outside. */
export function keyFolderName(name: string): string {
  if (name.length > NAME_CHARS_MAX || !NAME.test(name)) {
    throw new Error(`a key name is words of a-z, 0-9 and hyphens with . or / between, not ${name}`);
  }
  return name.replaceAll('/', '_');
}
