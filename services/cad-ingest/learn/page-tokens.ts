import type { PageText } from '../parse/text/prepare.ts';

/** A word (letters and digits), one mark, or the end of a line. */
export interface PageToken {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
  readonly kind: 'word' | 'mark' | 'line';
}

/** Subject and body as one text: the subject is line 0, the body begins with line 1. */
export interface TokenPage {
  readonly text: string;
  readonly tokens: readonly PageToken[];
  /** Number of the line a token stands in; blank lines do not count. */
  readonly lines: readonly number[];
  readonly linesTotal: number;
}

/** Fields stand in front; what follows is narrative. */
const TOKENS_MAX = 600;
const TEXT_CHARS_MAX = 6_000;
const BLANK = /\s/;
const WORD = /[\p{L}\p{N}]/u;

/** Cuts a page into tokens in one pass. `labels` parts labels glued to the word before. */
export function tokenizePage(page: PageText, labels: readonly string[] = []): TokenPage {
  const text = `${page.subject}\n${page.body}`.slice(0, TEXT_CHARS_MAX);
  const glued = gluedWords(labels);
  const tokens: PageToken[] = [{ text: '\n', lower: '\n', start: 0, end: 0, kind: 'line' }];
  let at = 0;
  while (at < text.length && tokens.length < TOKENS_MAX) {
    const char = text[at] ?? '';
    if (char === '\n') pushLine(tokens, at);
    if (BLANK.test(char) && char !== '\t') {
      at += 1;
      continue;
    }
    const end = WORD.test(char) ? wordEnd(text, at) : at + 1;
    pushWord(tokens, text, { start: at, end }, glued);
    at = end;
  }
  tokens.push({ text: '\n', lower: '\n', start: text.length, end: text.length, kind: 'line' });
  return { text, tokens, ...numberLines(tokens) };
}

/** Several line ends are one, but the one behind the subject always counts. */
function pushLine(tokens: PageToken[], at: number): void {
  if (tokens.at(-1)?.kind === 'line' && tokens.length > 1) return;
  tokens.push({ text: '\n', lower: '\n', start: at, end: at + 1, kind: 'line' });
}

function pushWord(
  tokens: PageToken[],
  text: string,
  { start, end }: { start: number; end: number },
  glued: ReadonlySet<string>,
): void {
  const cut = text[end] === ':' ? gluedAt(text.slice(start, end), glued) : 0;
  if (cut > 0) tokens.push(tokenOf(text, start, start + cut));
  tokens.push(tokenOf(text, start + cut, end));
}

function tokenOf(text: string, start: number, end: number): PageToken {
  const word = text.slice(start, end);
  const kind = WORD.test(word[0] ?? '') ? 'word' : 'mark';
  return { text: word, lower: word.toLowerCase(), start, end, kind };
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && WORD.test(text[at] ?? '')) at += 1;
  return at;
}

/** Labels of one word: they may stand behind a value without a blank, as in `ADAMS STCTY: FV`. */
function gluedWords(labels: readonly string[]): ReadonlySet<string> {
  const words = labels.map((label) => /^([a-z]{2,12}\d?) :$/.exec(label)?.[1]);
  return new Set(words.filter((word) => word !== undefined));
}

function gluedAt(word: string, glued: ReadonlySet<string>): number {
  const lower = word.toLowerCase();
  if (glued.has(lower)) return 0;
  for (let at = 1; at < lower.length - 1; at += 1) {
    if (glued.has(lower.slice(at))) return at;
  }
  return 0;
}

function numberLines(tokens: readonly PageToken[]): { lines: number[]; linesTotal: number } {
  const lines: number[] = [];
  let line = -1;
  for (const token of tokens) {
    if (token.kind === 'line') line += 1;
    lines.push(line);
  }
  return { lines, linesTotal: line };
}

/** How a text is built: runs of digits, letters and the marks between them. */
export function shapeOf(text: string): string {
  const near = text.slice(0, 60);
  return plainShape(near) ?? anyShape(near);
}

/** The same of ASCII in one pass: nearly every text of a page, and each is asked for many times. */
function plainShape(text: string): string | undefined {
  let shape = '';
  let last = '';
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const form = FORMS[code];
    if (form === undefined) return undefined;
    if (form !== last || form === '') shape += form === '' ? text[at] : form;
    last = form;
  }
  return shape.slice(0, 30);
}

/** By code: what a run of the character's kind is written as; empty where each stands for itself. */
const FORMS = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[A-Za-z]/.test(char)) return 'A';
  return /\d/.test(char) ? '9' : /\s/.test(char) ? ' ' : '';
});

function anyShape(text: string): string {
  return text
    .replaceAll(/\p{L}+/gu, 'A')
    .replaceAll(/\p{N}+/gu, '9')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 30);
}

/** The text of a stretch of tokens as it stands. */
export function stretch(page: TokenPage, from: number, to: number): string {
  const first = page.tokens[from];
  const last = page.tokens[to - 1];
  return first === undefined || last === undefined ? '' : page.text.slice(first.start, last.end);
}

/** The most blanks between two tokens of a stretch; line ends are none. */
export function widestGap({ tokens }: TokenPage, from: number, to: number): number {
  let widest = 0;
  for (let at = from + 1; at < to; at += 1) {
    const [before, next] = [tokens[at - 1], tokens[at]];
    if (before === undefined || next === undefined) break;
    if (before.kind !== 'line' && next.kind !== 'line') {
      widest = Math.max(widest, next.start - before.end);
    }
  }
  return widest;
}
