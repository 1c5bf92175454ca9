import { type DkimClaim, dkimClaimOf } from './dkim-claim.ts';
import { type FromFinding, soleAddress } from './from-address.ts';

/** Of the header block of a mail, and of each part inside it. */
export const HEADER_BYTES_MAX = 64 * 1024;
/** `Message-ID` and `Subject` are kept up to this length; RFC 5322 limits a line to 998. */
const FIELD_CHARS_MAX = 998;

/** What makes a header one that two readers may read in two ways. Each one is a reason of distrust. */
export type HeaderFinding =
  | FromFinding
  | 'from-missing'
  | 'from-repeated'
  /** `From :`, a fold before the colon, or bytes in the name that some readers drop. */
  | 'from-malformed'
  /** `Subject`, `Content-Type` or `Content-Transfer-Encoding` stands there twice. */
  | 'header-repeated'
  /** A line that is neither a field nor the continuation of one. */
  | 'header-malformed'
  | 'header-nul'
  | 'header-bare-cr'
  | 'header-too-large';

export interface HeaderScan {
  readonly headerBytes: number;
  readonly findings: readonly HeaderFinding[];
  /** The one sender, in lower case; absent unless every reader must see the same one. */
  readonly from?: string;
  /** As it stands in the header, unfolded but not decoded. */
  readonly subject?: string;
  readonly messageId?: string;
  /** Of each `DKIM-Signature`, unchecked. */
  readonly signatures: readonly DkimClaim[];
}

interface Field {
  /** Lower case, without any byte that some reader might skip. */
  readonly name: string;
  readonly value: string;
  readonly wellFormed: boolean;
}

const ONCE_AT_MOST = ['subject', 'content-type', 'content-transfer-encoding'];

/**
 * Reads the header block of a raw mail by the letter of RFC 5322 section 2.2, before any library
 * that forgives. What it says of the sender is the only thing that trust is decided on. Linear in
 * the block's length; any bytes get an answer.
 */
export function scanHeader(raw: Uint8Array): HeaderScan {
  const { text, tooLarge } = headerBlockOf(raw);
  const findings = new Set<HeaderFinding>();
  if (tooLarge) findings.add('header-too-large');
  if (text.includes('\0')) findings.add('header-nul');
  if (/\r(?!\n)/.test(text)) findings.add('header-bare-cr');
  const fields = fieldsOf(text);
  if (fields.some(({ wellFormed }) => !wellFormed)) findings.add('header-malformed');
  for (const name of ONCE_AT_MOST) {
    if (fields.filter((field) => field.name === name).length > 1) findings.add('header-repeated');
  }
  const sender = senderOf(fields);
  if ('finding' in sender) findings.add(sender.finding);
  const subject = textOf(fields, 'subject');
  const messageId = textOf(fields, 'message-id');
  return {
    headerBytes: text.length,
    findings: [...findings],
    ...('address' in sender ? { from: sender.address } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...(messageId === undefined ? {} : { messageId }),
    signatures: fields
      .filter(({ name }) => name === 'dkim-signature')
      .map(({ value }) => dkimClaimOf(value)),
  };
}

function senderOf(
  fields: readonly Field[],
): { readonly address: string } | { readonly finding: HeaderFinding } {
  const senders = fields.filter(({ name }) => name === 'from');
  const [sender] = senders;
  if (sender === undefined) return { finding: 'from-missing' };
  if (senders.length > 1) return { finding: 'from-repeated' };
  if (!sender.wellFormed) return { finding: 'from-malformed' };
  return soleAddress(sender.value);
}

/** Everything before the first empty line, one character per byte. */
function headerBlockOf(raw: Uint8Array): { readonly text: string; readonly tooLarge: boolean } {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  let lineStart = 0;
  while (lineStart <= HEADER_BYTES_MAX) {
    const newline = bytes.indexOf(0x0a, lineStart);
    const lineEnd = newline === -1 ? bytes.length : newline;
    if (isEmptyLine(bytes, lineStart, lineEnd)) break;
    lineStart = lineEnd + 1;
    if (newline === -1) break;
  }
  const end = Math.min(lineStart, bytes.length);
  const text = bytes.toString('latin1', 0, Math.min(end, HEADER_BYTES_MAX));
  return { text, tooLarge: end > HEADER_BYTES_MAX };
}

function isEmptyLine(bytes: Buffer, start: number, end: number): boolean {
  return start === end || (start + 1 === end && bytes[start] === 0x0d);
}

/** Unfolds (RFC 5322 section 2.2.3) and cuts each field at its first colon. */
function fieldsOf(text: string): readonly Field[] {
  const unfolded: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const last = unfolded.length - 1;
    // A line of blanks alone ends the header for some readers and continues it for others.
    if (/^[ \t]/.test(line) && /[^ \t]/.test(line) && last >= 0) unfolded[last] += line;
    else if (line !== '') unfolded.push(line);
  }
  return unfolded.map((line) => {
    const colon = line.indexOf(':');
    const written = colon === -1 ? line : line.slice(0, colon);
    return {
      name: written.replaceAll(/[^!-~]/g, '').toLowerCase(),
      value: colon === -1 ? '' : line.slice(colon + 1),
      wellFormed: colon !== -1 && /^[!-~]+$/.test(written),
    };
  });
}

/** The first field of that name as UTF-8 without control characters; `undefined` where it is empty. */
function textOf(fields: readonly Field[], name: string): string | undefined {
  const value = fields.find((field) => field.name === name)?.value ?? '';
  const text = Buffer.from(value, 'latin1').toString('utf8');
  const clean = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return clean === '' ? undefined : clean.slice(0, FIELD_CHARS_MAX).toWellFormed();
}
