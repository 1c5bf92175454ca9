import { FREE_TEXT_CHARS_MAX } from '../text/limits.ts';
import { squeeze } from '../text/squeeze.ts';
import { type Token, textOf, tokenize } from '../text/tokens.ts';
import { isAmbiguousNatureWord, isNatureWord, isStrongNatureWord } from '../values/nature-words.ts';
import type { Span } from '../values/span.ts';
import { opensHighway } from './highway.ts';
import { matchHouse } from './house.ts';
import { matchPlace, type PlaceMatch } from './place.ts';
import { hasStreetSign } from './signs.ts';
import { DIRECTIONALS, SHORT_DIRECTIONALS, UNIT_WORDS } from './words.ts';

/** An address in running text, and what stands before and behind it. */
export interface Found {
  readonly match: PlaceMatch;
  readonly before: string;
  readonly behind: string;
  /** The same without its first word, where that may be a code in front of a street's name. */
  readonly shorter?: { readonly match: PlaceMatch; readonly word: string };
  /** Nothing of it could be read in another way. */
  readonly plain: boolean;
}

interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
}

const FORM_RANK = { house: 3, block: 3, mile: 2.2, intersection: 2, road: 1 };
/** How much later an address may stand and still win by its form. */
const LATER_COST = 0.02;
/** A sentence tells of the address: the caller's, or where somebody is now. */
const TOLD_COST = 0.7;
const TELLING =
  /(?<![A-Za-z])(?:caller|is|was|now|lives?|states?|stated|advise[sd]?|said|says|near|from|towards?|behind|past|subj|came|went|seen|parked|she|he|they|his|her|their)(?![A-Za-z])[^.;\d]{0,24}$/i;

/** Words of a sentence stand in front of an address that is part of it. */
export function isTold(before: string): boolean {
  return TELLING.test(before.slice(-60));
}

const BARE_CERTAIN = 0.25;
const BARE_WORDS_MAX = 3;

/**
 * The likeliest address of a free text: a house number with a street that has a suffix, then an
 * intersection, then a road alone. Early ones win over late ones: the narrative comes last. `firm`
 * are values, such as times, of which no address has a part.
 */
export function findAddress(text: string, firm: readonly Span<unknown>[] = []): Found | undefined {
  const near = mask(text.slice(0, FREE_TEXT_CHARS_MAX), firm);
  if (!hasStreetSign(near)) return undefined;
  const source = { text: near, tokens: tokenize(near) };
  const found = bestOf(source);
  if (found === undefined) return undefined;
  const { best, road } = found;
  const match = { ...best, certain: best.certain * explained(source, best) };
  const start = source.tokens[match.start]?.start ?? 0;
  const end = source.tokens[match.end - 1]?.end ?? near.length;
  const shorter = withoutFirst(source, match);
  return {
    match,
    before: text.slice(0, start),
    behind: text.slice(end),
    plain: isPlain(source, match) && (road === undefined || road.start > match.start),
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

/** A name may have so many words, its suffix among them, to be surely one street's. */
const PLAIN_WORDS_MAX = 3;
const PLAIN_LEAST = 0.95;

/** A house and a short street with a sure suffix, and no other number right in front. */
function isPlain({ tokens }: Source, match: PlaceMatch): boolean {
  if (match.form !== 'house' || match.certain < PLAIN_LEAST || match.crossStreets.length > 0) {
    return false;
  }
  const words = tokens
    .slice(match.start + 1, match.end)
    .map((token) => token.upper)
    .filter((word) => !DIRECTIONALS.has(word));
  const worded = words.some((word) => isStrongNatureWord(word) && !isAmbiguousNatureWord(word));
  return (
    words.length <= PLAIN_WORDS_MAX &&
    !worded &&
    !/^\d{1,5}$/.test(tokens[match.start - 1]?.text ?? '')
  );
}

/** The likeliest address, and the first road that is surely one. */
function bestOf(source: Source): { best: PlaceMatch; road: PlaceMatch | undefined } | undefined {
  const places = placesOf(source);
  const scored = places.map((match) => ({ match, value: score(source, match) }));
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (one, other) => (other.value > (one?.value ?? 0) ? other : one),
    undefined,
  )?.match;
  if (best === undefined) return undefined;
  const front = places.find((match) => isCrossOf(match, best));
  return { best: withoutNature(source, front ?? best), road: places.find(isSureRoad) };
}

/** All places of the text; within the name of a road another one does not begin. */
function placesOf(source: Source): PlaceMatch[] {
  const places: PlaceMatch[] = [];
  let roadEnd = 0;
  for (let at = 0; at < source.tokens.length; at += 1) {
    const match = matchPlace(source, at) ?? barePlace(source, at);
    if (match === undefined || (at < roadEnd && match.form !== 'house')) continue;
    places.push(match);
    if (isWholeRoad(match)) roadEnd = match.end;
    // In `9372 KY 36 E` the road's number is no house.
    if (match.form === 'house' && match.certain >= WHOLE_LEAST) at = match.end - 1;
  }
  return places;
}

/** Within it no other road begins: in `US 75 HWY MM 112` there is no `75 HWY`. */
function isWholeRoad(match: PlaceMatch): boolean {
  if (match.form === 'mile') return match.certain >= WHOLE_LEAST;
  return match.form === 'road' && isSureRoad(match);
}

function isSureRoad({ form, certain }: PlaceMatch): boolean {
  return (form === 'road' || form === 'intersection') && certain >= SURE_ROAD;
}

const SURE_ROAD = 0.8;
const WHOLE_LEAST = 0.65;
/** A town stands between a road and its cross streets, and no more. */
const TOWN_WORDS_MAX = 3;

/** `S PINCKNEY SQ LKH DEER ST / N SUMMIT PATH`: the intersection is the road's, not the address. */
function isCrossOf(road: PlaceMatch, best: PlaceMatch): boolean {
  if (road.form !== 'road' || !isSureRoad(road) || best.form !== 'intersection') return false;
  const gap = best.start - road.end;
  return gap > 0 && gap <= TOWN_WORDS_MAX;
}

/** A road in running text needs a surer name than behind a label: words before it may join it. */
function score({ text, tokens }: Source, match: PlaceMatch): number {
  const named = match.form !== 'house' && match.form !== 'block';
  if (named && match.certain < 0.55) return 0;
  // `BTWN ELM ST AND OAK AVE`: the cross streets of another address.
  if (named && CROSSING.has(tokens[match.start - 1]?.upper ?? '')) return 0;
  const told = isTold(text.slice(0, tokens[match.start]?.start ?? 0)) ? TOLD_COST : 1;
  return FORM_RANK[match.form] * (0.4 + match.certain) * told - match.start * LATER_COST;
}

const CROSSING = new Set(['BTWN', 'BETWEEN', 'BTW', 'XS', 'XST', 'X', 'X-ST', 'CROSS']);

/** `8286 BELTLINE, CROSSVILLE`: a number and words without a suffix, up to a mark. */
function barePlace(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  const house = isHouseLike(source, at) ? matchHouse(tokens, at) : undefined;
  if (house === undefined) return undefined;
  const directed = DIRECTIONALS.has(tokens[house.end]?.upper ?? '') ? 1 : 0;
  const end = bareEnd(tokens, house.end + directed, house.end + BARE_WORDS_MAX + 1);
  const words = end - house.end - directed;
  if (words === 0 || isNatureWord(tokens[house.end + directed]?.text ?? '')) return undefined;
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

/** Where words end that may be a street's name: before a call type, behind a full stop or an ordinal. */
function bareEnd(tokens: readonly Token[], from: number, limit: number): number {
  let end = from;
  while (end < limit && isBareName(tokens[end]?.upper ?? '')) {
    const [before, word] = [tokens[end - 1]?.text ?? '', tokens[end]?.text ?? ''];
    const ended = /[A-Z]{3}\.$|^\d+(?:ST|ND|RD|TH)$/i.test(before);
    if (end > from && (ended || isSurelyCall(word))) break;
    end += 1;
  }
  return end;
}

function isSurelyCall(word: string): boolean {
  return isStrongNatureWord(word) && !isAmbiguousNatureWord(word);
}

/** A word of a street without a suffix: a name, or the ordinal that it is. */
function isBareName(word: string): boolean {
  return (
    (/^[A-Z][A-Z'.-]+$/.test(word) && !UNIT_WORDS.has(word)) || /^\d+(?:ST|ND|RD|TH)$/.test(word)
  );
}

/** `GRASS FIRE MAIN LN / OAK AVE`: words of the call type in front are no part of the street. */
function withoutNature(source: Source, match: PlaceMatch): PlaceMatch {
  if (match.form === 'house' || match.form === 'block') return match;
  let best = match;
  let certain = 0;
  for (let at = match.start; at < match.end - 1; at += 1) {
    const word = source.tokens[at]?.text ?? '';
    // A town or a place may stand in front of the call type.
    certain = isNatureWord(word) ? certain + natureWeight(word) : 0;
    // `FIRE TOWER RD`: one word that also names places is the street's.
    if (certain < 2 || SHORT_DIRECTIONALS.has(word.toUpperCase())) continue;
    const shorter = matchPlace(source, at + 1);
    if (shorter !== undefined && shorter.end >= match.end) best = shorter;
  }
  return best;
}

function natureWeight(word: string): number {
  if (!isStrongNatureWord(word)) return 0;
  return isAmbiguousNatureWord(word) ? 1 : 2;
}

function withoutFirst(
  source: Source,
  match: PlaceMatch,
): { match: PlaceMatch; word: string } | undefined {
  const first = source.tokens[match.start];
  // Behind the number of a unit as at the begin: `STA 3 FALL GIN HOUSE RD/EAST ST`.
  const opens = match.start === 0 || /^\d{1,4}$/.test(source.tokens[match.start - 1]?.text ?? '');
  const named = match.form === 'intersection' || match.form === 'road' || match.form === 'mile';
  // `US ROUTE 20` is one name, and a code is written in capitals.
  if (opensHighway(source.tokens, match.start) || /^[A-Z][a-z]/.test(first?.text ?? ''))
    return undefined;
  if (!named || first === undefined || !opens || DIRECTIONALS.has(first.upper)) {
    return undefined;
  }
  const shorter = matchPlace(source, match.start + 1);
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
