/** What the files in the mail folder hold, read as a mail client would. */
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { openMailer } from '#shared/embedded/mailer.ts';
import type { OutgoingMail } from '#shared/ports/mailer.ts';
import { openPlace } from './adapters.ts';

async function opened() {
  const place = await openPlace();
  const dir = join(place.folder, 'mail-out');
  const mailer = place.use(await openMailer({ dir, clock: place.clock }));
  const files = async () => {
    const names = (await readdir(dir)).toSorted();
    return Promise.all(
      names.map(async (name) => ({ name, bytes: await readFile(join(dir, name)) })),
    );
  };
  return { place, dir, mailer, files };
}

const mail: OutgoingMail = {
  to: 'chief@example.org',
  subject: 'Einladung für die Brücke 🚒',
  text: 'Willkommen.\n\n.\nFrom here on: ünïcode.\n',
  id: 'invitation-1',
};

describe('the mail folder', () => {
  test('has one file for one mail, with what was to be sent', async () => {
    const { place, mailer, files } = await opened();
    await using _ = place;
    await mailer.send(mail);
    const [file, ...others] = await files();
    expect(others).toEqual([]);
    expect(file?.name).toMatch(/^invitation-1-[0-9a-f]{32}\.eml$/);
    const parsed = await simpleParser(file?.bytes ?? '');
    expect(parsed.subject).toBe(mail.subject);
    expect(parsed.text?.replaceAll('\r\n', '\n')).toBe(mail.text);
    expect(parsed.to).toMatchObject({ text: mail.to });
    expect(parsed.from).toMatchObject({ text: 'watchdesk@localhost' });
    expect(parsed.date?.getTime()).toBe(Math.floor(place.clock() / 1000) * 1000);
    expect(parsed.html).toBe(false);
  });

  test('has what is attached, byte for byte, under its name', async () => {
    const { place, mailer, files } = await opened();
    await using _ = place;
    const text = 'ledger.example/log/00\n9\nq6ur\n\n— ledger.example/log/00 c2ln\n';
    await mailer.send({ ...mail, attachments: [{ name: 'checkpoint.txt', text }] });
    const [file] = await files();
    const { attachments } = await simpleParser(file?.bytes ?? '');
    expect(attachments).toMatchObject([{ filename: 'checkpoint.txt', contentType: 'text/plain' }]);
    expect(attachments[0]?.content.toString()).toBe(text);
  });

  test('keeps a mail that is sent again as it was at first', async () => {
    const { place, mailer, files } = await opened();
    await using _ = place;
    await mailer.send(mail);
    const before = await files();
    place.clock.advance(60_000);
    await mailer.send(mail);
    expect(await files()).toEqual(before);
  });

  test('has the same message id for the same id, and another one for another', async () => {
    const first = await opened();
    await using _first = first.place;
    const second = await opened();
    await using _second = second.place;
    await first.mailer.send(mail);
    await second.mailer.send({ ...mail, subject: 'as said by another process' });
    await second.mailer.send({ ...mail, id: 'invitation-2' });
    const idsOf = async (made: typeof first) => {
      const all = await Promise.all((await made.files()).map(({ bytes }) => simpleParser(bytes)));
      return all.map(({ messageId }) => messageId);
    };
    const [one] = await idsOf(first);
    const two = await idsOf(second);
    expect(one).toMatch(/^<[0-9a-f]{32}@localhost>$/);
    expect(two.filter((id) => id === one)).toHaveLength(1);
    expect(new Set(two).size).toBe(2);
  });

  test('cannot be made to hold other headers, recipients or files, whatever the mail says', async () => {
    const { place, mailer, files } = await opened();
    await using _ = place;
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `x\r\nBcc: spy@example.com\r\n\r\n${text}`),
      fc.string().map((text) => `../../${text}/..`),
    );
    const known = ['from', 'to', 'subject', 'message-id', 'date', 'mime-version'];
    const content = ['content-type', 'content-transfer-encoding'];
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, async (subject, text, id) => {
        await mailer.send({ to: mail.to, subject, text, id });
        const fresh = (await files()).filter(({ name }) => !seen.has(name));
        for (const { name, bytes } of fresh) {
          seen.add(name);
          expect(name).toMatch(/^[A-Za-z0-9_-]{0,64}-[0-9a-f]{32}\.eml$/);
          const parsed = await simpleParser(bytes);
          const headers = [...parsed.headers.keys()];
          expect([...known, ...content]).toEqual(expect.arrayContaining(headers));
          expect(parsed.to).toMatchObject({ text: mail.to });
          expect(parsed.subject ?? '').not.toMatch(/\p{Cc}/u);
          expect(parsed.attachments).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('is rid of what a process that died has left half written', async () => {
    const { place, dir } = await opened();
    await using _ = place;
    const [old, young] = [join(dir, '.tmp-old'), join(dir, '.tmp-young')];
    await writeFile(old, 'half');
    await writeFile(young, 'half');
    const longAgo = place.clock() / 1000 - 2 * 60 * 60;
    await utimes(old, longAgo, longAgo);
    await utimes(young, place.clock() / 1000, place.clock() / 1000);
    await using _later = await openMailer({ dir, clock: place.clock });
    expect(await readdir(dir)).toEqual(['.tmp-young']);
  });
});
