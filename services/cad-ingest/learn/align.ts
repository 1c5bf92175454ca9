import type { CadFieldKey } from '#contracts/cad-fields.ts';
import { datesIn, timesIn } from '../parse/values/clock.ts';
import { findCoordinates } from '../parse/values/coordinates.ts';
import type { Span } from '../parse/values/span.ts';
import type { PageToken, TokenPage } from './page-tokens.ts';
import type { MarkedValue } from './sample.ts';

/** Tokens `from` up to `to` (not included) of a page. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const CHOICES_MAX = 40;
const COORDINATES_APART_MAX = 0.000_51;
/** Words that stand between two streets on the page and not in the value. */
const JOINERS = new Set(['and', 'x', 'at', 'between', 'btwn', 'of']);

/**
 * Where a marked value stands on the page. Each entry is one part of the value (a list may be
 * scattered), with every place that could be meant.
 */
export function alignValue(page: TokenPage, key: CadFieldKey, value: MarkedValue): Stretch[][] {
  if (typeof value === 'object' && !Array.isArray(value)) return alignPoint(page, value);
  if (key === 'date') return some(spansAs(page, datesIn(page.text), String(value)));
  if (key === 'time') return alignTime(page, String(value));
  const whole = Array.isArray(value) ? value.join(' ') : String(value);
  const found = wholeText(page, whole);
  if (found.length > 0) return [found];
  const items = Array.isArray(value) ? value : key === 'number' ? whole.split(', ') : [];
  return items.map((item) => wholeText(page, item)).filter((places) => places.length > 0);
}

function some(places: Stretch[]): Stretch[][] {
  return places.length === 0 ? [] : [places];
}

function wholeText(page: TokenPage, text: string): Stretch[] {
  const exact = exactMatches(page, text);
  return exact.length > 0 ? exact : wordMatches(page, text);
}

/** Same words and marks, case and blanks ignored. */
function exactMatches(page: TokenPage, text: string): Stretch[] {
  const wanted = piecesOf(text);
  const found: Stretch[] = [];
  const first = wanted[0];
  if (first === undefined) return found;
  for (let from = 0; from + wanted.length <= page.tokens.length; from += 1) {
    if (page.tokens[from]?.lower !== first) continue;
    const fits = wanted.every((piece, at) => page.tokens[from + at]?.lower === piece);
    if (fits) found.push({ from, to: from + wanted.length });
    if (found.length >= CHOICES_MAX) break;
  }
  return found;
}

function piecesOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

/** Same words in the same order; marks, zero padding and `.00` may differ. */
function wordMatches(page: TokenPage, text: string): Stretch[] {
  const wanted = (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(bareNumber);
  const found: Stretch[] = [];
  if (wanted.length === 0) return found;
  for (let from = 0; from < page.tokens.length && found.length < CHOICES_MAX; from += 1) {
    const to = wordsEnd(page, from, wanted);
    if (to !== undefined) found.push({ from, to });
  }
  return found;
}

function wordsEnd(page: TokenPage, from: number, wanted: readonly string[]): number | undefined {
  let at = from;
  for (const [index, word] of wanted.entries()) {
    if (index > 0) at = passJoiners(page.tokens, at, word);
    const token = page.tokens[at];
    if (token === undefined || token.kind !== 'word' || bareNumber(token.lower) !== word) {
      return undefined;
    }
    at += 1;
  }
  return at;
}

const JOINERS_MAX = 5;

function passJoiners(tokens: readonly PageToken[], from: number, word: string): number {
  let at = from;
  while (at < from + JOINERS_MAX) {
    const token = tokens[at];
    if (token === undefined || bareNumber(token.lower) === word) break;
    const decimals = /^0{1,2}$/.test(token.text) && tokens[at - 1]?.text === '.';
    const passable = token.kind !== 'word' || JOINERS.has(token.lower) || decimals;
    if (!passable) break;
    at += 1;
  }
  return at;
}

function bareNumber(word: string): string {
  return /^0+\d/.test(word) && /^\d+$/.test(word) ? word.replace(/^0+/, '') : word;
}

/** A marked `04:05` may stand on the page with its seconds. */
function alignTime(page: TokenPage, value: string): Stretch[][] {
  const plain = timesIn(page.text);
  const spans = plain.length > 0 ? plain : timesIn(page.text, { bare: true });
  const exact = spansAs(page, spans, value);
  if (exact.length > 0) return [exact];
  const near = spans.filter(
    (span) => span.value.startsWith(`${value}:`) || value.startsWith(`${span.value}:`),
  );
  return some(stretches(page, near));
}

function alignPoint(page: TokenPage, point: { lat: number; lon: number }): Stretch[][] {
  const found = findCoordinates(page.text);
  if (found === undefined) return [];
  const apart = Math.max(
    Math.abs(found.value.lat - point.lat),
    Math.abs(Math.abs(found.value.lon) - Math.abs(point.lon)),
  );
  return apart < COORDINATES_APART_MAX ? some(stretches(page, [found])) : [];
}

function spansAs(page: TokenPage, spans: readonly Span<string>[], value: string): Stretch[] {
  return stretches(
    page,
    spans.filter((span) => span.value === value),
  );
}

function stretches(page: TokenPage, spans: readonly Span<unknown>[]): Stretch[] {
  const found: Stretch[] = [];
  for (const span of spans) {
    const from = page.tokens.findIndex((token) => token.end > span.start && token.kind !== 'line');
    const behind = page.tokens.findIndex((token) => token.start >= span.end);
    const to = behind < 0 ? page.tokens.length - 1 : behind;
    if (from >= 0 && to > from) found.push({ from, to });
  }
  return found.slice(0, CHOICES_MAX);
}
