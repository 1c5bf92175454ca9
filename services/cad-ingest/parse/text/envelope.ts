import { guessRoles } from '../dictionary.ts';
import { isIncidentNumber } from '../values/codes.ts';

/** The page as gateways wrap it, and without the wrapping. */
export interface Unwrapped {
  readonly subject: string;
  readonly body: string;
  /** Sender's name that an SMS gateway put in front: `CAD:`, `DISPATCH:`, `911CENTER:`. */
  readonly prefix?: string;
}

const FORWARDED = [
  '-----original message-----',
  '---------- forwarded message',
  'begin forwarded message',
  '----- forwarded message',
];
const HEADER_LINES_MAX = 12;
const HEADER_NAME = /^[>\s]{0,8}\*{0,1}(from|sent|date|to|subject|cc|reply-to|importance):/i;
const GENERIC_SUBJECT_WORDS_MAX = 6;

/** Sheds forwarding headers, `FRM: SUBJ: MSG:` and a `(subject)` in front of the body. */
export function unwrap(subject: string, body: string): Unwrapped {
  const plain = { subject: shedReply(subject), body: body.replace(PART, '') };
  const page = shedPrefix(liftSubject(shedGateway(shedForward(plain))));
  return { ...page, body: shedLetterhead(page.body) };
}

/** Blanks in front, and `(1/2)` or `1 of 2`: a gateway cut the page into so many parts. */
const PART = /^\s+|^\s{0,20}(?:[[(][1-9] ?(?:\/|of) ?[1-9][\])]|[1-9] of [1-9])[:\s]\s{0,20}/i;

/** Body prefixes that are never a label: the sender's name. */
const PREFIX = /^([A-Za-z0-9][A-Za-z0-9_.-]{1,24}|[\w.+-]{1,40}@[\w-]{1,40}\.[\w.-]{1,40}):(?=\S)/;
/** Labels that are as often the sender's name. */
const NAMES = new Set(['CAD', 'DISPATCH', 'ALERT', 'PAGE', 'MESSAGE', 'MSG', 'TEXT']);
const NEVER_PREFIX = new Set(['TONE', 'HTTP', 'HTTPS', 'GEO', 'RC', 'MAILTO']);

export function shedPrefix(page: Unwrapped): Unwrapped {
  const blank = BLANK_PREFIX.exec(page.body.slice(0, 40))?.[0];
  if (blank !== undefined && !isIncidentNumber(firstWord(page.body.slice(blank.length)))) {
    return { ...page, prefix: blank.replace(/: +$/, ''), body: page.body.slice(blank.length) };
  }
  const found = PREFIX.exec(page.body.slice(0, 120));
  const name = found?.[1];
  if (found === null || name === undefined || NEVER_PREFIX.has(name.toUpperCase())) return page;
  if (guessRoles(name) !== undefined && !NAMES.has(name.toUpperCase())) return page;
  // `12:34` is a time; `CAD:2031-0042` is a label and its number.
  const number =
    /^cad/i.test(name) && isIncidentNumber(firstWord(page.body.slice(found[0].length)));
  if (/^\d+$/.test(name) || number) return page;
  return { ...page, prefix: name, body: page.body.slice(found[0].length).trimStart() };
}

function firstWord(text: string): string {
  return /^\S{1,30}/.exec(text)?.[0].replace(/[;,.]$/, '') ?? '';
}

/** The centre's name and address in front of the page, and a blank line behind: not the incident's. */
const LETTERHEAD =
  /^(?:[A-Z][\w.']*,? ){0,4}(?:Co(?:unty|\.)? )?(?:E-?911|911|Emergency|Communications?|Dispatch|Sheriff'?s?|ECC|PSAP|Public Safety)(?: (?:Emergency|Communications?|Dispatch|Center|Centre|Office|Department|Services?|Notification|911))*\s*$/i;
const LETTERHEAD_LINES_MAX = 4;

/** Sheds the letterhead; a page that is nothing else keeps it. */
export function shedLetterhead(body: string): string {
  const lines = body.split('\n', LETTERHEAD_LINES_MAX + 1);
  const end = lines.findIndex((line) => line.trim() === '');
  if (end < 1 || !LETTERHEAD.test(lines[0]?.trim() ?? '')) return body;
  const head = lines.slice(1, end);
  const plain = head.every((line) => /^\s*(?:\(?\d|P\.? ?O|phone|tel|fax|[^:]+$)/i.test(line));
  const rest = body.slice(lines.slice(0, end).join('\n').length).trimStart();
  return plain && rest !== '' ? rest : body;
}

/** Prefixes with a blank behind that are no labels of a value: `cadmail: `, `FAIRVALE911: `. */
const BLANK_PREFIX =
  /^(?:cad|page|dispatch|cad ?mail|[A-Za-z]{0,20}911|[a-z]{2,12}mail): {1,3}(?=\S)/i;

function shedReply(subject: string): string {
  let rest = subject.trim();
  for (let turn = 0; turn < 4; turn += 1) {
    const shed = rest.replace(/^(?:fwd|fw|re)\s?:\s?/i, '');
    if (shed === rest) break;
    rest = shed.trim();
  }
  return rest;
}

function shedForward(page: Unwrapped): Unwrapped {
  const lines = page.body.split('\n', 2 * HEADER_LINES_MAX + 1);
  const mark = lines.findIndex((line, at) => at < HEADER_LINES_MAX && isForwardMark(line));
  const headers = headerBlock(lines, mark + 1);
  // Two header lines and no mark may be a page of its own: `Date:` and `To:` are labels as well.
  if (mark < 0 && headers.count < 3) return page;
  const subject = headers.subject === undefined ? page.subject : shedReply(headers.subject);
  const body = page.body.split('\n').slice(headers.end).join('\n').trimStart();
  return { ...page, subject, body };
}

/** Header lines of a forwarded mail up to the first blank or other line. */
function headerBlock(
  lines: readonly string[],
  from: number,
): { end: number; count: number; subject?: string } {
  let end = from;
  let count = 0;
  let subject: string | undefined;
  for (const line of lines.slice(from, from + HEADER_LINES_MAX)) {
    const blank = line.trim() === '';
    if (blank ? count > 0 : !HEADER_NAME.test(line)) break;
    subject ??= /^[>\s]{0,8}\*{0,1}subject:\**(.*)$/i.exec(line)?.[1];
    count += blank ? 0 : 1;
    end += 1;
  }
  return { end, count, ...(subject === undefined ? {} : { subject }) };
}

function isForwardMark(line: string): boolean {
  if (!/^\s*[-b]/i.test(line)) return false;
  const start = line.trim().toLowerCase();
  return FORWARDED.some((mark) => start.startsWith(mark));
}

function shedGateway(page: Unwrapped): Unwrapped {
  const found = /^(?:FRM|FROM):([^\n]{0,200})\n(?:SUBJ|SUBJECT):([^\n]{0,300})\n(?:MSG:)?/.exec(
    page.body.slice(0, 600),
  );
  if (found === null) return page;
  const subject = (found[2] ?? '').trim() || page.subject;
  return { ...page, subject, body: page.body.slice(found[0].length).trimStart() };
}

/** `(subject) body` and `[subject] body`; `[E91]- NATURE: ...` is a unit in front of the page. */
function liftSubject(page: Unwrapped): Unwrapped {
  const found = /^(?:\(([^()\n]{1,100})\)|\[([^[\]\n]{1,100})\])[ \t]{1,3}(?=[^\s-])/.exec(
    page.body.slice(0, 120),
  );
  const lifted = (found?.[1] ?? found?.[2])?.trim();
  if (found === null || lifted === undefined || !/[A-Za-z]/.test(lifted)) return page;
  const generic = page.subject.split(' ').length <= GENERIC_SUBJECT_WORDS_MAX;
  if (page.subject !== '' && !(generic && page.subject.toLowerCase() === lifted.toLowerCase())) {
    return page;
  }
  return { ...page, subject: lifted, body: page.body.slice(found[0].length) };
}
