import { MailParser } from 'mailparser';
import { PAGE_TEXT_CHARS_MAX } from '#contracts/limits.ts';
import { HEADER_BYTES_MAX } from '../intake/header-scan.ts';
import { type PlainMail, readPlainMail } from './plain-mail.ts';

const PARTS_MAX = 200;
const LEVELS_MAX = 20;

/** Why a mail is not read at all. */
export type MimeRefusal = 'too-many-levels' | 'too-many-parts' | 'header-too-large' | 'mime-broken';

export type Mime =
  | {
      readonly kind: 'mime';
      readonly subject?: string;
      /** Text parts and HTML parts, each joined, at most PAGE_TEXT_CHARS_MAX characters. */
      readonly text?: string;
      readonly html?: string;
    }
  | { readonly kind: 'refused'; readonly because: MimeRefusal };

/**
 * Takes a mail apart: without the MIME library where it is one plain text, else by it; this is the one
 * place that knows it. It runs only in the thread of reader.ts, where time and memory are bounded. What
 * the library says of the sender is not used: of two `From` fields it takes the last.
 */
export function readMime(raw: Uint8Array): Promise<Mime> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if (levelsAtMost(bytes) > LEVELS_MAX) return Promise.resolve(refused('too-many-levels'));
  const plain = readPlainMail(bytes);
  return plain === undefined ? readByLibrary(bytes) : Promise.resolve(asMime(plain));
}

/** Any mail of not too many levels, by the MIME library alone. */
export function readByLibrary(bytes: Buffer): Promise<Mime> {
  const parser = new MailParser(options);
  const found: { subject?: string; text?: string; html?: string } = {};
  parser.on('headers', (headers) => {
    const subject = headers.get('subject');
    if (typeof subject === 'string') found.subject = bounded(subject);
  });
  parser.on('data', (part) => {
    if (part.type === 'attachment') {
      // Its bytes stay in the raw mail; here they only have to flow by.
      part.content.on('end', () => part.release());
      part.content.resume();
      return;
    }
    if (typeof part.text === 'string') found.text = bounded(part.text);
    if (typeof part.html === 'string') found.html = bounded(part.html);
  });
  return new Promise((resolve) => {
    parser.on('end', () => resolve({ kind: 'mime', ...found }));
    parser.on('error', (error: unknown) => resolve(refused(refusalIn(error))));
    parser.end(bytes);
  });
}

const options = {
  skipHtmlToText: true,
  skipImageLinks: true,
  skipTextLinks: true,
  skipTextToHtml: true,
  // Of the library's splitter, which the parser hands its options to.
  maxHeadSize: HEADER_BYTES_MAX,
  maxChildNodes: PARTS_MAX,
};

/**
 * Each level needs the header of a multipart or of an enclosed mail, so that there are no more
 * levels than such lines. Counted before the library builds a tree that it walks by recursion.
 */
function levelsAtMost(bytes: Buffer): number {
  const nests = /^content-type[ \t]*:[ \t]*(?:\r?\n[ \t]+)*(?:multipart|message)\//gim;
  return [...bytes.toString('latin1').matchAll(nests)].length;
}

/** The splitter names its limits only in the text of the error. */
function refusalIn(error: unknown): MimeRefusal {
  if (!(error instanceof Error && 'code' in error && error.code === 'EMAXLEN')) {
    return 'mime-broken';
  }
  return error.message.includes('header') ? 'header-too-large' : 'too-many-parts';
}

function refused(because: MimeRefusal): Mime {
  return { kind: 'refused', because };
}

function asMime({ subject, text, html }: PlainMail): Mime {
  return {
    kind: 'mime',
    ...(subject === undefined ? {} : { subject: bounded(subject) }),
    ...(text === undefined ? {} : { text: bounded(text) }),
    ...(html === undefined ? {} : { html: bounded(html) }),
  };
}

function bounded(text: string): string {
  return text.slice(0, PAGE_TEXT_CHARS_MAX).toWellFormed();
}
