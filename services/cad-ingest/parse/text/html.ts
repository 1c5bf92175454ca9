import { decodeEntities } from './entities.ts';

/**
 * HTML to text in one pass and without a tree: depth costs nothing, so a megabyte of nested tags is
 * read like a megabyte of text. Cells of a row are parted by a tab, rows and blocks by a newline.
 */
const ROW = new Set(['tr', 'table', 'tbody', 'thead', 'caption']);
const BLOCK = new Set(
  'address article blockquote body br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section ul'.split(
    ' ',
  ),
);
const CELL = new Set(['td', 'th']);
const INLINE = new Set(
  'a abbr acronym b base basefont big button cite code col colgroup del em font i img input ins kbd label link mark meta nobr o:p option q s samp select small span strike strong sub sup tfoot tt u var wbr !doctype'.split(
    ' ',
  ),
);
/** What stands between these is for browsers. */
const HIDDEN = new Set(['style', 'script', 'title', 'head', 'xml', 'noscript', 'svg']);
const LINE_TAGS = /<(?:br|p|div|table|tr|td|pre|li|h[1-6])(?=[\s/>])/i;
const ANY_TAG =
  /<(?:!doctype|html|head|body|meta|style|br|p|div|table|tr|td|pre|li|h[1-6]|b|i|u|font|span|strong|center|a)(?=[\s/>])/i;
const TAG_CHARS_MAX = 4_000;

export function isHtml(text: string): boolean {
  return ANY_TAG.test(text);
}

export function htmlToText(source: string): string {
  const state: State = {
    source,
    lower: asciiLower(source),
    keepsLines: !LINE_TAGS.test(source),
    pre: false,
    cellOpen: false,
    out: [],
  };
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf('<', at);
    const stop = open < 0 ? source.length : open;
    if (stop > at) putText(state, source.slice(at, stop));
    at = open < 0 ? source.length : passTag(state, open);
  }
  return decodeEntities(state.out.join(''));
}

interface State {
  readonly source: string;
  readonly lower: string;
  /** Plain text with a few inline tags: its own line ends count. */
  readonly keepsLines: boolean;
  readonly out: string[];
  pre: boolean;
  cellOpen: boolean;
}

/** Passes the tag at `open`; what is no tag of HTML, such as `<UNKNOWN>`, is text. */
function passTag(state: State, open: number): number {
  const { source, lower } = state;
  if (source.startsWith('<!--', open)) return after(source, '-->', open + 4);
  const closing = source[open + 1] === '/';
  const name = tagName(lower, open + (closing ? 2 : 1));
  if (!isTag(name)) {
    putText(state, '<');
    return open + 1;
  }
  const close = source.indexOf('>', open);
  if (close < 0 || close - open > TAG_CHARS_MAX) return close < 0 ? source.length : close + 1;
  if (!closing && HIDDEN.has(name) && source[close - 1] !== '/') {
    return after(lower, `</${name}>`, close + 1);
  }
  putTag(state, name, closing);
  return close + 1;
}

function putTag(state: State, name: string, closing: boolean): void {
  if (name === 'pre') state.pre = !closing;
  if (ROW.has(name)) {
    state.cellOpen = false;
    state.out.push('\n');
  } else if (CELL.has(name) && !closing) {
    if (state.cellOpen) state.out.push('\t');
    state.cellOpen = true;
  } else if (BLOCK.has(name) && !(closing && name === 'br')) {
    state.out.push('\n');
  }
}

function putText(state: State, text: string): void {
  if (state.pre || state.keepsLines) {
    state.out.push(text);
    return;
  }
  const squeezed = text.replaceAll('\r\n', '\n').replaceAll(/[\t\r\n]/g, '\n');
  const parts = squeezed.split('\n').map((part) => part.trim());
  const inner = parts.filter((part) => part !== '').join(' ');
  const before = /^\s/.test(squeezed) ? ' ' : '';
  const behind = /\s$/.test(squeezed.slice(-1)) ? ' ' : '';
  state.out.push(inner === '' ? before : before + inner + behind);
}

function tagName(lower: string, from: number): string {
  let at = from;
  while (at < from + 12 && /[a-z0-9:!]/.test(lower[at] ?? '')) at += 1;
  return lower.slice(from, at);
}

function isTag(name: string): boolean {
  return ROW.has(name) || BLOCK.has(name) || CELL.has(name) || INLINE.has(name) || HIDDEN.has(name);
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

/** `toLowerCase` may change the length of a text, and places must stay the same. */
function asciiLower(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replaceAll(/[A-Z]/g, (c) => c.toLowerCase());
}
