import { dispatchMail } from './mails.ts';

const MB = 1024 * 1024;

/** Mails of the classes that are made to cost a reader time or memory, and what is made of each. */
export const costlyMails: Readonly<
  Record<
    string,
    {
      readonly raw: Buffer;
      /** `cut`: it is read as far as PAGE_TEXT_CHARS_MAX. */
      readonly expected: 'too-many-levels' | 'too-many-parts' | 'header-too-large' | 'cut';
    }
  >
> = {
  'parts inside of parts': {
    raw: mail(nested(60), ''),
    expected: 'too-many-levels',
  },
  'mails inside of mails': {
    raw: mail('Content-Type: message/rfc822', 'Content-Type: message/rfc822\r\n\r\n'.repeat(5_000)),
    expected: 'too-many-levels',
  },
  'very many parts': {
    raw: mail(
      'Content-Type: multipart/mixed; boundary=b',
      '--b\r\nContent-Type: text/plain\r\n\r\nADDR: 1 Mill Rd\r\n'.repeat(250),
    ),
    expected: 'too-many-parts',
  },
  'a huge header inside of a part': {
    raw: mail(
      'Content-Type: multipart/mixed; boundary=b',
      `--b\r\n${`X-Long: ${'a'.repeat(900)}\r\n`.repeat(2_000)}\r\nADDR: 1 Mill Rd\r\n--b--\r\n`,
    ),
    expected: 'header-too-large',
  },
  'a megabyte of nested tags': {
    raw: mail('Content-Type: text/html', '<div>'.repeat(MB / 5)),
    expected: 'cut',
  },
  'megabytes of line feeds': {
    raw: mail('Content-Type: text/plain', '\n'.repeat(4 * MB)),
    expected: 'cut',
  },
  'megabytes on one line': {
    raw: mail('Content-Type: text/plain', 'a'.repeat(8 * MB)),
    expected: 'cut',
  },
};

function mail(contentType: string, body: string): Buffer {
  return Buffer.from(dispatchMail({ header: `${contentType}\r\n`, body }), 'latin1');
}

function nested(levels: number): string {
  const opens = Array.from(
    { length: levels },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  );
  return `${opens.join('')}Content-Type: text/plain`;
}
