import type { Json } from './tables.ts';

/**
 * Forgetful by contract: any value may be gone at any moment, and nothing may be decided by its
 * absence that lets anybody in. Bounded; the least recently used go first. Values are JSON copies.
 * Counts have names of their own: a count and a value under the same key do not meet.
 */
export interface Cache extends AsyncDisposable {
  /** The value as last put, at most `ttlSeconds` old; `undefined` when it is not there (any more). */
  get(key: string): Promise<Json | undefined>;
  put(key: string, value: Json, options: { readonly ttlSeconds: number }): Promise<void>;
  /** Forgets the value; the count of that name goes on. */
  remove(key: string): Promise<void>;
  /** Adds one and answers the new count; a new count begins when `windowSeconds` have passed. */
  count(key: string, options: { readonly windowSeconds: number }): Promise<number>;
}
