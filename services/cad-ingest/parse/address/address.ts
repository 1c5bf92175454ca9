import { oncePerPage } from '../page-memo.ts';
import { squeeze } from '../text/squeeze.ts';
import { type Token, textOf, tokenize } from '../text/tokens.ts';
import { type Coordinates, findCoordinates } from '../values/coordinates.ts';
import { without } from '../values/span.ts';
import { matchHouse } from './house.ts';
import { type AddressForm, matchPlace, type PlaceMatch, passMarks } from './place.ts';
import { readTail, type Tail, type TailHints } from './tail.ts';
import { DIRECTIONALS, INTERSECTION_MARKS } from './words.ts';

/**
 * Without a suffix to hold on to: `bare` is a number and words, `open` two names with a mark between
 * them, `plain` words alone; `none` is no address.
 */
type LooseForm = 'bare' | 'open' | 'plain' | 'none';

/** What a value that holds an address says. */
export interface AddressParts {
  readonly address?: string;
  readonly form: AddressForm | LooseForm;
  /** 0..1: how surely `address` is the whole address and nothing but it. */
  readonly certain: number;
  readonly apartment?: string;
  readonly city?: string;
  readonly cityMarked?: boolean;
  readonly state?: string;
  readonly placeName?: string;
  /** Words in front of the address, and whether a mark parts them from it. */
  readonly lead?: string;
  readonly leadMarked?: boolean;
  readonly crossStreets: readonly string[];
  readonly coordinates?: Coordinates;
  /** Words that belong to none of these. */
  readonly note?: string;
}

const NONE: AddressParts = { form: 'none', certain: 0, crossStreets: [] };
const VALUE_CHARS_MAX = 400;
const PREFIXES =
  /^(?:EST(?:IMATED)?:?|APPROX(?:IMATE)? LOC(?:ATION)?:?|NEAR|IAO|IN THE AREA OF|AREA OF|AREA|AT|INTERSECTION OF:?|LOC:)\s+/i;
/** `484 STATE HWY 127-HOLBDALE`, `6760 AZALEA DR-HOLBDALE`: the town behind a dash. */
const GLUED_TOWN =
  /(?<=\b(?:\d{1,4}|ST|RD|AVE|DR|LN|CT|BROADWAY|HWY|BLVD|WAY|CIR|PL|PIKE|TRL|TER|LOOP|AVENUE|ROAD|STREET|DRIVE|LANE|COURT|POINTS|STRAND))-(?=[A-Z]{3,}(?<!BLK|MILE))/i;
const COORDINATE_WRAP = /\b(?:LL|GPS|LAT\/LON(?:G)?|LATLON)\s?[:(]?\s?\)?/gi;

/** Reads a value that is believed to be an address, with whatever is attached to it. */
export function readAddress(value: string, hints: TailHints = {}): AddressParts {
  const hinted = hints.cities !== undefined && hints.cities.size > 0;
  return hinted ? readParts(value, hints) : readUnhinted(value);
}

const readUnhinted = oncePerPage((value) => readParts(value, {}));

function readParts(value: string, hints: TailHints): AddressParts {
  const squeezed = squeeze(value.slice(0, VALUE_CHARS_MAX));
  const parted = squeezed.includes('-') ? squeezed.replace(GLUED_TOWN, ' - ') : squeezed;
  const { text, coordinates } = shedCoordinates(parted);
  const bare = text
    .replace(PREFIXES, '')
    .replace(/,? ?\bUSA$/i, '')
    .replace(/[\s,;:.-]{1,6}$/, '');
  const place = coordinates === undefined ? {} : { coordinates };
  if (bare === '') return { ...NONE, ...place };
  const source = { text: bare, tokens: tokenize(bare) };
  const match = bestMatch(source);
  const sure = match?.form === 'road' || match === undefined ? undefined : match;
  const open = sure === undefined ? openIntersection(source) : undefined;
  if (open !== undefined) return { ...fromMatch(source, open, hints), ...place, form: 'open' };
  const parts = match === undefined ? plainAddress(source, hints) : fromMatch(source, match, hints);
  return { ...parts, ...place };
}

interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
}

function shedCoordinates(text: string): { text: string; coordinates?: Coordinates } {
  const found = findCoordinates(text);
  if (found === undefined) return { text };
  const rest = without(text, [found])
    .replaceAll(COORDINATE_WRAP, ' ')
    .replaceAll(/\(\s*\)/g, ' ');
  return { text: squeeze(rest).replace(/^[\s,;]{1,4}/, ''), coordinates: found.value };
}

/** A house number wins over an intersection, that over a road; the earlier one among equals. */
function bestMatch(source: Source): PlaceMatch | undefined {
  let best: PlaceMatch | undefined;
  let bestRank = 0;
  for (let at = 0; at < source.tokens.length; at += 1) {
    if (!isStart(source.tokens, at)) continue;
    const match = matchPlace(source, at);
    const value = match === undefined ? 0 : rank(source, match);
    if (match !== undefined && value > bestRank) {
      best = match;
      bestRank = value;
    }
  }
  return best;
}

const MARKS = new Set(',;@)(/:|*-');

/** Only a house number may stand behind words of a place name; the rest begins at a mark. */
function isStart(tokens: readonly Token[], at: number): boolean {
  if (at === 0) return true;
  return MARKS.has(tokens[at - 1]?.text ?? '') || matchHouse(tokens, at) !== undefined;
}

function rank(source: Source, match: PlaceMatch): number {
  const forms = { house: 4, block: 4, mile: 3.5, intersection: 3, road: 2 };
  const inParentheses = source.tokens[match.start - 1]?.text === '(';
  const first = match.start === 0 ? 0.6 : 0;
  return forms[match.form] + first + match.certain / 2 - (inParentheses ? 3 : 0);
}

/** `MAIN / OAK`, `RIVERWALK / 278TH HWY`: a mark between two names, one without a suffix. */
function openIntersection(source: Source): PlaceMatch | undefined {
  const { text, tokens } = source;
  const mark = tokens.findIndex((token) => /^[/&\\]$/.test(token.text));
  if (mark < 1 || mark > 6 || matchHouse(tokens, 0) !== undefined) return undefined;
  const from = passMarks(tokens, mark);
  let end = from;
  while (end < tokens.length && end < from + 5 && !/^[,;(/&-]$/.test(tokens[end]?.text ?? '')) {
    end += 1;
  }
  const words = [...tokens.slice(0, mark), ...tokens.slice(from, end)];
  const named = words.every((token) => /^[A-Z0-9][A-Z0-9.'-]*$/.test(token.upper));
  const long = words.some((token) => token.upper.length > 2);
  if (end === from || !named || !long) return undefined;
  const one = squeeze(textOf(text, tokens, 0, mark));
  const other = squeeze(textOf(text, tokens, from, end));
  return {
    start: 0,
    end,
    form: 'intersection',
    certain: 0.6,
    text: `${one} & ${other}`,
    crossStreets: [],
  };
}

function fromMatch(source: Source, match: PlaceMatch, hints: TailHints): AddressParts {
  const { text, tokens } = source;
  const lead = leadOf(squeeze(textOf(text, tokens, 0, match.start)));
  const tail = readTail(text, tokens, match.end, hints);
  const crossing = crossOf(tokens, match.end);
  const marked = MARKS.has(tokens[match.start - 1]?.text ?? '');
  return {
    ...partsOfTail(tail),
    address: match.text,
    form: match.form,
    certain: certainOf(match, tail, lead) * (crossing ? 0.8 : 1),
    crossStreets: [...match.crossStreets, ...tail.crossStreets],
    ...(lead === undefined ? {} : { lead, leadMarked: marked }),
  };
}

function certainOf(match: PlaceMatch, tail: Tail, lead: string | undefined): number {
  let certain = match.certain;
  if (!tail.clean) certain *= 0.75;
  if (lead !== undefined && match.form !== 'house') certain *= 0.8;
  return certain;
}

/** An intersection mark behind the match was not understood as one. */
function crossOf(tokens: readonly Token[], at: number): boolean {
  const word = tokens[at]?.upper ?? '';
  return INTERSECTION_MARKS.has(word) && word !== '@' && word !== 'AT';
}

/** Words in front of the house number: the name of a place. */
function leadOf(text: string): string | undefined {
  const bare = text.replace(/^[\s@(*-]{1,6}/, '').replace(/[\s@,;:(/*-]{1,6}$/, '');
  return bare.length < 2 ? undefined : bare;
}

/** `100 BROADWAY`, `FAIRGROUNDS`: no suffix tells where the street ends, so a mark must. */
function plainAddress(source: Source, hints: TailHints): AddressParts {
  const { text, tokens } = source;
  const from = tokens[0]?.text === '@' ? 1 : 0;
  const stop = tokens.findIndex((token, index) => index > from && isStop(token));
  const end = stop < 0 ? tokens.length : stop;
  const house = matchHouse(tokens, from);
  const nameStart = house?.end ?? from;
  const city = cityAtEnd(source, end, hints);
  const streetEnd = apartmentAt(tokens, from + 1, city ?? end) ?? city ?? end;
  const written = squeeze(textOf(text, tokens, nameStart, streetEnd));
  const tail = readTail(text, tokens, streetEnd, hints);
  const ended = city !== undefined || stop >= 0;
  const words = nameWords(tokens.slice(nameStart, streetEnd));
  const certain = plainCertain(house !== undefined, words, ended);
  const rest = { ...partsOfTail(tail), certain };
  // `@FAIRVALE GRANGE` names a place and no street.
  const placed = from === 1 && house === undefined;
  if (placed || written === '') {
    return { ...rest, form: 'none', ...(written === '' ? {} : { placeName: written }) };
  }
  const address = house === undefined ? written : `${house.text} ${written}`;
  return { ...rest, form: house === undefined ? 'plain' : 'bare', address };
}

/** How many words may be more than the street: a directional and an ordinal say where it ends. */
function nameWords(tokens: readonly Token[]): number {
  if (/^\d{1,3}(?:ST|ND|RD|TH)$/.test(tokens.at(-1)?.upper ?? '')) return 1;
  const directed = DIRECTIONALS.has(tokens[0]?.upper ?? '') ? 1 : 0;
  return Math.max(1, tokens.length - directed);
}

function partsOfTail(tail: Tail): Omit<Tail, 'clean'> {
  const { clean: _, ...parts } = tail;
  return parts;
}

function plainCertain(house: boolean, words: number, ended: boolean): number {
  if (!house) return 0.3;
  if (words === 1) return 0.85;
  return ended && words <= 3 ? 0.75 : 0.5;
}

const STOPS = new Set(',;(@*|_-');

function isStop(token: Token): boolean {
  return STOPS.has(token.text);
}

/** Where a known town begins that ends this stretch of words. */
function cityAtEnd(source: Source, end: number, hints: TailHints): number | undefined {
  if (hints.cities === undefined) return undefined;
  for (let from = Math.max(2, end - 4); from < end; from += 1) {
    const phrase = squeeze(textOf(source.text, source.tokens, from, end)).toUpperCase();
    if (hints.cities.has(phrase)) return from;
  }
  return undefined;
}

function apartmentAt(tokens: readonly Token[], from: number, end: number): number | undefined {
  for (let at = from + 1; at < end; at += 1) {
    if (/^(?:APT|UNIT|STE|SUITE|LOT|RM|ROOM|BLDG|TRLR|#)\.?$/.test(tokens[at]?.upper ?? ''))
      return at;
  }
  return undefined;
}
