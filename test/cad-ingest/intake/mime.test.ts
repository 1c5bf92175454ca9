import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PAGE_TEXT_CHARS_MAX } from '#contracts/limits.ts';
import { readMime } from '#services/cad-ingest/processing/mime.ts';
import { costlyMails } from './costly-mails.ts';

const read = (raw: string) => readMime(Buffer.from(raw, 'latin1'));
const head = 'From: desk@county.example\r\n';

describe('a mail is taken apart', () => {
  test('plain text with an encoded subject', async () => {
    const raw = `${head}Subject: =?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?b?IGZpcmU=?=\r\n\r\nCALL: FIRE\r\n`;
    expect(await read(raw)).toEqual({ kind: 'mime', subject: 'Café fire', text: 'CALL: FIRE\n' });
  });

  test('text and HTML beside each other, without the attachment', async () => {
    const raw = [
      `${head}Subject: x`,
      'Content-Type: multipart/mixed; boundary=m',
      '',
      '--m',
      'Content-Type: multipart/alternative; boundary=a',
      '',
      '--a',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'ADDR: 12 Caf=C3=A9 Rd',
      '--a',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>ADDR: <img src="cid:1"> 12 &amp; http://x.example</p>',
      '--a--',
      '--m',
      'Content-Type: application/pdf',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename=run.pdf',
      '',
      'JVBERi0xLjQK',
      '--m--',
      '',
    ].join('\r\n');
    expect(await read(raw)).toEqual({
      kind: 'mime',
      subject: 'x',
      text: 'ADDR: 12 Café Rd',
      html: '<p>ADDR: <img src="cid:1"> 12 &amp; http://x.example</p>',
    });
  });

  test('another character set', async () => {
    const raw = `${head}Content-Type: text/plain; charset=windows-1252\r\n\r\n12 Caf\xe9 Rd\r\n`;
    expect(await read(raw)).toEqual({ kind: 'mime', text: '12 Café Rd\n' });
  });

  test('no text at all', async () => {
    const raw = `${head}Subject: x\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n`;
    expect(await read(raw)).toEqual({ kind: 'mime', subject: 'x' });
  });
});

describe('a mail that is made to be costly is refused or cut', () => {
  test.each(Object.entries(costlyMails))('%s', async (_, { raw, expected }) => {
    const mime = await readMime(raw);
    if (expected !== 'cut') return expect(mime).toEqual({ kind: 'refused', because: expected });
    expect(mime).toMatchObject({ kind: 'mime', subject: 'CAD Page' });
    if (mime.kind !== 'mime') return;
    expect(Math.max(mime.text?.length ?? 0, mime.html?.length ?? 0)).toBe(PAGE_TEXT_CHARS_MAX);
  });
});

test('any bytes get an answer', async () => {
  const line = fc.constantFrom(
    'Content-Type: multipart/mixed; boundary=b',
    'Content-Type: message/rfc822',
    'Content-Transfer-Encoding: base64',
    'Content-Type: text/html; charset=nonsense',
    '--b',
    '--b--',
    '',
    ' x',
    '=?utf-8?b?/w==?=',
  );
  const mail = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(lines.join('\r\n'))),
  );
  await fc.assert(
    fc.asyncProperty(mail, async (raw) => {
      expect((await readMime(raw)).kind).toMatch(/^(mime|refused)$/);
    }),
    { numRuns: 300 },
  );
});
