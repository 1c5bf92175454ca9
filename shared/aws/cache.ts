/**
 * The cache port on Valkey. Values and counts end by Valkey's own expiry; its memory limit with
 * `allkeys-lru` lets go what was unused for longest.
 *
 * While Valkey does not answer nothing is found and nothing kept, and each process counts for itself:
 * a limit then holds for one process instead of for all, but nobody goes uncounted. Only `remove`
 * fails then, because what was not removed would be found again later.
 */
import { readFile } from 'node:fs/promises';
import { Redis, type RedisOptions } from 'iovalkey';
import { openCache as openLocalCache } from '#shared/embedded/cache.ts';
import type { Cache } from '#shared/ports/cache.ts';
import type { Json } from '#shared/ports/tables.ts';
import { unavailable } from './sdk/failures.ts';

/** An answer from the same network takes a millisecond; what is this late is of no use any more. */
const ANSWER_MS_MAX = 1_000;
const CONNECT_MS_MAX = 1_000;
const RECONNECT_MS_MAX = 2_000;
/** Counts that a process keeps by itself while Valkey is away. */
const LOCAL_COUNTS_MAX = 50_000;

/** One step, so that no count is left without an end: KEYS[1] the count, ARGV[1] its window in ms. */
const COUNT = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return count`;

export interface CacheSettings {
  /** `redis:` or, with TLS, `rediss:`. */
  readonly url: string;
  /** In front of every key: several installations may share a server. */
  readonly prefix: string;
  readonly user?: string;
  readonly passwordFile?: string;
  /** PEM file of the authority that signed the server's certificate; absent: the well-known ones. */
  readonly caFile?: string;
  readonly clock: () => number;
}

export async function openCache(settings: CacheSettings): Promise<Cache> {
  const { prefix, clock } = settings;
  const client = new Redis(settings.url, await optionsOf(settings));
  // Each failed call says so itself; without a listener the client would write to standard error.
  client.on('error', () => undefined);
  const local = openLocalCache({ entriesMax: LOCAL_COUNTS_MAX, clock });
  const valueKey = (key: string) => `${prefix}/value/${key}`;
  const countKey = (key: string) => `${prefix}/count/${key}`;
  return {
    async get(key) {
      const text = await client.get(valueKey(key)).catch(() => null);
      return text === null ? undefined : (JSON.parse(text) as Json);
    },
    async put(key, value, { ttlSeconds }) {
      const ttlMs = Math.ceil(ttlSeconds * 1_000);
      const putting = client.set(valueKey(key), JSON.stringify(value), 'PX', ttlMs);
      // What is not kept is as good as forgotten at once.
      await putting.catch(() => undefined);
    },
    async remove(key) {
      await client.del(valueKey(key)).catch(() => {
        throw unavailable('The cache does not answer just now.');
      });
    },
    async count(key, { windowSeconds }) {
      const windowMs = Math.ceil(windowSeconds * 1_000);
      const counting = client.eval(COUNT, 1, countKey(key), windowMs);
      return counting.then(Number, () => local.count(key, { windowSeconds }));
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
}

async function optionsOf({
  url,
  user,
  passwordFile,
  caFile,
}: CacheSettings): Promise<RedisOptions> {
  const isTls = new URL(url).protocol === 'rediss:';
  const password = passwordFile && (await readFile(passwordFile, 'utf8')).trim();
  const ca = caFile && (await readFile(caFile, 'utf8'));
  return {
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: ANSWER_MS_MAX,
    // A call made while the connection is lost fails at once or at its time, and is not repeated.
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_MS_MAX),
    ...(user ? { username: user } : {}),
    ...(password ? { password } : {}),
    ...(isTls ? { tls: ca ? { ca } : {} } : {}),
  };
}
