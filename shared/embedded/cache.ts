import type { Cache } from '#shared/ports/cache.ts';
import type { Json } from '#shared/ports/tables.ts';

interface Entry {
  /** JSON text, so that nobody holds a reference into the cache. */
  readonly text: string;
  readonly expiresAt: number;
}

/** In front of the name of a count and of a value: one map, and one bound, for both. */
const COUNT = 'count/';
const VALUE = 'value/';

/** A bounded map in memory. A `Map` keeps its insertion order: its first key is unused for longest. */
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
      const entry = find(VALUE + key);
      return entry && (JSON.parse(entry.text) as Json);
    },
    async put(key, value, { ttlSeconds }) {
      const expiresAt = clock() + ttlSeconds * 1000;
      keep(VALUE + key, { text: JSON.stringify(value), expiresAt });
    },
    async remove(key) {
      entries.delete(VALUE + key);
    },
    async count(key, { windowSeconds }) {
      const entry = find(COUNT + key);
      const counted = entry === undefined ? 0 : Number(entry.text);
      const expiresAt = entry?.expiresAt ?? clock() + windowSeconds * 1000;
      keep(COUNT + key, { text: String(counted + 1), expiresAt });
      return counted + 1;
    },
    async [Symbol.asyncDispose]() {
      entries.clear();
    },
  };
}
