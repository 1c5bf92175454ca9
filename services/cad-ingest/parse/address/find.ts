import { FREE_TEXT_CHARS_MAX } from '../text/limits.ts';
import { type Token, textOf, tokenize } from '../text/tokens.ts';
import { isAmbiguousNatureWord, isNatureWord, isStrongNatureWord } from '../values/nature-words.ts';
import type { Span } from '../values/span.ts';
import { matchHouse } from './house.ts';
import { matchPlace, type PlaceMatch, squeeze } from './place.ts';
import { DIRECTIONALS } from './words.ts';

/** An address in running text, and what stands before and behind it. */
export interface Found {
  readonly match: PlaceMatch;
  readonly before: string;
  readonly behind: string;
  /** The same without its first word, where that may be a code in front of a street's name. */
  readonly shorter?: { readonly match: PlaceMatch; readonly word: string };
}

interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
}

const FORM_RANK = { house: 3, block: 3, mile: 2.2, intersection: 2, road: 1 };
/** How much later an address may stand and still win by its form. */
const LATER_COST = 0.01;
const BARE_CERTAIN = 0.35;
const BARE_WORDS_MAX = 3;

/**
 * The likeliest address of a free text: a house number with a street that has a suffix, then an
 * intersection, then a road alone. Early ones win over late ones: the narrative comes last. `firm`
 * are values, such as times, of which no address has a part.
 */
export function findAddress(text: string, firm: readonly Span<unknown>[] = []): Found | undefined {
  const near = mask(text.slice(0, FREE_TEXT_CHARS_MAX), firm);
  const source = { text: near, tokens: tokenize(near) };
  const best = bestOf(source);
  if (best === undefined) return undefined;
  const match = { ...best, certain: best.certain * explained(source, best) };
  const start = source.tokens[match.start]?.start ?? 0;
  const end = source.tokens[match.end - 1]?.end ?? near.length;
  const shorter = withoutFirst(source, match);
  return {
    match,
    before: text.slice(0, start),
    behind: text.slice(end),
    ...(shorter === undefined ? {} : { shorter }),
  };
}

/** Firm values become marks of the same length, so that places stay. */
function mask(text: string, firm: readonly Span<unknown>[]): string {
  let masked = text;
  for (const { start, end } of firm) {
    masked = masked.slice(0, start) + '|'.repeat(end - start) + masked.slice(end);
  }
  return masked;
}

function bestOf(source: Source): PlaceMatch | undefined {
  let best: PlaceMatch | undefined;
  let bestScore = 0;
  for (let at = 0; at < source.tokens.length; at += 1) {
    const match = matchPlace(source, at) ?? barePlace(source, at);
    const value = match === undefined ? 0 : score(match, at);
    if (value > bestScore) [best, bestScore] = [match, value];
  }
  return best === undefined ? undefined : withoutNature(source, best);
}

/** A road in running text needs a surer name than behind a label: words before it may join it. */
function score(match: PlaceMatch, at: number): number {
  if (match.form !== 'house' && match.form !== 'block' && match.certain < 0.55) return 0;
  return FORM_RANK[match.form] * (0.4 + match.certain) - at * LATER_COST;
}

/** `8286 BELTLINE, CROSSVILLE`: a number and words without a suffix, up to a mark. */
function barePlace(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  const house = isHouseLike(source, at) ? matchHouse(tokens, at) : undefined;
  if (house === undefined) return undefined;
  let end = house.end;
  while (
    end < house.end + BARE_WORDS_MAX + 1 &&
    /^[A-Z][A-Z'.-]+$/.test(tokens[end]?.upper ?? '')
  ) {
    end += 1;
  }
  const words = end - house.end;
  if (words === 0 || isNatureWord(tokens[house.end]?.text ?? '')) return undefined;
  // No mark ends the street: its first word is the surest part of it.
  const last = words > BARE_WORDS_MAX ? house.end + 1 : end;
  return {
    start: at,
    end: last,
    form: 'house',
    certain: BARE_CERTAIN,
    text: `${house.text} ${squeeze(textOf(text, tokens, house.end, last))}`,
    crossStreets: [],
  };
}

/** `GRASS FIRE MAIN LN / OAK AVE`: words of the call type in front are no part of the street. */
function withoutNature(source: Source, match: PlaceMatch): PlaceMatch {
  if (match.form === 'house' || match.form === 'block') return match;
  let best = match;
  let certain = 0;
  for (let at = match.start; at < match.end - 1; at += 1) {
    const word = source.tokens[at]?.text ?? '';
    const shorter = isNatureWord(word) ? matchPlace(source, at + 1) : undefined;
    if (shorter?.end !== match.end) break;
    if (isStrongNatureWord(word)) certain += isAmbiguousNatureWord(word) ? 1 : 2;
    // `FIRE TOWER RD`: one word that also names places is the street's.
    if (certain > 1) best = shorter;
  }
  return best;
}

function withoutFirst(
  source: Source,
  match: PlaceMatch,
): { match: PlaceMatch; word: string } | undefined {
  const first = source.tokens[match.start];
  const named = match.form === 'intersection' || match.form === 'road' || match.form === 'mile';
  if (!named || first === undefined || match.start > 0 || DIRECTIONALS.has(first.upper)) {
    return undefined;
  }
  const shorter = matchPlace(source, 1);
  return shorter?.end === match.end ? { match: shorter, word: first.text } : undefined;
}

/** A number before a road that has none may be its house, with a street that was not understood. */
function explained(source: Source, match: PlaceMatch): number {
  if (match.form === 'house' || match.form === 'block') return 1;
  const before = source.tokens.slice(0, match.start);
  return before.some((_, at) => isHouseLike(source, at)) ? 0.5 : 1;
}

function isHouseLike(source: Source, at: number): boolean {
  const house = matchHouse(source.tokens, at);
  return house !== undefined && /^\d{2,5}$/.test(house.text);
}
