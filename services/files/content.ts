/**
 * What bytes are, by looking at them. The announced type ends up in the header of a download, so it
 * must be what a browser would find in there too.
 */
import { Readable } from 'node:stream';
import { fileTypeFromStream } from 'file-type';

/** Types that are told by printable characters, and could be taken for text. */
const WRITTEN_TYPE = /^(text|message)\/|xml|pdf|postscript|eps|rtf|html|script|json/;
/** How a document begins that a browser would run, whatever it is called. */
const MARKUP = /^\s*<(!--|\?xml|(!doctype|html|head|body|script|style|iframe|svg|math)\b)/i;
const MARKUP_CHARS = 1_000;
/** Control characters (C0, C1, DEL) but tab, line feed, form feed and carriage return. */
const CONTROL = /[^\P{Cc}\t\n\f\r]/u;

/**
 * Why the bytes are not of the type; `undefined` when they are. Reads as much as it needs, in
 * pieces: memory stays flat whatever the length.
 */
export async function refusalOf(
  contentType: string,
  open: () => Promise<Readable>,
): Promise<string | undefined> {
  const found = await typeOf(await open());
  if (!contentType.startsWith('text/')) {
    return found === contentType
      ? undefined
      : `The content is ${found ?? 'of no type known here'}.`;
  }
  if (found !== undefined && WRITTEN_TYPE.test(found)) return `The content is ${found}.`;
  return textRefusal(await open());
}

async function typeOf(bytes: Readable): Promise<string | undefined> {
  try {
    return (await fileTypeFromStream(Readable.toWeb(bytes)))?.mime;
  } finally {
    bytes.destroy();
  }
}

/** A few letters can be the mark of a picture or a program; being text decides, letter by letter. */
async function textRefusal(bytes: Readable): Promise<string | undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let beginning = '';
  try {
    for await (const chunk of bytes) {
      const text = decoder.decode(chunk, { stream: true });
      if (CONTROL.test(text)) return 'The content has control characters, so it is no text.';
      if (beginning.length < MARKUP_CHARS) beginning += text.slice(0, MARKUP_CHARS);
    }
    decoder.decode();
  } catch (error) {
    if (isDecodingError(error)) return 'The content is not UTF-8.';
    throw error;
  } finally {
    bytes.destroy();
  }
  return MARKUP.test(beginning) ? 'The content is markup that a browser could run.' : undefined;
}

function isDecodingError(error: unknown): boolean {
  return error instanceof Error && Object(error).code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}
