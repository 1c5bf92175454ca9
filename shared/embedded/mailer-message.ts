import { hash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { OutgoingMail } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';

/** RFC 5321 section 4.5.3.1.3. */
const ADDRESS_CHARS_MAX = 254;
/** One plain address: no name, no list, no quotes, nothing that a header could be broken with. */
const ADDRESS = /^[^\s<>()[\]\\,;:"@\p{Cc}]+@[^\s<>()[\]\\,;:"@\p{Cc}]+$/u;
export const ID_HASH_CHARS = 32;

/** The mail as it goes out (RFC 5322), whoever carries it. */
export async function composed(about: {
  readonly mail: OutgoingMail;
  readonly from: string;
  readonly at: Date;
}): Promise<Uint8Array> {
  const { mail, from, at } = about;
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail({
    from,
    to: { name: '', address: mail.to },
    subject: oneLine(mail.subject),
    text: mail.text,
    attachments: (mail.attachments ?? []).map(({ name, text }) => ({
      filename: name,
      // As bytes: in a text the lines would end as those of a mail do.
      content: Buffer.from(text),
      contentType: 'text/plain; charset=utf-8',
    })),
    date: at,
    messageId: `<${hash('sha256', mail.id, 'hex').slice(0, ID_HASH_CHARS)}@${hostOf(from)}>`,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  if (message instanceof Uint8Array) return message;
  throw new Error('the composer gives bytes when asked to');
}

/** Throws Problem `validation` for anything but one plain address. */
export function assertAddress(to: string): void {
  if (to.length <= ADDRESS_CHARS_MAX && ADDRESS.test(to)) return;
  throw new Problem('validation', { detail: 'The mail needs one plain address to go to.' });
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

function hostOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
