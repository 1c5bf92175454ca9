/**
 * The embedded profile: the five services in one process, on one data folder. `npm start` runs it.
 */
import { join } from 'node:path';
import { commonVariables, publicOriginOf, readConfig } from '#shared/config.ts';
import { mailVariables, relaySettingsOf } from '#shared/config-mail.ts';
import { alarmInto, openLog } from '#shared/log.ts';
import { openMetrics } from '#shared/metrics.ts';
import { openHost } from '#shared/open.ts';
import { openParts } from '#shared/parts.ts';
import { runProcess } from '#shared/process.ts';
import { openTraceExport } from '#shared/trace-export.ts';
import { cadIngestVariables, smtpSettingsOf } from './cad-ingest/config.ts';
import { openCadIngest } from './cad-ingest/service.ts';
import { openCoreRecords } from './core-records/service.ts';
import { openFiles } from './files/service.ts';
import { gatewaySettings, gatewayVariables } from './gateway/config.ts';
import { type GatewayParts, openGateway } from './gateway/service.ts';
import { ledgerSettings, ledgerVariables } from './ledger/config.ts';
import { openLedger } from './ledger/service.ts';

export interface AllSettings {
  readonly dataDir: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly smtp: Parameters<typeof openCadIngest>[0]['smtp'];
  readonly mailDomain?: string;
  readonly publicOrigin?: string;
  readonly logLevel: string;
  /** Who carries mail to people; absent: it is left in a folder. */
  readonly relay?: Parameters<typeof openHost>[0]['relay'];
  /** Sinks; absent: none. */
  readonly ledger?: Awaited<ReturnType<typeof ledgerSettings>>;
  /** Limits, proxies and the like; absent: as the gateway has them. */
  readonly gateway?: Pick<GatewayParts, 'trustedProxies' | 'drainMs' | 'rates' | 'unlockPlatform'>;
}

export interface All {
  readonly origin: string;
  readonly smtpPort: number;
}

/**
 * Opens all services on the stack, the gateway last, so that it takes requests only when the others
 * can answer them, and is the first to stop.
 */
export async function openAll(stack: AsyncDisposableStack, settings: AllSettings): Promise<All> {
  const { dataDir, http, smtp, logLevel, relay } = settings;
  const { mailDomain = 'watchdesk.localhost', publicOrigin } = settings;
  let origin = publicOrigin ?? `http://${http.host}:${http.port}`;
  const clock = Date.now;
  const host = stack.use(await openHost({ dataDir, relay, publicOrigin: () => origin, clock }));
  const metrics = openMetrics(alarmInto(openLog('watchdesk', logLevel)));
  const common = { logLevel, metrics, clock };
  const partsOf = (name: Parameters<typeof openParts>[1]['name']) =>
    openParts(host, { ...common, name });

  const checkpoints = await host.blobs('checkpoints');
  const ledgerHost = () => new URL(origin).host;
  const ledgerParts = { ...(await partsOf('ledger')), ...settings.ledger };
  stack.use(await openLedger({ ...ledgerParts, checkpoints: checkpoints.blobs, host: ledgerHost }));
  stack.use(await openCoreRecords(await partsOf('core-records')));
  const files = await host.blobs('files');
  stack.use(await openFiles({ ...(await partsOf('files')), blobs: files.blobs }));
  const mail = await host.blobs('cad-mail');
  const cad = stack.use(
    await openCadIngest({
      ...(await partsOf('cad-ingest')),
      blobs: mail.blobs,
      queue: await host.queue('cad-ingest'),
      smtp,
      mailDomain,
    }),
  );
  const gateway = stack.use(
    await openGateway({
      ...(await partsOf('gateway')),
      ...settings.gateway,
      http,
      ...(publicOrigin === undefined ? {} : { publicOrigin }),
      doors: { files: files.door, 'cad-mail': mail.door, checkpoints: checkpoints.door },
      cache: host.cache,
      mailer: host.mailer,
      firstRunFile: join(dataDir, 'first-run.json'),
    }),
  );
  origin = gateway.origin;
  return { origin, smtpPort: cad.smtpPort };
}

if (import.meta.main) {
  await runProcess('watchdesk', async (stack) => {
    const config = readConfig(
      {
        ...commonVariables,
        ...mailVariables,
        ...gatewayVariables,
        ...cadIngestVariables,
        ...ledgerVariables,
      },
      process.env,
    );
    const { DATA_DIR, HTTP_HOST, HTTP_PORT, PUBLIC_ORIGIN, LOG_LEVEL } = config;
    const log = openLog('watchdesk', LOG_LEVEL);
    const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
    stack.use(await openTraceExport({ service: 'all', endpoint, log }));
    const all = await openAll(stack, {
      dataDir: DATA_DIR,
      http: { host: HTTP_HOST, port: HTTP_PORT },
      smtp: smtpSettingsOf(config),
      mailDomain: config.MAIL_DOMAIN,
      ...(PUBLIC_ORIGIN === undefined ? {} : { publicOrigin: publicOriginOf(config) }),
      logLevel: LOG_LEVEL,
      relay: relaySettingsOf(config),
      ledger: await ledgerSettings(config),
      gateway: gatewaySettings(config),
    });
    log.info({ ...all, dataDir: DATA_DIR }, 'ready');
  });
}
