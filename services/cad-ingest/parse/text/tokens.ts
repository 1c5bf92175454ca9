import { TOKENS_MAX } from './limits.ts';

/** A word, or one mark of punctuation, with its place in the text. */
export interface Token {
  readonly text: string;
  /** Upper case, without a closing full stop: what the grammar compares. */
  readonly upper: string;
  readonly start: number;
  readonly end: number;
}

/** Marks that stand alone although no blank is around them. */
const MARKS = codesOf(',;()/&@#\\|*~[]:_');
const BLANKS = codesOf(' \t\n\r');

/** A table by code, because this is asked of every character. */
function codesOf(chars: string): readonly boolean[] {
  return Array.from({ length: 128 }, (_, code) => chars.includes(String.fromCharCode(code)));
}

/** Cuts text into words and marks in one pass. Hyphens, apostrophes and points stay inside words. */
export function tokenize(text: string, tokensMax: number = TOKENS_MAX): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length && tokens.length < tokensMax) {
    const code = text.charCodeAt(at);
    if (BLANKS[code]) {
      at += 1;
      continue;
    }
    const end = MARKS[code] ? at + 1 : wordEnd(text, at);
    tokens.push(token(text, at, end));
    at = end;
  }
  return tokens;
}

/** The text between two tokens, both included, as it stands. */
export function textOf(text: string, tokens: readonly Token[], from: number, to: number): string {
  const first = tokens[from];
  const last = tokens[to - 1];
  if (first === undefined || last === undefined || to <= from) return '';
  return text.slice(first.start, last.end);
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (BLANKS[code] || MARKS[code]) break;
    at += 1;
  }
  return at;
}

function token(text: string, start: number, end: number): Token {
  const word = text.slice(start, end);
  const bare = word.endsWith('.') && word.length > 1 ? word.slice(0, -1) : word;
  return { text: word, upper: bare.toUpperCase(), start, end };
}
