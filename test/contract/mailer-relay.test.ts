/** What a relay is given, and what becomes of a mail that it does not take. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { connectionTo, openRelayMailer } from '#shared/embedded/mailer-relay.ts';
import { temporaryFolder } from '#test/support/folder.ts';
import { freePort } from '#test/support/processes.ts';
import { openSmtpRelay } from '#test/support/smtp-relay.ts';

const FROM = 'desk@watchdesk.example';
const mail = {
  to: 'chief@example.org',
  subject: 'Einladung für die Brücke 🚒',
  text: 'Willkommen.\n.\nFrom here on.\n',
  id: 'invitation-1',
};

async function opened(says: Parameters<typeof openSmtpRelay>[0] = {}) {
  const stack = new AsyncDisposableStack();
  const { url, taken } = stack.use(await openSmtpRelay(says));
  const relay = { url, from: FROM };
  const mailer = stack.use(await openRelayMailer({ relay, clock: Date.now }));
  return { mailer, taken, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('the mailer on a relay', () => {
  test('gives it the whole mail, for one recipient, under an id that a repeat has too', async () => {
    await using made = await opened();
    expect(await made.mailer.send(mail)).toBe('taken');
    expect(await made.mailer.send(mail)).toBe('taken');
    const [first, second] = made.taken;
    expect(first?.to).toBe(mail.to);
    const parsed = await simpleParser(first?.raw ?? '');
    expect(parsed.subject).toBe(mail.subject);
    expect(parsed.text?.replaceAll('\r\n', '\n')).toBe(mail.text);
    expect(parsed.from).toMatchObject({ text: FROM });
    expect((await simpleParser(second?.raw ?? '')).messageId).toBe(parsed.messageId);
  });

  test.each(['550 5.1.1 <chief@example.org> unknown', '553 5.1.3 Bad', '550 5.2.1 Disabled'])(
    'hears from "%s" that there is no such mailbox',
    async (answer) => {
      await using made = await opened({ recipient: () => answer });
      expect(await made.mailer.send(mail)).toBe('refused');
      expect(made.taken).toEqual([]);
    },
  );

  test.each([
    ['554 5.7.1 Relay access denied', 'validation'],
    ['550 5.1.8 Sender unknown', 'validation'],
    ['550 relay not permitted', 'validation'],
    ['450 4.2.0 Greylisted', 'unavailable'],
    ['452 4.2.2 Mailbox full', 'unavailable'],
  ])('takes "%s" for nothing against the person', async (answer, code) => {
    await using made = await opened({ recipient: () => answer });
    const error = await made.mailer.send(mail).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error)).not.toContain(mail.to);
  });

  test.each([
    ['552 5.3.4 Too large', 'validation'],
    ['550 5.1.1 said too late to be about the one recipient', 'validation'],
    ['451 4.3.0 Later', 'unavailable'],
  ])('hears "%s" after the mail itself', async (answer, code) => {
    await using made = await opened({ data: () => answer });
    await expect(made.mailer.send(mail)).rejects.toMatchObject({ code });
  });

  test('says unavailable while nobody is there', async () => {
    const relay = { url: `smtp://127.0.0.1:${await freePort()}`, from: FROM };
    await using mailer = await openRelayMailer({ relay, clock: Date.now });
    await expect(mailer.send(mail)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('signs in with the password of a file; a wrong one is trouble of ours, not of the mail', async () => {
    await using folder = await temporaryFolder();
    const signIn = { user: 'desk', password: 'right one' };
    await using server = await openSmtpRelay({ signIn });
    const passwordFile = join(folder.path, 'password');
    const relay = { url: server.url, from: FROM, signIn: { user: 'desk', passwordFile } };
    await writeFile(passwordFile, 'right one\n');
    await using mailer = await openRelayMailer({ relay, clock: Date.now });
    expect(await mailer.send(mail)).toBe('taken');
    await writeFile(passwordFile, 'wrong one\n');
    await using other = await openRelayMailer({ relay, clock: Date.now });
    await expect(other.send(mail)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each([
    ['smtp://relay.example', { host: 'relay.example', port: 587, requireTLS: true }],
    ['smtps://relay.example', { port: 465, secure: true, ignoreTLS: false }],
    ['smtp://127.0.0.1:25', { port: 25, requireTLS: false, ignoreTLS: true }],
    ['smtp://[::1]:25', { host: '::1', ignoreTLS: true }],
    ['smtp://127.0.0.1.example:25', { requireTLS: true, ignoreTLS: false }],
    ['smtp://localhost.example:25', { requireTLS: true, ignoreTLS: false }],
  ])('goes to %s in the clear on this machine alone', (url, connection) => {
    expect(connectionTo(url)).toMatchObject(connection);
  });
});
