/**
 * The mailer port on a folder: each mail is a file `<name>.eml` there (RFC 5322), for whoever
 * carries the mail from this machine, and for people who look at what was sent. The file is named
 * after the mail's id and is there whole or not at all. A mail that was sent already stays as it
 * is: a repeated send is the same mail, and not a second one with another date.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Mailer } from '#shared/ports/mailer.ts';
import { createFile, makeFolder, sweepTemporary } from './disk/durable.ts';
import { assertAddress, composed, ID_HASH_CHARS } from './mailer-message.ts';

const READABLE_CHARS_MAX = 64;

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
      return 'taken';
    },
    async [Symbol.asyncDispose]() {
      // Nothing is held open between calls.
    },
  };
}

/** Begins with what people can recognise; the hash makes it safe and different for each id. */
function fileNameOf(id: string): string {
  const readable = id.replaceAll(/[^A-Za-z0-9-]/g, '_').slice(0, READABLE_CHARS_MAX);
  return `${readable}-${hash('sha256', id, 'hex').slice(0, ID_HASH_CHARS)}.eml`;
}
