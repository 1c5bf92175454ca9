/** A message that is submitted with a key, as a mail: one pipeline is behind all doors. Pure. */
import { hash } from 'node:crypto';

export interface SubmittedText {
  readonly id: string;
  readonly sourceId: string;
  readonly subject?: string | undefined;
  readonly body?: string | undefined;
}

/** RFC 2606 section 2: no mail can ever come from there, or go there. */
const DOMAIN = 'submitted.invalid';
/** RFC 2047 section 2: an encoded word has at most 75 characters; these make 60 of them base64. */
const WORD_BYTES_MAX = 45;
/** RFC 2045 section 6.8. */
const BASE64_LINE_CHARS = 76;

/** The same bytes for the same message, so that a repeated one is known by its hash. */
export function mailOf({ id, sourceId, subject = '', body = '' }: SubmittedText): Buffer {
  const lines = Buffer.from(body.toWellFormed()).toString('base64');
  const header = [
    `From: <source-${sourceId}@${DOMAIN}>`,
    `Message-ID: <${hash('sha256', id.toWellFormed())}@${DOMAIN}>`,
    ...(subject === '' ? [] : [`Subject: ${encodedWords(subject.toWellFormed())}`]),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
  ];
  const pieces = lines.match(new RegExp(`.{1,${BASE64_LINE_CHARS}}`, 'g')) ?? [];
  return Buffer.from([...header, '', ...pieces, ''].join('\r\n'), 'latin1');
}

/** Whole characters in each word: RFC 2047 section 5 forbids to cut one. */
function encodedWords(text: string): string {
  const words: string[] = [];
  let piece = '';
  for (const character of text) {
    if (Buffer.byteLength(piece + character) > WORD_BYTES_MAX) {
      words.push(piece);
      piece = '';
    }
    piece += character;
  }
  words.push(piece);
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}
