/**
 * The mailer port on SES. The mail is composed here, as on one machine, and given as it is: SES adds
 * its own headers and a DKIM signature. It may be given twice when an answer is lost; its
 * `Message-ID` is made from the mail's id, by which a receiver knows it.
 */
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import type { Mailer } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';
import { assertAddress, composed } from '../embedded/mailer-message.ts';
import { type AwsSettings, clientConfig } from './sdk/client.ts';
import { asked, isNamed, unavailable } from './sdk/failures.ts';

/** SES takes 10 MB of a raw mail; what is over that is refused before it is sent. */
const MAIL_BYTES_MAX = 10_000_000;
/** The account may not send just now, or not as this sender: an operator's to mend. */
const STOPPED = ['AccountSendingPausedException', 'ConfigurationSetSendingPausedException'];
/** SES has looked at the mail itself and will not send it. */
const REJECTED = ['MessageRejected'];

export async function openMailer(settings: {
  readonly aws: AwsSettings;
  /** An address of a verified domain. */
  readonly from: string;
  /** The set through which SES tells of bounces and complaints. */
  readonly configurationSet?: string;
  readonly clock: () => number;
}): Promise<Mailer> {
  const { aws, from, configurationSet, clock } = settings;
  const client = new SESClient(clientConfig(aws));
  return {
    async send(mail) {
      assertAddress(mail.to);
      const bytes = await composed({ mail, from, at: new Date(clock()) });
      if (bytes.byteLength > MAIL_BYTES_MAX) {
        throw new Problem('too-large', {
          detail: `A mail of ${bytes.byteLength} bytes is over the limit of ${MAIL_BYTES_MAX}.`,
        });
      }
      const command = new SendRawEmailCommand({
        Source: from,
        Destinations: [mail.to],
        RawMessage: { Data: bytes },
        ...(configurationSet === undefined ? {} : { ConfigurationSetName: configurationSet }),
      });
      await taken(() => client.send(command));
      // That a mailbox does not exist SES finds out, and tells, later.
      return 'taken';
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

async function taken(send: () => Promise<unknown>): Promise<void> {
  try {
    await asked(send);
  } catch (error) {
    if (isNamed(error, STOPPED)) throw unavailable('Mail is not sent just now.');
    if (isNamed(error, REJECTED)) {
      throw new Problem('validation', { detail: 'The mail cannot be sent to this address.' });
    }
    throw error;
  }
}
