import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MAIL_BYTES_MAX } from '#contracts/limits.ts';
import { until } from '#test/support/api.ts';
import { selfSigned } from './certificate.ts';
import { type Department, type Desk, department, openDesk } from './desk.ts';
import { dispatchMail } from './mails.ts';
import { openDialog } from './smtp-dialog.ts';

let desk: Desk;
let own: Department;
let address: string;
beforeAll(async () => {
  desk = await openDesk();
});
beforeEach(async () => {
  own = department(desk);
  address = (await own.source()).address;
});
afterAll(() => desk[Symbol.asyncDispose]());

async function open(port = desk.smtpPort) {
  const dialog = await openDialog(port);
  await dialog.say('EHLO mx.county.example');
  return dialog;
}

describe('a recipient that leads nowhere', () => {
  test.each([
    'nobody@desk.example',
    `cad+${'a'.repeat(32)}@desk.example`,
    'cad@desk.example',
    'desk@county.example',
    'postmaster',
  ])('%s is refused with 550 5.1.1, and nothing is said about why', async (recipient) => {
    await using dialog = await open();
    await dialog.say('MAIL FROM:<desk@county.example>');
    const answer = await dialog.say(`RCPT TO:<${recipient}>`);
    expect(answer).toBe('550 5.1.1 No such recipient here');
    expect(await dialog.say('DATA')).toMatch(/^503 /);
  });

  test('at another domain with a right token is refused: nothing is relayed', async () => {
    await using dialog = await open();
    await dialog.say('MAIL FROM:<desk@county.example>');
    const answer = await dialog.say(`RCPT TO:<${address.replace('desk.example', 'x.example')}>`);
    expect(answer).toBe('550 5.1.1 No such recipient here');
  });

  test('does not keep a mail from the recipients that are known', async () => {
    const sent = await desk.send(dispatchMail(), ['nobody@desk.example', address]);
    expect(sent).toMatchObject({ accepted: [address], rejected: ['nobody@desk.example'] });
    await own.incidentsOnce(1);
  });

  test('tried again and again ends the connection', async () => {
    await using dialog = await open();
    await dialog.say('MAIL FROM:<desk@county.example>');
    const answers = [];
    for (let count = 0; count < 6; count += 1) {
      answers.push((await dialog.say(`RCPT TO:<x${count}@desk.example>`)).slice(0, 3));
    }
    expect(answers).toEqual(['550', '550', '550', '550', '550', '421']);
    await dialog.closed();
  });
});

describe('limits', () => {
  test('a mail that says that it is too large is refused before it is sent', async () => {
    await using dialog = await open();
    const answer = await dialog.say(`MAIL FROM:<desk@county.example> SIZE=${MAIL_BYTES_MAX + 1}`);
    expect(answer).toMatch(/^552 5\.3\.4 /);
  });

  test('one that is too large without saying so is refused at its end, and not kept', async () => {
    const body = `${'x'.repeat(76)}\r\n`.repeat(Math.ceil(MAIL_BYTES_MAX / 78));
    const { response } = await desk.send(dispatchMail({ body }), address);
    expect(response).toMatch(/^552 /);
    expect(await own.messages()).toEqual([]);
    const { response: next } = await desk.send(dispatchMail(), address);
    expect(next).toMatch(/^250 /);
  });

  test('one just within the limit is taken', async () => {
    const body = `${'x'.repeat(76)}\r\n`.repeat(Math.floor(MAIL_BYTES_MAX / 78) - 10);
    const { response } = await desk.send(dispatchMail({ body }), address);
    expect(response).toMatch(/^250 /);
    await own.incidentsOnce(1);
  });

  test('a mail has at most twenty recipients', async () => {
    await using dialog = await open();
    await dialog.say('MAIL FROM:<desk@county.example>');
    for (let count = 0; count < 20; count += 1) {
      const { address: another } = await own.source();
      expect(await dialog.say(`RCPT TO:<${another}>`)).toMatch(/^250 /);
    }
    expect(await dialog.say(`RCPT TO:<${address}>`)).toMatch(/^452 /);
  });

  test('ten commands that are none end the connection', async () => {
    await using dialog = await open();
    const answers = [];
    for (let count = 0; count < 10; count += 1) {
      answers.push((await dialog.say('WHAT')).slice(0, 3));
    }
    expect(answers).toEqual([...Array(9).fill('500'), '421']);
    await dialog.closed();
  });

  test('a command line has an end', async () => {
    await using dialog = await open();
    expect(await dialog.say(`NOOP ${'x'.repeat(5_000)}`)).toMatch(/^421 /);
  });
});

describe('the protocol', () => {
  test('offers size and no authentication, and no STARTTLS without a key', async () => {
    await using dialog = await openDialog(desk.smtpPort);
    const answer = await dialog.say('EHLO mx.county.example');
    expect(answer).toContain(`SIZE ${MAIL_BYTES_MAX}`);
    expect(answer).not.toMatch(/AUTH|STARTTLS|SMTPUTF8/);
    expect(await dialog.say('AUTH PLAIN AGEAYg==')).toMatch(/^500 /);
    expect(await dialog.say('STARTTLS')).toMatch(/^500 /);
  });

  test('takes several mails on one connection, each with its own envelope', async () => {
    const other = department(desk);
    const { address: theirs } = await other.source();
    await using dialog = await open();
    expect(await dialog.mail(dispatchMail(), { to: address })).toMatch(/^250 /);
    expect(await dialog.mail(dispatchMail(), { to: theirs })).toMatch(/^250 /);
    await own.incidentsOnce(1);
    await other.incidentsOnce(1);
  });

  test('a mail that is not ended is not kept', async () => {
    const dialog = await open();
    await dialog.say('MAIL FROM:<desk@county.example>');
    await dialog.say(`RCPT TO:<${address}>`);
    await dialog.say('DATA');
    dialog.write(dispatchMail());
    await new Promise((resolve) => setTimeout(resolve, 50));
    dialog.hangUp();
    await desk.send(dispatchMail(), address);
    await own.incidentsOnce(1);
    expect(await own.messages()).toHaveLength(1);
  });

  test.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r'])(
    'a second mail cannot be smuggled behind the end of data that is none: %j',
    async (falseEnd) => {
      await using dialog = await open();
      await dialog.say('MAIL FROM:<desk@county.example>');
      await dialog.say(`RCPT TO:<${address}>`);
      await dialog.say('DATA');
      const commands = `MAIL FROM:<desk@county.example>\r\nRCPT TO:<${address}>\r\nDATA\r\n`;
      dialog.write(`${dispatchMail()}${falseEnd}${commands}${dispatchMail()}`);
      expect(await dialog.say('\r\n.')).toMatch(/^250 /);
      // Its text may be read as two calls; it stays the one mail whose sender was judged.
      await own.messageOnce('processed');
      expect(await own.messages()).toHaveLength(1);
    },
  );
});

/** Tests that stop the service or move its clock have it for themselves. */
describe('a door of its own', () => {
  test('ends a session after ten minutes, however busy it is', async () => {
    await using apart = await openDesk();
    await using dialog = await open(apart.smtpPort);
    apart.test.advance(10 * 60_000 + 1);
    await dialog.closed();
  });

  test('gives one address forty connections, and more when it closes some', async () => {
    await using apart = await openDesk();
    const connect = () => openDialog(apart.smtpPort);
    const dialogs = await Promise.all(Array.from({ length: 40 }, connect));
    expect(dialogs.every(({ greeting }) => greeting.startsWith('220 '))).toBe(true);
    await using late = await connect();
    expect(late.greeting).toMatch(/^421 /);
    for (const dialog of dialogs) dialog.hangUp();
    const greetings = async () => {
      await using again = await connect();
      return again.greeting;
    };
    await until('a place', greetings, (greeting) => greeting.startsWith('220 '));
  });

  test('offers STARTTLS where a key is configured, and takes a mail inside of it', async () => {
    await using apart = await openDesk();
    const theirs = department(apart);
    const { address: to } = await theirs.source();
    const { cert, key } = selfSigned('desk.example');
    const tls = {
      certFile: join(apart.test.dataDir, 'smtp.crt'),
      keyFile: join(apart.test.dataDir, 'smtp.key'),
    };
    await writeFile(tls.certFile, cert);
    await writeFile(tls.keyFile, key);
    await apart.stop();
    await apart.start({ tls });
    await using dialog = await openDialog(apart.smtpPort);
    expect(await dialog.say('EHLO mx.county.example')).toContain('STARTTLS');
    expect(await dialog.say('STARTTLS')).toMatch(/^220 /);
    await dialog.upgrade(cert);
    expect(await dialog.say('EHLO mx.county.example')).not.toContain('STARTTLS');
    expect(await dialog.mail(dispatchMail(), { to })).toMatch(/^250 /);
    await theirs.incidentsOnce(1);
  });

  test('lets the mail in hand end when it stops, and idle clients do not hold it up', async () => {
    await using apart = await openDesk();
    const theirs = department(apart);
    const { address: to } = await theirs.source();
    await using idle = await open(apart.smtpPort);
    await using dialog = await open(apart.smtpPort);
    await dialog.say('MAIL FROM:<desk@county.example>');
    await dialog.say(`RCPT TO:<${to}>`);
    await dialog.say('DATA');
    const stopped = apart.stop();
    await idle.closed();
    dialog.write(dispatchMail());
    expect(await dialog.say('\r\n.')).toMatch(/^250 /);
    await dialog.say('QUIT');
    await stopped;
    await apart.start();
    await theirs.incidentsOnce(1);
  });
});
