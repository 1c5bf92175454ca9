import { z } from 'zod';
import type { RateSettings } from './door/rate-limits.ts';

const perMinute = z.coerce.number().int().min(1).max(10_000_000).optional();

/** Variables of the gateway, besides those of every process. */
export const gatewayVariables = {
  /**
   * Addresses or networks (CIDR, by commas) of the proxies in front, whose `X-Forwarded-For` is
   * believed. Without it the address of a caller is the one that the connection comes from.
   */
  TRUSTED_PROXIES: z.string().default('').transform(namesIn),
  /** Seconds in which a stopping gateway says so at /readyz and still takes requests. */
  DRAIN_SECONDS: z.coerce.number().int().min(0).max(15).default(0),
  /** Of one address, and of one session or key; absent: see rate-limits.ts. */
  REQUESTS_PER_MINUTE: perMinute,
  /** Of one address, where passwords and tokens can be tried. */
  SIGN_INS_PER_MINUTE: perMinute,
  /** Releases locked accounts of the platform at this start: see platform.ts. */
  UNLOCK_PLATFORM: z.stringbool().default(false),
};

/** The settings as the gateway's parts want them. */
export function gatewaySettings(config: {
  readonly TRUSTED_PROXIES: readonly string[];
  readonly DRAIN_SECONDS: number;
  readonly REQUESTS_PER_MINUTE?: number | undefined;
  readonly SIGN_INS_PER_MINUTE?: number | undefined;
  readonly UNLOCK_PLATFORM: boolean;
}): {
  readonly trustedProxies: readonly string[];
  readonly drainMs: number;
  readonly rates: RateSettings;
  readonly unlockPlatform: boolean;
} {
  const { REQUESTS_PER_MINUTE: requests, SIGN_INS_PER_MINUTE: signIns } = config;
  return {
    trustedProxies: config.TRUSTED_PROXIES,
    drainMs: config.DRAIN_SECONDS * 1000,
    rates: { address: requests, caller: requests, signIn: signIns },
    unlockPlatform: config.UNLOCK_PLATFORM,
  };
}

function namesIn(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}
