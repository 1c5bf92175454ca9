/** The variables by which a process knows who carries its mail to people. */
import { z } from 'zod';
import type { RelaySettings } from './open.ts';

const text = z.string().min(1).optional();

export const mailVariables = {
  /** The sender; on AWS an address of a domain that SES has verified. */
  MAIL_FROM: z.email().optional(),
  /** On one machine: `smtp://` or `smtps://` of a relay; absent: mail is left in a folder. */
  MAIL_RELAY_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_RELAY_USER: text,
  MAIL_RELAY_PASSWORD_FILE: text,
};

export type MailConfig = z.infer<z.ZodObject<typeof mailVariables>>;

/** The relay; throws a sentence that names the variables which it still needs. */
export function relaySettingsOf(config: MailConfig): RelaySettings | undefined {
  const { MAIL_RELAY_URL: url, MAIL_FROM: from } = config;
  const { MAIL_RELAY_USER: user, MAIL_RELAY_PASSWORD_FILE: passwordFile } = config;
  if (url === undefined) return undefined;
  if (from === undefined) throw new Error('MAIL_RELAY_URL needs MAIL_FROM as well.');
  if (user === undefined && passwordFile === undefined) return { url, from };
  if (user === undefined || passwordFile === undefined) {
    throw new Error('MAIL_RELAY_USER and MAIL_RELAY_PASSWORD_FILE need each other.');
  }
  return { url, from, signIn: { user, passwordFile } };
}
