/**
 * The variables of each service on many machines, under the names of their `config.ts`. A test reads
 * them with those schemas. Secrets are named here, never given.
 */
import type { Data } from './access.ts';
import type { ServiceName } from './services.ts';
import type { Settings } from './settings.ts';
import { HTTP_PORT } from './tasks.ts';

/** Where a process that is not the gateway answers probes. */
export const PROBE_PORT = 8081;

export interface Surroundings {
  readonly settings: Settings;
  readonly data: Data;
  readonly busUrl: string;
  /** ARNs of secrets. */
  readonly busPassword: string;
  readonly busAuthority: string;
  readonly cacheUrl: string;
}

export function environmentOf(
  service: ServiceName,
  around: Surroundings,
): Readonly<Record<string, string>> {
  const { settings, busUrl } = around;
  return {
    DATA_DIR: '/data',
    PUBLIC_ORIGIN: `https://${settings.domain}`,
    BUS_URL: busUrl,
    BUS_USER: service,
    ...(service === 'gateway'
      ? { HTTP_HOST: '0.0.0.0', HTTP_PORT: String(HTTP_PORT), DRAIN_SECONDS: '10' }
      : { PROBE_HOST: '0.0.0.0', PROBE_PORT: String(PROBE_PORT) }),
    ...(service === 'cad-ingest' ? { MAIL_DOMAIN: settings.mailDomain } : {}),
  };
}
