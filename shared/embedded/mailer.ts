/**
 * The mailer port on a folder: each mail is a file `<name>.eml` there (RFC 5322), for whoever
 * carries the mail from this machine, and for people who look at what was sent. The file is named
 * after the mail's id and is there whole or not at all. A mail that was sent already stays as it
 * is: a repeated send is the same mail, and not a second one with another date.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Mailer, OutgoingMail } from '#shared/ports/mailer.ts';
import { Problem } from '#shared/problem.ts';
import { createFile, makeFolder, sweepTemporary } from './disk/durable.ts';

/** RFC 5321 section 4.5.3.1.3. */
const ADDRESS_CHARS_MAX = 254;
/** One plain address: no name, no list, no quotes, nothing that a header could be broken with. */
const ADDRESS = /^[^\s<>()[\]\\,;:"@\p{Cc}]+@[^\s<>()[\]\\,;:"@\p{Cc}]+$/u;
const READABLE_CHARS_MAX = 64;
const ID_HASH_CHARS = 32;

export async function openMailer(settings: {
  readonly dir: string;
  readonly clock: () => number;
  readonly from?: string;
}): Promise<Mailer> {
  const { dir, clock, from = 'watchdesk@localhost' } = settings;
  await makeFolder(dir);
  await sweepTemporary(dir, clock());
  return {
    async send(mail) {
      assertAddress(mail.to);
      const bytes = await composed({ mail, from, at: new Date(clock()) });
      await createFile(join(dir, fileNameOf(mail.id)), bytes);
    },
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
}

async function composed(about: {
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

function assertAddress(to: string): void {
  if (to.length <= ADDRESS_CHARS_MAX && ADDRESS.test(to)) return;
  throw new Problem('validation', { detail: 'The mail needs one plain address to go to.' });
}

/** Begins with what people can recognise; the hash makes it safe and different for each id. */
function fileNameOf(id: string): string {
  const readable = id.replaceAll(/[^A-Za-z0-9-]/g, '_').slice(0, READABLE_CHARS_MAX);
  return `${readable}-${hash('sha256', id, 'hex').slice(0, ID_HASH_CHARS)}.eml`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

function hostOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
