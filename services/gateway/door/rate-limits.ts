/**
 * How often one address, and one session or key, may ask. Counts are kept in the cache, which all
 * gateways share where there are several; a cache that forgets or fails lets requests through, and
 * nobody in: guessing passwords is bounded by the lock of the account, which is in the tables.
 *
 * The plugin for Fastify counts in the memory of one process; of it only the form of an address is
 * used (an IPv6 network of 64 bits is one address: its holder has 2^64 of them).
 */
import { normalizeIP } from '@fastify/rate-limit';
import type { Log } from '#shared/log.ts';
import type { Cache } from '#shared/ports/cache.ts';
import { Problem } from '#shared/problem.ts';

const WINDOW_SECONDS = 60;
/**
 * A whole department often comes from one address, and so may the load test before it goes live: a
 * thousand requests a second fit in.
 */
const ADDRESS_REQUESTS_MAX = 60_000;
/** An interface of another system at two hundred requests a second; a dashboard needs far less. */
const CALLER_REQUESTS_MAX = 12_000;
/**
 * Where a password or token can be tried: a change of shift behind one address fits in. Trying one
 * common password on many accounts, which locks none of them, is what this slows down.
 */
const SIGN_IN_REQUESTS_MAX = 300;

/** Requests per minute, where they are not the ones above. */
export interface RateSettings {
  readonly address?: number | undefined;
  readonly caller?: number | undefined;
  readonly signIn?: number | undefined;
}

export type RateHeaders = Readonly<Record<string, string>>;

/** Both throw Problem `rate-limited`; else they answer the headers that tell what is left. */
export interface RateLimits {
  /** Counts against the address; where credentials can be tried, against a smaller number. */
  byAddress(address: string, kind: 'request' | 'sign-in'): Promise<RateHeaders>;
  /** Counts against a session or key. */
  byCaller(id: string): Promise<RateHeaders>;
}

export function openRateLimits(parts: {
  readonly cache: Cache;
  readonly clock: () => number;
  readonly log: Log;
  readonly settings: RateSettings;
}): RateLimits {
  const { address = ADDRESS_REQUESTS_MAX, caller = CALLER_REQUESTS_MAX } = parts.settings;
  const { signIn = SIGN_IN_REQUESTS_MAX } = parts.settings;
  const take = async (key: string, max: number): Promise<RateHeaders> => {
    const seconds = parts.clock() / 1000;
    const window = Math.floor(seconds / WINDOW_SECONDS);
    const resetSeconds = Math.ceil((window + 1) * WINDOW_SECONDS - seconds);
    const used = await countOf(parts, `rate/${key}/${window}`);
    if (used > max) throw exceeded(max, resetSeconds);
    return headersOf({ max, remaining: max - used, resetSeconds });
  };
  return {
    byAddress: (ip, kind) =>
      take(`${kind}/${normalizeIP(ip)}`, kind === 'sign-in' ? signIn : address),
    byCaller: (id) => take(`caller/${id}`, caller),
  };
}

/** Draft 6 of the IETF's RateLimit header fields, which has one field for each figure. */
function headersOf(about: {
  readonly max: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}): RateHeaders {
  return {
    'ratelimit-limit': String(about.max),
    'ratelimit-remaining': String(about.remaining),
    'ratelimit-reset': String(about.resetSeconds),
  };
}

async function countOf(
  { cache, log }: { readonly cache: Cache; readonly log: Log },
  key: string,
): Promise<number> {
  try {
    return await cache.count(key, { windowSeconds: WINDOW_SECONDS });
  } catch (error) {
    log.warn({ err: error }, 'a request was not counted: the cache did not answer');
    return 0;
  }
}

function exceeded(max: number, retryAfterSeconds: number): Problem {
  return new Problem('rate-limited', {
    detail: `At most ${max} requests in ${WINDOW_SECONDS} seconds. Try again later.`,
    retryAfterSeconds,
  });
}
