import { matchPlace, type PlaceMatch } from '../parse/address/place.ts';
import { labelRoles } from '../parse/dictionary.ts';
import { type Token, tokenize } from '../parse/text/tokens.ts';
import { datesIn, timesIn } from '../parse/values/clock.ts';
import { findDeterminant, phonesIn } from '../parse/values/codes.ts';
import { findCoordinates } from '../parse/values/coordinates.ts';
import { isJoiningWord, isStrongNatureWord } from '../parse/values/nature-words.ts';
import { isUnitCode } from '../parse/values/units.ts';
import type { TokenPage } from './page-tokens.ts';

/** What is known of an agency besides where its fields stand. */
export interface Known {
  readonly cities: ReadonlySet<string>;
  readonly natures: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

/** Values that their own form or a list gives away, by the tokens that they begin and end at. */
export interface Landmarks {
  readonly begins: readonly (readonly string[])[];
  readonly behind: readonly (readonly string[])[];
  /** For each token: the words before it that are part of no label. */
  readonly wordsBefore: readonly number[];
  /** By first token: the address that the grammar sees there, and the token behind it. */
  readonly places: ReadonlyMap<number, { readonly end: number; readonly match: PlaceMatch }>;
}

const WORDS_OF_A_PHRASE_MAX = 8;
const LABEL_TOKENS_MAX = 5;
const LINE_TOKENS_MAX = 220;
const PLACES_TOKENS_MAX = 400;
const ROAD_LEAST = 0.5;

interface Board {
  readonly page: TokenPage;
  readonly begins: string[][];
  readonly behind: string[][];
  readonly startAt: ReadonlyMap<number, number>;
  readonly endAt: ReadonlyMap<number, number>;
}

export function landmarksOf(page: TokenPage, known: Known): Landmarks {
  const board: Board = {
    page,
    begins: page.tokens.map(() => []),
    behind: page.tokens.map(() => []),
    startAt: new Map(page.tokens.map((token, at) => [token.start, at])),
    endAt: new Map(page.tokens.map((token, at) => [token.end, at + 1])),
  };
  markTyped(board);
  markPhrases(board, known.cities, 'city');
  markPhrases(board, known.natures, 'nature');
  markLabels(board, known.labels);
  markNatureWords(board);
  markUnits(board);
  const places = markPlaces(board);
  return { begins: board.begins, behind: board.behind, places, wordsBefore: countWords(board) };
}

function countWords({ page, begins, behind }: Board): number[] {
  const counts: number[] = [];
  let words = 0;
  let labelled = false;
  for (const [at, token] of page.tokens.entries()) {
    if (behind[at]?.includes('label')) labelled = false;
    if (begins[at]?.includes('label')) labelled = true;
    counts.push(words);
    if (token.kind === 'word' && !labelled) words += 1;
  }
  return counts;
}

function markTyped(board: Board): void {
  const { text } = board.page;
  const coordinates = findCoordinates(text);
  const determinant = findDeterminant(text);
  for (const span of datesIn(text)) markSpan(board, span, 'date');
  for (const span of timesIn(text)) markSpan(board, span, 'time');
  for (const span of phonesIn(text)) markSpan(board, span, 'phone');
  if (coordinates !== undefined) markSpan(board, coordinates, 'coordinates');
  if (determinant !== undefined) markSpan(board, determinant, 'code');
}

function markSpan(board: Board, span: { start: number; end: number }, name: string): void {
  const from = board.startAt.get(span.start);
  const to = board.endAt.get(span.end);
  if (from !== undefined) add(board.begins[from], name);
  if (to !== undefined) add(board.behind[to], name);
}

function add(names: string[] | undefined, name: string): void {
  if (names !== undefined && !names.includes(name)) names.push(name);
}

/** The longest phrase of a list at each token, in capitals and with single blanks. */
function markPhrases(board: Board, phrases: ReadonlySet<string>, name: string): void {
  const { tokens } = board.page;
  const keys = new Set([...phrases].map(phraseKey));
  const firsts = new Set([...keys].map((key) => key.split(' ')[0]));
  for (let from = 0; from < tokens.length; from += 1) {
    if (tokens[from]?.kind !== 'word' || !firsts.has(tokens[from]?.lower)) continue;
    for (let to = Math.min(tokens.length, from + WORDS_OF_A_PHRASE_MAX); to > from; to -= 1) {
      if (!keys.has(keyOf(board.page, from, to))) continue;
      add(board.begins[from], name);
      add(board.behind[to], name);
      break;
    }
  }
}

/** Words and marks of a phrase in lower case, one blank between. */
function phraseKey(phrase: string): string {
  return (phrase.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? []).join(' ');
}

function keyOf(page: TokenPage, from: number, to: number): string {
  return page.tokens
    .slice(from, to)
    .map((token) => token.lower)
    .join(' ');
}

/** Labels that the samples share, and those of the dictionary. */
function markLabels(board: Board, labels: ReadonlySet<string>): void {
  const { tokens } = board.page;
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'mark' || !/[:=#]/.test(token.text) || isTimeColon(board.page, at)) continue;
    const from = labelStart(board.page, at, labels);
    if (from === undefined) continue;
    add(board.begins[from], 'label');
    add(board.behind[at + 1], 'label');
  }
}

export function isTimeColon(page: TokenPage, at: number): boolean {
  return (
    /^\d+$/.test(page.tokens[at - 1]?.text ?? '') && /^\d/.test(page.tokens[at + 1]?.text ?? '')
  );
}

function labelStart(page: TokenPage, at: number, labels: ReadonlySet<string>): number | undefined {
  let guessed: number | undefined;
  let best: number | undefined;
  for (let from = at - 1; from >= 0 && from >= at - LABEL_TOKENS_MAX; from -= 1) {
    if (page.tokens[from]?.kind === 'line') break;
    if (labels.has(keyOf(page, from, at + 1))) best = from;
    const words = keyOf(page, from, at);
    if (page.tokens[from]?.kind === 'word' && labelRoles(words) !== undefined) guessed = from;
  }
  return best ?? guessed;
}

/** The runs of words that call types are made of. */
function markNatureWords(board: Board): void {
  let open = -1;
  let last = -1;
  for (const [at, token] of board.page.tokens.entries()) {
    const strong = token.kind === 'word' && isStrongNatureWord(token.text);
    const joins = open >= 0 && (token.kind === 'mark' || isJoiningWord(token.text));
    if (strong) {
      if (open < 0) {
        open = at;
        add(board.begins[at], 'nature-words');
      }
      last = at;
    } else if (open >= 0 && (!joins || /[;|*~,:\t]/.test(token.text))) {
      add(board.behind[last + 1], 'nature-words');
      open = -1;
    }
  }
  if (open >= 0) add(board.behind[last + 1], 'nature-words');
}

function markUnits(board: Board): void {
  for (const match of board.page.text.matchAll(/[A-Za-z0-9-]{2,10}/g)) {
    const [word] = match;
    if (!/[A-Za-z]/.test(word) || !isUnitCode(word)) continue;
    markSpan(board, { start: match.index, end: match.index + word.length }, 'unit');
  }
}

/** Addresses of the grammar, line by line: none goes over a line end. */
function markPlaces(board: Board): Landmarks['places'] {
  const places: Places = new Map();
  let offset = 0;
  let seen = 0;
  for (const written of board.page.text.split('\n')) {
    // `ADD=12 MILL RD`: the grammar would take these marks for a part of the word.
    const line = written.replaceAll(/[=<>{}]/g, ' ');
    const tokens = tokenize(line, LINE_TOKENS_MAX);
    for (const at of tokens.keys()) markPlace(board, places, { line, tokens, at, offset });
    offset += line.length + 1;
    seen += tokens.length;
    if (seen > PLACES_TOKENS_MAX) break;
  }
  return places;
}

type Places = Map<number, { readonly end: number; readonly match: PlaceMatch }>;

interface Spot {
  readonly line: string;
  readonly tokens: readonly Token[];
  readonly at: number;
  /** Where the line begins in the page. */
  readonly offset: number;
}

function markPlace(board: Board, places: Places, { line, tokens, at, offset }: Spot): void {
  const from = board.startAt.get(offset + (tokens[at]?.start ?? 0));
  const match = from === undefined ? undefined : matchPlace({ text: line, tokens }, at);
  if (from === undefined || match === undefined) return;
  const end = board.endAt.get(offset + (tokens[match.end - 1]?.end ?? 0));
  if (end === undefined) return;
  places.set(from, { end, match });
  add(board.begins[from], match.form);
  // Words that only may be a street end nowhere for sure.
  if (match.form !== 'road' || match.certain >= ROAD_LEAST) add(board.behind[end], 'place');
}
