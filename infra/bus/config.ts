import { z } from 'zod';
import { port, readConfig } from '#shared/config.ts';

/** Sidecars fetch secrets each minute: after this every service has what this server has. */
const RELOAD_DELAY_SECONDS_DEFAULT = 90;
const RELOAD_DELAY_SECONDS_MAX = 3_600;

/** Variables of a server of the bus. */
export const busServerVariables = {
  /** `<service>.password` for each service, `server.pem`, `bus-authority.pem`. */
  SECRETS_FOLDER: z.string().min(1),
  /** Where the configuration is written. */
  RUN_FOLDER: z.string().min(1).default('/data/bus'),
  BUS_HOST: z.string().min(1).default('0.0.0.0'),
  BUS_PORT: port.default(4222),
  BUS_CLUSTER_PORT: port.default(6222),
  BUS_MONITOR_PORT: port.default(8222),
  /** A name that leads to all servers; absent: this one is alone. */
  BUS_CLUSTER_ROUTE: z.url({ protocol: /^tls$/ }).optional(),
  BUS_RELOAD_DELAY_SECONDS: z.coerce
    .number()
    .min(0)
    .max(RELOAD_DELAY_SECONDS_MAX)
    .default(RELOAD_DELAY_SECONDS_DEFAULT),
};

export interface BusServerConfig {
  readonly secretsFolder: string;
  readonly runFolder: string;
  readonly host: string;
  readonly port: number;
  readonly clusterPort: number;
  readonly monitorPort: number;
  readonly route: string | undefined;
  readonly reloadDelayMs: number;
}

export function readBusServerConfig(
  environment: Readonly<Record<string, string | undefined>>,
): BusServerConfig {
  const config = readConfig(busServerVariables, environment);
  return {
    secretsFolder: config.SECRETS_FOLDER,
    runFolder: config.RUN_FOLDER,
    host: config.BUS_HOST,
    port: config.BUS_PORT,
    clusterPort: config.BUS_CLUSTER_PORT,
    monitorPort: config.BUS_MONITOR_PORT,
    route: config.BUS_CLUSTER_ROUTE,
    reloadDelayMs: config.BUS_RELOAD_DELAY_SECONDS * 1_000,
  };
}
