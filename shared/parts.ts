import type { ServiceName } from '#contracts/caller.ts';
import { relaySettingsOf } from './config-mail.ts';
import { awsSettingsOf, type ProfileConfig } from './config-profile.ts';
import { alarmInto, openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { type Host, openHost } from './open.ts';
import { openProbes } from './probes.ts';
import type { ServiceParts } from './service.ts';
import { openTraceExport } from './trace-export.ts';

/** What a service is made with, from the ports of its process. */
export async function openParts(
  host: Host,
  about: {
    readonly name: ServiceName;
    readonly logLevel: string;
    readonly metrics: Metrics;
    readonly clock: () => number;
  },
): Promise<ServiceParts> {
  const { name, logLevel, metrics, clock } = about;
  return {
    name,
    bus: host.bus,
    tables: await host.tables(name),
    vault: host.vault,
    log: openLog(name, logLevel),
    metrics,
    clock,
  };
}

/** The ports of a process that runs one service and reaches the others over NATS. */
export async function openAlone(
  stack: AsyncDisposableStack,
  about: {
    readonly name: ServiceName;
    readonly publicOrigin: string;
    readonly config: {
      readonly DATA_DIR: string;
      readonly LOG_LEVEL: string;
      readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
      readonly BUS_URL: string;
      readonly BUS_USER?: string | undefined;
      readonly BUS_PASSWORD_FILE?: string | undefined;
      readonly BUS_CA_FILE?: string | undefined;
      readonly PROBE_HOST: string;
      readonly PROBE_PORT?: number | undefined;
    } & ProfileConfig;
  },
): Promise<{ readonly host: Host; readonly parts: ServiceParts }> {
  const { name, publicOrigin, config } = about;
  const { BUS_USER: user, BUS_PASSWORD_FILE: passwordFile, BUS_CA_FILE: caFile } = config;
  const nats = {
    url: config.BUS_URL,
    name,
    ...(user === undefined ? {} : { user }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
  const clock = Date.now;
  const dataDir = config.DATA_DIR;
  const log = openLog(name, config.LOG_LEVEL);
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  stack.use(await openTraceExport({ service: name, endpoint, log }));
  const metrics = openMetrics(alarmInto(log));
  const aws = awsSettingsOf(config);
  const relay = relaySettingsOf(config);
  const settings = { dataDir, nats, relay, publicOrigin: () => publicOrigin, clock };
  const onAws = aws === undefined ? {} : { aws, consumed: metrics.tableUnitsUsed };
  const host = stack.use(await openHost({ ...settings, ...onAws }));
  const { PROBE_HOST, PROBE_PORT: port } = config;
  if (port !== undefined) {
    stack.use(await openProbes({ host: PROBE_HOST, port, bus: host.bus, metrics }));
  }
  const parts = await openParts(host, { name, logLevel: config.LOG_LEVEL, metrics, clock });
  return { host, parts };
}
