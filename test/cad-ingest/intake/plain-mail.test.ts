import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readByLibrary, readMime } from '#services/cad-ingest/processing/mime.ts';
import { readPlainMail } from '#services/cad-ingest/processing/plain-mail.ts';

const mailOf = (lines: readonly string[], end = '\r\n') => Buffer.from(lines.join(end), 'latin1');
const page = ['From: desk@county.example', 'Subject: CAD Page', '', 'CALL: FIRE', ''];

test.each([
  ['a page', page, { subject: 'CAD Page', text: 'CALL: FIRE\n' }],
  [
    'a page in HTML',
    ['Content-Type: text/html; charset="UTF-8"', 'Content-Transfer-Encoding: 8bit', '', '<p>A'],
    { text: '', html: '<p>A' },
  ],
  ['a mail without a body', ['Subject: FIRE 12 MILL RD', '', ''], { subject: 'FIRE 12 MILL RD' }],
])('the library is not needed for %s', (_, lines, found) => {
  expect(readPlainMail(mailOf(lines))).toEqual(found);
});

test.each([
  ['Content-Type: multipart/mixed; boundary=b'],
  ['Content-Type: text/plain; charset=windows-1252'],
  ['Content-Type: text/plain; format=flowed'],
  ['Content-Transfer-Encoding: base64'],
  ['Content-Disposition: attachment'],
  ['Subject: =?utf-8?q?x?='],
  ['Subject: a\r\n b'],
  ['Subject: caf\xe9'],
  ['Subject: a\r\nSubject: b'],
  ['From somebody'],
])('a mail with %j is left to the library', (line) => {
  expect(readPlainMail(mailOf([line, '', 'CALL: FIRE']))).toBeUndefined();
});

test('a plain mail is read as the library reads it', async () => {
  const line = fc.constantFrom(
    'Subject: CAD Page',
    'subject:  FIRE   12 MILL RD\t',
    'Subject:',
    'Subject: a: b',
    'Subject: caf\xe9',
    'Subject : x',
    'From: "A, B" <desk@county.example>, broken',
    'Date: Thu, 2 Jan 2031 04:05:06 +0000',
    'Received: by relay.example;',
    '\tThu, 2 Jan 2031',
    ' ',
    'List-Id: <a.example>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain',
    'Content-Type: text/plain ; charset=US-ASCII;',
    'Content-Type:text/html;charset="utf-8"',
    'content-type: TEXT/PLAIN; charset=utf8',
    'Content-Type: text/plain; name=x.txt',
    'Content-Type: text/plain; charset="utf-8',
    'Content-Type: text/plain; charset=utf-8"',
    'Content-Transfer-Encoding: 7bit',
    'Content-Transfer-Encoding: 8BIT',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Description: x',
    'From somebody Thu',
    'POST / HTTP/1.1',
    'no field',
    'X:',
  );
  const body = fc.array(
    fc.constantFrom('CALL: FIRE', '', '.', '--', '--b', 'caf\xc3\xa9', '\xe9', '\r', 'a=20', '\0'),
    { maxLength: 6 },
  );
  const end = fc.constantFrom('\r\n', '\n');
  let plain = 0;
  const mail = fc.record({ header: fc.array(line, { maxLength: 5 }), body, end });
  await fc.assert(
    fc.asyncProperty(mail, async ({ header, body, end }) => {
      const bytes = mailOf([...header, '', ...body], end);
      if (readPlainMail(bytes) === undefined) return;
      plain += 1;
      expect(await readMime(bytes)).toEqual(await readByLibrary(bytes));
    }),
    { numRuns: 600 },
  );
  expect(plain).toBeGreaterThan(30);
});
