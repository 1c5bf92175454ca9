/**
 * The mailer port on an SMTP relay (RFC 5321): each mail goes there as it is composed, one connection
 * for each. What the relay has taken is its own to deliver; a mail that comes back later goes to the
 * sender's mailbox, which nobody here reads.
 *
 * A relay may say at once that a mailbox does not exist, by its enhanced code (RFC 3463). Other
 * refusals for good are about the sender, the content or the relay's rules, and say nothing about
 * the person; without an enhanced code nobody can tell one from the other.
 */
import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import type { Mailer } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';
import { assertAddress, composed } from './mailer-message.ts';

export interface RelaySettings {
  /** `smtp:` or `smtps:`, with the host and perhaps a port. */
  readonly url: string;
  readonly from: string;
  /** Who signs in there; absent: nobody does. The password is the first line of the file. */
  readonly signIn?: { readonly user: string; readonly passwordFile: string };
}

/** RFC 5321 section 4.5.3.2 has minutes; callers wait beside an answer or in a round, not before one. */
const CONNECT_MS_MAX = 5_000;
const SILENCE_MS_MAX = 30_000;
const RETRY_AFTER_SECONDS = 60;
/** RFC 3463 sections 3.2 and 3.3: no such mailbox or system, no valid address, moved, disabled. */
const NO_MAILBOX = /^5\d\d[ -]5\.(1\.(1|2|3|6|10)|2\.1)\b/;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export async function openRelayMailer(settings: {
  readonly relay: RelaySettings;
  readonly clock: () => number;
}): Promise<Mailer> {
  const { relay, clock } = settings;
  const { from } = relay;
  const auth = await credentialsOf(relay);
  const transport = createTransport({
    ...connectionTo(relay.url),
    ...(auth === undefined ? {} : { auth }),
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      assertAddress(mail.to);
      const raw = await composed({ mail, from, at: new Date(clock()) });
      try {
        await transport.sendMail({ envelope: { from, to: [mail.to] }, raw: Buffer.from(raw) });
        return 'taken';
      } catch (error) {
        return judged(error);
      }
    },
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}

/** Between machines only under TLS, by a certificate that the well-known authorities vouch for. */
export function connectionTo(url: string): {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly requireTLS: boolean;
  readonly ignoreTLS: boolean;
} {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'smtps:';
  const isHere = LOOPBACK.test(hostname);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    // RFC 8314 section 7.3, RFC 6409 section 3.1.
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !isHere,
    ignoreTLS: !secure && isHere,
  };
}

async function credentialsOf({ signIn }: RelaySettings) {
  if (signIn === undefined) return undefined;
  const [pass = ''] = (await readFile(signIn.passwordFile, 'utf8')).split(/\r?\n/);
  return { user: signIn.user, pass };
}

/** What the relay said; its text quotes the address and goes no further. */
function judged(error: unknown): 'refused' {
  const { command = '', response = '' } = Object(error) as {
    readonly command?: string;
    readonly response?: string;
  };
  const isAboutRecipient = command === 'RCPT TO';
  if (isAboutRecipient && NO_MAILBOX.test(response)) return 'refused';
  const isAboutMail = isAboutRecipient || command === 'DATA' || command === 'MAIL FROM';
  if (isAboutMail && response.startsWith('5')) {
    throw new Problem('validation', { detail: 'The relay does not take this mail.' });
  }
  throw new Problem('unavailable', {
    detail: 'The relay cannot take mail just now.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
