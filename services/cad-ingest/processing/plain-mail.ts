/** What is found in a mail whose one part is its text. */
export interface PlainMail {
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
}

/** A longer header is the library's to judge. */
const HEADER_CHARS_MAX = 16 * 1024;
const HEADER_END = /\r?\n\r?\n/;
/** Printable ASCII and tabs, in lines that end as a mail's lines do. */
const PLAIN_HEADER = /^(?:[\t\x20-\x7e]+\r?\n)*[\t\x20-\x7e]+$/;
const FIELD = /^([!-9;-~]+):(.*)$/;
const SIMPLE_TYPE = /^text\/(plain|html)(?: ?; ?charset="?(?:utf-8|us-ascii)"?)? ?;?$/i;
const SIMPLE_ENCODING = /^(?:7bit|8bit)$/i;
/** At most one of each, and on one line, or another reader might see another one. */
const READ = ['subject', 'content-type', 'content-transfer-encoding'];

/**
 * Reads a mail that is one text without any encoding, as nearly all CAD systems send it: what a library
 * for every mail of the world takes most of a page's time for. `undefined`: it is not as simple as that,
 * or it can be read in two ways. Gives for each mail what the library gives, or nothing.
 */
export function readPlainMail(bytes: Buffer): PlainMail | undefined {
  const near = bytes.toString('latin1', 0, HEADER_CHARS_MAX);
  const end = HEADER_END.exec(near);
  if (end === null) return undefined;
  const header = near.slice(0, end.index);
  const fields = PLAIN_HEADER.test(header) ? fieldsOf(header) : undefined;
  const type = SIMPLE_TYPE.exec(fields?.get('content-type') ?? 'text/plain')?.[1];
  const encoding = fields?.get('content-transfer-encoding') ?? '7bit';
  const subject = fields?.get('subject') ?? '';
  const simple = type !== undefined && SIMPLE_ENCODING.test(encoding) && !subject.includes('=?');
  if (fields === undefined || !simple) return undefined;
  const text = bytes.toString('utf8', end.index + end[0].length).replaceAll('\r\n', '\n');
  return {
    ...(subject === '' ? {} : { subject }),
    ...(text === '' ? {} : type.toLowerCase() === 'html' ? { text: '', html: text } : { text }),
  };
}

/** The fields that are read; `undefined` where the header is not one that all read alike. */
function fieldsOf(header: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  let folds = true;
  for (const line of header.split(/\r?\n/)) {
    if (/^[ \t]/.test(line)) {
      if (folds || line.trim() === '') return undefined;
      continue;
    }
    const [, written = '', value = ''] = FIELD.exec(line) ?? [];
    const name = written.toLowerCase();
    if (name === '' || name === 'content-disposition' || fields.has(name)) return undefined;
    folds = READ.includes(name);
    if (folds) fields.set(name, value.trim());
  }
  return fields;
}
