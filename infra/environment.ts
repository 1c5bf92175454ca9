/**
 * The variables of each service on many machines, under the names of their `config.ts`. A test reads
 * them with those schemas. Secrets are named here, never given.
 */
import type { Data } from './access.ts';
import { SECRETS_FOLDER } from './definition.ts';
import type { ServiceName } from './services.ts';
import type { Settings } from './settings.ts';
import { HTTP_PORT } from './tasks.ts';

/** Where a process that is not the gateway answers probes. */
export const PROBE_PORT = 8081;

/** Files of secrets in a service's container. */
export const BUS_PASSWORD = 'bus.password';
export const BUS_AUTHORITY = 'bus-authority.pem';

export interface Surroundings {
  readonly settings: Settings;
  readonly data: Data;
  readonly busUrl: string;
  readonly cacheUrl: string;
}

export function environmentOf(
  service: ServiceName,
  around: Surroundings,
): Readonly<Record<string, string>> {
  const { settings, data, busUrl } = around;
  return {
    DATA_DIR: '/data',
    PROFILE: 'aws',
    AWS_REGION: settings.region,
    INSTALLATION: settings.name,
    VAULT_KEY_ID: data.keys.vault.keyArn,
    MAIL_FROM: `watchdesk@${settings.hostedZone.name}`,
    MAIL_CONFIGURATION_SET: settings.name,
    CACHE_URL: around.cacheUrl,
    ...storesOf(service, data),
    PUBLIC_ORIGIN: `https://${settings.domain}`,
    BUS_URL: busUrl,
    BUS_USER: service,
    BUS_PASSWORD_FILE: `${SECRETS_FOLDER}/${BUS_PASSWORD}`,
    BUS_CA_FILE: `${SECRETS_FOLDER}/${BUS_AUTHORITY}`,
    ...(service === 'gateway'
      ? { HTTP_HOST: '0.0.0.0', HTTP_PORT: String(HTTP_PORT), DRAIN_SECONDS: '10' }
      : { PROBE_HOST: '0.0.0.0', PROBE_PORT: String(PROBE_PORT) }),
    ...(service === 'cad-ingest' ? { MAIL_DOMAIN: settings.mailDomain } : {}),
  };
}

/** Where a service keeps bytes and work, by name. */
function storesOf(service: ServiceName, { stores, mail }: Data): Readonly<Record<string, string>> {
  const { names } = stores;
  switch (service) {
    case 'files':
      return { FILES_BUCKET: names.files };
    case 'cad-ingest':
      return {
        CAD_MAIL_BUCKET: names.cadMail,
        WORK_QUEUE: mail.work.queue.queueName,
        RECEIVED_QUEUE: mail.received.queue.queueName,
      };
    case 'gateway':
      return { FEEDBACK_QUEUE: mail.feedback.queue.queueName };
    case 'ledger':
      return { CHECKPOINTS_BUCKET: names.checkpoints };
    default:
      return {};
  }
}
