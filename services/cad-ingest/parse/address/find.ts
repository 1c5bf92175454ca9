import { FREE_TEXT_CHARS_MAX } from '../text/limits.ts';
import { tokenize } from '../text/tokens.ts';
import { isNatureWord } from '../values/nature-words.ts';
import { matchHouse } from './house.ts';
import { matchPlace, type PlaceMatch } from './place.ts';

/** An address in running text, and what stands before and behind it. */
export interface Found {
  readonly match: PlaceMatch;
  readonly before: string;
  readonly behind: string;
}

const FORM_RANK = { house: 3, block: 3, mile: 2.2, intersection: 2, road: 1 };
/** How much later an address may stand and still win by its form. */
const LATER_COST = 0.01;

/**
 * The likeliest address of a free text: a house number with a street that has a suffix, then an
 * intersection, then a road alone. Early ones win over late ones: the narrative comes last.
 */
export function findAddress(text: string): Found | undefined {
  const near = text.slice(0, FREE_TEXT_CHARS_MAX);
  const source = { text: near, tokens: tokenize(near) };
  let best: PlaceMatch | undefined;
  let bestScore = 0;
  for (let at = 0; at < source.tokens.length; at += 1) {
    const match = matchPlace(source, at);
    if (match === undefined) continue;
    const value = score(match, at);
    if (value > bestScore) {
      best = match;
      bestScore = value;
    }
  }
  if (best === undefined) return undefined;
  best = withoutNature(source, best);
  best = { ...best, certain: best.certain * explained(source, best) };
  const start = source.tokens[best.start]?.start ?? 0;
  const end = source.tokens[best.end - 1]?.end ?? near.length;
  return { match: best, before: text.slice(0, start), behind: text.slice(end) };
}

/** `GRASS FIRE MAIN LN / OAK AVE`: words of the call type in front are no part of the street. */
function withoutNature(source: Parameters<typeof matchPlace>[0], match: PlaceMatch): PlaceMatch {
  if (match.form === 'house' || match.form === 'block') return match;
  let best = match;
  for (let at = match.start; at < match.end - 1; at += 1) {
    const word = source.tokens[at]?.text ?? '';
    const shorter = isNatureWord(word) ? matchPlace(source, at + 1) : undefined;
    if (shorter?.end !== match.end) break;
    best = shorter;
  }
  return best;
}

/** A number before a road that has none may be its house, with a street that was not understood. */
function explained(source: Parameters<typeof matchPlace>[0], match: PlaceMatch): number {
  if (match.form === 'house' || match.form === 'block') return 1;
  const before = source.tokens.slice(0, match.start);
  return before.some((_, at) => isHouseLike(source, at)) ? 0.5 : 1;
}

function isHouseLike(source: Parameters<typeof matchPlace>[0], at: number): boolean {
  const house = matchHouse(source.tokens, at);
  return house !== undefined && /^\d{2,5}$/.test(house.text);
}

/** A road in running text needs a surer name than behind a label: words before it may join it. */
function score(match: PlaceMatch, at: number): number {
  if (match.form !== 'house' && match.form !== 'block' && match.certain < 0.55) return 0;
  return FORM_RANK[match.form] * (0.4 + match.certain) - at * LATER_COST;
}
