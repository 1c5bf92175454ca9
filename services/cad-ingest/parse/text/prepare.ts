import { PAGE_TEXT_CHARS_MAX } from '#contracts/limits.ts';
import { cleanText } from './clean.ts';
import { zipColumns } from './columns.ts';
import { decodeEntities } from './entities.ts';
import { unwrap } from './envelope.ts';
import { htmlToText, isHtml } from './html.ts';
import { LINES_MAX, SUBJECT_CHARS_MAX } from './limits.ts';
import { shedTrailer } from './trailers.ts';

/** A subject this long may hold the whole page; a shorter one is a heading. */
const SUBJECT_PAGE_CHARS_MIN = 20;

/** `*** DISPATCH ***` on a line of its own in front of the page. */
const BANNER =
  /^[*=~#-]{2,8} ?(?:NEW )?(?:DISPATCH|ALERT|PAGE|CAD PAGE|CALL|INCIDENT|CAD|ALARM)(?: ALERT| PAGE)? ?[*=~#-]{2,8}\n\s{0,40}/i;

/** The text of a page, ready to be cut. */
export interface PageText {
  readonly subject: string;
  readonly body: string;
  readonly lines: readonly string[];
  readonly from: string;
  readonly prefix: string;
  readonly html: boolean;
  /** The text was longer than `PAGE_TEXT_CHARS_MAX` and its end is missing. */
  readonly cut: boolean;
}

export interface RawText {
  readonly subject?: string;
  readonly body: string;
  readonly from?: string;
}

/** Sheds what gateways put around a page and mends its characters; words and columns stay. */
export function preparePage(raw: RawText): PageText {
  const cut = raw.body.length > PAGE_TEXT_CHARS_MAX;
  const source = raw.body.slice(0, PAGE_TEXT_CHARS_MAX);
  const html = isHtml(source);
  const text = html ? htmlToText(source) : decodeEntities(source);
  const subject = oneLine(decodeEntities((raw.subject ?? '').slice(0, SUBJECT_CHARS_MAX)));
  const unwrapped = unwrap(subject, cleanText(text));
  const page = { ...unwrapped, body: unwrapped.body.replace(BANNER, '') };
  const split = page.body.split('\n', LINES_MAX);
  const lines = shedTrailer(
    html ? zipColumns(split) : split,
    page.subject.length > SUBJECT_PAGE_CHARS_MIN,
  );
  return {
    subject: page.subject,
    body: lines.join('\n'),
    lines,
    from: raw.from ?? '',
    prefix: page.prefix ?? '',
    html,
    cut,
  };
}

function oneLine(text: string): string {
  return cleanText(text).replaceAll('\n', ' ').trim();
}
