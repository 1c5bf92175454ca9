import { BLANK_RUN_CHARS_MAX } from './limits.ts';

const INVISIBLE = /[\u00AD\u200B-\u200F\u2028-\u202E\u2060\uFEFF]/g;
const ODD_BLANKS = /[\u00A0\u2000-\u200A\u202F\u205F\u3000]/g;
const CONTROLS = /[\p{Cc}]/gu;
const SOFT_BREAK_COLUMN_MIN = 60;

/**
 * Mends what gateways do to text: CR alone, a BOM in the middle, no-break spaces, left-overs of
 * quoted-printable, control characters. Runs of blanks stay: they are column breaks.
 */
export function cleanText(raw: string): string {
  const lines = raw.replaceAll('\r\n', '\n');
  const text = PLAIN.test(lines) ? lines : withoutOdd(lines);
  const mended = mendQuotedPrintable(text);
  return UNEVEN.test(mended) ? mended.split('\n').map(cleanLine).join('\n') : mended;
}

/** White space where a line ends, or a run of blanks that is cut. */
const UNEVEN = /[^\S\n](?:\n|$)| {40}/;

/** Nothing but letters, signs, blanks and ends of lines: nearly every page. */
const PLAIN = /^[\n\t\x20-\x7e]*$/;

function withoutOdd(lines: string): string {
  return lines
    .toWellFormed()
    .replaceAll(/[\r\v\f\u0085\u2028\u2029]/g, '\n')
    .replaceAll(INVISIBLE, '')
    .replaceAll(ODD_BLANKS, ' ')
    .replaceAll(CONTROLS, (char) => (char === '\n' || char === '\t' ? char : ' '));
}

function cleanLine(line: string): string {
  const trimmed = line.trimEnd();
  if (trimmed.length < BLANK_RUN_CHARS_MAX) return trimmed;
  return trimmed.replaceAll(/ {40,}/g, ' '.repeat(BLANK_RUN_CHARS_MAX));
}

/** `=20` at a line's end, soft breaks and `=3D`: decoded only where the text shows them. */
function mendQuotedPrintable(text: string): string {
  if (!text.includes('=')) return text;
  const mended = text
    .replaceAll('=C2=A0', ' ')
    .replaceAll('=0D=0A', '\n')
    .replaceAll(/=0[AD](?![0-9A-F])/g, '\n')
    // In `T=09:18` it is an hour.
    .replaceAll(/=09(?![\d:])/g, '\t')
    .replaceAll('=3D', '=')
    .replaceAll('=20\n', '\n')
    .replaceAll(/=20$/g, '');
  return mended.includes('=\n') ? joinSoftBreaks(mended) : mended;
}

function joinSoftBreaks(text: string): string {
  const lines = text.split('\n');
  return lines
    .map((line) => {
      const soft = line.endsWith('=') && line.length >= SOFT_BREAK_COLUMN_MIN;
      return soft ? line.slice(0, -1) : `${line}\n`;
    })
    .join('')
    .slice(0, -1);
}
