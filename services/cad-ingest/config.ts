import { z } from 'zod';
import { port } from '#shared/config.ts';
import type { SmtpSettings } from './intake/smtp.ts';

/** A host name as it stands behind the `@` of the addresses that this machine receives for. */
const mailDomain = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, {
  error: 'must be a domain, such as desk.example.org',
});

/** Variables of this service, besides those of every process. */
export const cadIngestVariables = {
  SMTP_HOST: z.string().min(1).default('127.0.0.1'),
  SMTP_PORT: port.default(2525),
  /** PEM files; with both of them the listener offers STARTTLS. */
  SMTP_TLS_CERT_FILE: z.string().min(1).optional(),
  SMTP_TLS_KEY_FILE: z.string().min(1).optional(),
  MAIL_DOMAIN: mailDomain.default('watchdesk.localhost'),
};

/** The SMTP settings of an environment; throws a sentence when one half of the TLS files is missing. */
export function smtpSettingsOf(
  config: z.infer<z.ZodObject<typeof cadIngestVariables>>,
): SmtpSettings {
  const { SMTP_HOST, SMTP_PORT, SMTP_TLS_CERT_FILE, SMTP_TLS_KEY_FILE } = config;
  const address = { host: SMTP_HOST, port: SMTP_PORT };
  if (SMTP_TLS_CERT_FILE === undefined && SMTP_TLS_KEY_FILE === undefined) return address;
  if (SMTP_TLS_CERT_FILE === undefined || SMTP_TLS_KEY_FILE === undefined) {
    throw new Error('SMTP_TLS_CERT_FILE and SMTP_TLS_KEY_FILE are given together or not at all.');
  }
  return { ...address, tls: { certFile: SMTP_TLS_CERT_FILE, keyFile: SMTP_TLS_KEY_FILE } };
}
