import type { Cache } from '#shared/ports/cache.ts';
import type { Json } from '#shared/ports/tables.ts';

interface Entry {
  /** JSON text, so that nobody holds a reference into the cache. */
  readonly text: string;
  readonly expiresAt: number;
}

/** A bounded map in memory. A `Map` keeps its insertion order: the first key is the one unused longest. */
export function openCache(settings: {
  readonly entriesMax: number;
  readonly clock: () => number;
}): Cache {
  const { entriesMax, clock } = settings;
  const entries = new Map<string, Entry>();

  function find(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    if (entry.expiresAt <= clock()) return undefined;
    entries.set(key, entry);
    return entry;
  }

  function keep(key: string, entry: Entry): void {
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest);
  }

  return {
    async get(key) {
      const entry = find(key);
      return entry && (JSON.parse(entry.text) as Json);
    },
    async put(key, value, { ttlSeconds }) {
      keep(key, { text: JSON.stringify(value), expiresAt: clock() + ttlSeconds * 1000 });
    },
    async remove(key) {
      entries.delete(key);
    },
    async count(key, { windowSeconds }) {
      const entry = find(key);
      const counted = entry === undefined ? 0 : Number(entry.text);
      const expiresAt = entry?.expiresAt ?? clock() + windowSeconds * 1000;
      keep(key, { text: String(counted + 1), expiresAt });
      return counted + 1;
    },
    async [Symbol.asyncDispose]() {
      entries.clear();
    },
  };
}
