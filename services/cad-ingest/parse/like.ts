/** A `like` text made ready: its pieces stand in order, with anything between two of them. */
export interface Like {
  readonly pieces: readonly (readonly Part[])[];
  readonly atStart: boolean;
  readonly atEnd: boolean;
  /** The longest text of the pattern: without it the pattern is not there, whatever else is. */
  readonly literal: string;
}

type Part = 'digits' | 'letters' | 'word' | 'blank' | { readonly text: string };

/**
 * Makes a `like` text ready. Runs take all they can and nothing is tried twice, so matching a text
 * costs its length times the length of the pattern at the worst, whatever both hold.
 */
export function compileLike(pattern: string): Like {
  const atStart = pattern.startsWith('^');
  const atEnd = pattern.endsWith('$') && pattern.length > 1;
  const inner = pattern.slice(atStart ? 1 : 0, atEnd ? -1 : undefined).toLowerCase();
  const pieces = piecesOf(inner);
  return { pieces, atStart, atEnd, literal: longestOf(pieces.flat()) };
}

function longestOf(parts: readonly Part[]): string {
  const texts = parts.map((part) => (typeof part === 'object' ? part.text : ''));
  return texts.reduce((one, other) => (other.length > one.length ? other : one), '');
}

/** Whether the pattern is in the text. `lower` is the text in lower case. */
export function matchesLike(like: Like, lower: string): boolean {
  if (!lower.includes(like.literal)) return false;
  let at = 0;
  let anchored = like.atStart;
  for (const piece of like.pieces) {
    const end = anchored ? matchPiece(piece, lower, 0) : findPiece(piece, lower, at);
    if (end === undefined) return false;
    anchored = false;
    at = end;
  }
  return !like.atEnd || lower.slice(at).trim() === '';
}

function piecesOf(pattern: string): Part[][] {
  const pieces: Part[][] = [[]];
  let escaped = false;
  for (const char of pattern) {
    if (!escaped && char === '\\') {
      escaped = true;
      continue;
    }
    const run = escaped ? undefined : RUNS.get(char);
    if (!escaped && char === '*') pieces.push([]);
    else addPart(pieces.at(-1) ?? [], run ?? { text: char });
    escaped = false;
  }
  return pieces;
}

/** Characters side by side are one text. */
function addPart(parts: Part[], part: Part): void {
  const last = parts.at(-1);
  if (typeof part === 'object' && typeof last === 'object') {
    parts[parts.length - 1] = { text: last.text + part.text };
  } else parts.push(part);
}

const RUNS: ReadonlyMap<string, Part> = new Map([
  ['%', 'digits'],
  ['&', 'word'],
  ['@', 'letters'],
  [' ', 'blank'],
]);

function findPiece(piece: readonly Part[], text: string, from: number): number | undefined {
  const first = piece[0];
  if (first === undefined) return from;
  for (let at = from; at <= text.length; at += 1) {
    if (typeof first === 'object') {
      at = text.indexOf(first.text, at);
      if (at < 0) return undefined;
    }
    const end = matchPiece(piece, text, at);
    if (end !== undefined) return end;
  }
  return undefined;
}

function matchPiece(piece: readonly Part[], text: string, from: number): number | undefined {
  let at = from;
  for (const part of piece) {
    const end = matchPart(part, text, at);
    if (end === undefined) return undefined;
    at = end;
  }
  return at;
}

const RUN_CHARS_MAX = 60;
const CODES = 128;
const FITS = {
  digits: codesOf(/\d/),
  letters: codesOf(/[a-z]/),
  word: codesOf(/[a-z0-9/.-]/),
  blank: codesOf(/\s/),
};

/** Which characters of ASCII a run holds, by their code. */
function codesOf(form: RegExp): readonly boolean[] {
  return Array.from({ length: CODES }, (_, code) => form.test(String.fromCharCode(code)));
}

function matchPart(part: Part, text: string, at: number): number | undefined {
  if (typeof part === 'object')
    return text.startsWith(part.text, at) ? at + part.text.length : undefined;
  const limit = Math.min(text.length, at + RUN_CHARS_MAX);
  let end = at;
  while (end < limit && fits(part, text, end)) end += 1;
  return end > at ? end : undefined;
}

function fits(run: Exclude<Part, object>, text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (run !== 'blank' || code < CODES) return FITS[run][code] ?? false;
  return /\s/.test(text[at] ?? '');
}
