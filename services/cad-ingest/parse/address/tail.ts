import { squeeze } from '../text/squeeze.ts';
import { type Token, textOf } from '../text/tokens.ts';
import { readCrossStreets } from '../values/cross-streets.ts';
import { isPlaceName } from '../values/place-words.ts';
import { STATE_NAMES, STATES, UNIT_WORDS } from './words.ts';

/** What stands behind the street: apartment, city, state; the rest is a note. */
export interface Tail {
  readonly apartment?: string;
  readonly city?: string;
  /** A comma or a known name tells the town from the street. */
  readonly cityMarked?: boolean;
  readonly state?: string;
  readonly placeName?: string;
  /** In parentheses: `12 MILL RD (ELM ST / OAK AVE)`. */
  readonly crossStreets: readonly string[];
  readonly note?: string;
  /** Every word behind the street was understood. */
  readonly clean: boolean;
}

export interface TailHints {
  /** Towns known from elsewhere on the page or from the profile, in capitals. */
  readonly cities?: ReadonlySet<string>;
}

const CITY_WORDS_MAX = 4;
const CITY_WORD = /^[A-Z][A-Z.'’-]*$/;
const ZIP = /^\d{5}(?:-\d{4})?$/;
const ALONE = new Set(['UPPER', 'LOWER', 'REAR', 'FRONT', 'UPSTAIRS', 'DOWNSTAIRS', 'BASEMENT']);
const CROSSING = new Set(['BTWN', 'BETWEEN', 'BTW', 'XS', 'XST', 'X-ST', 'X', 'CROSS']);
/** A phrase with one of these tells where something is; it is no town. */
const NO_TOWN = new Set([
  'OF',
  'AND',
  'AT',
  'NEAR',
  'ON',
  'IN',
  'TO',
  'FROM',
  'JUST',
  'BEHIND',
  'BY',
]);
const BREAKS = new Set([',', ';', ':', '-', '_', '/', '|', '*']);

interface Reading {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly hints: TailHints;
  readonly apartment: string[];
  readonly places: string[];
  readonly cross: string[];
  readonly notes: string[];
  at: number;
  /** The mark that stood before the token at `at`. */
  mark: string;
  city?: string;
  cityMarked?: boolean;
  state?: string;
  /** The country was passed: what is behind it belongs to the building. */
  abroad?: boolean;
}

export function readTail(
  text: string,
  tokens: readonly Token[],
  from: number,
  hints: TailHints,
): Tail {
  const reading: Reading = {
    text,
    tokens,
    hints,
    apartment: [],
    places: [],
    cross: [],
    notes: [],
    at: from,
    mark: '',
  };
  while (reading.at < tokens.length) {
    const before = reading.at;
    takeNext(reading);
    // Each step takes at least one token, so the loop ends.
    if (reading.at === before) reading.at += 1;
  }
  return toTail(reading);
}

function takeNext(reading: Reading): void {
  const token = reading.tokens[reading.at];
  if (token === undefined) return;
  if (BREAKS.has(token.text)) {
    reading.mark = token.text;
    reading.at += 1;
    return;
  }
  const took =
    takeCrossing(reading) ||
    takeParenthesis(reading) ||
    takeApartment(reading) ||
    takeState(reading) ||
    takeCity(reading);
  if (!took) takeNote(reading);
  reading.mark = '';
}

function takeParenthesis(reading: Reading): boolean {
  const { tokens, text, at } = reading;
  if (/^(?:@|AT)$/.test(tokens[at]?.upper ?? '')) return takeLandmark(reading);
  const open = tokens[at]?.text ?? '';
  if (open !== '(' && open !== '[') return false;
  const shut = open === '(' ? ')' : ']';
  let end = at + 1;
  while (end < tokens.length && tokens[end]?.text !== shut) end += 1;
  const inner = squeeze(textOf(text, tokens, at + 1, end));
  if (/ & |\/|^btwn |^between |^x[: ]/i.test(inner)) reading.cross.push(...readCrossStreets(inner));
  else if (inner !== '') reading.places.push(inner.replace(/^@ ?/, ''));
  reading.at = Math.min(end + 1, tokens.length);
  return true;
}

/** `12 MILL RD btwn ELM ST and OAK AVE`: the rest of the value. */
function takeCrossing(reading: Reading): boolean {
  const { tokens, text, at } = reading;
  if (!CROSSING.has(tokens[at]?.upper ?? '')) return false;
  const streets = readCrossStreets(textOf(text, tokens, at + 1, tokens.length));
  if (streets.length === 0) return false;
  reading.cross.push(...streets);
  reading.at = tokens.length;
  return true;
}

/** `12 MILL RD @ FAIRVALE GRANGE`. */
function takeLandmark(reading: Reading): boolean {
  const { tokens, text, at } = reading;
  let end = at + 1;
  while (end < tokens.length && !BREAKS.has(tokens[end]?.text ?? '')) end += 1;
  const name = squeeze(textOf(text, tokens, at + 1, end));
  if (name !== '') reading.places.push(name);
  reading.at = end;
  return true;
}

/** `APT 4`, `#4`, `, 4`, `;4`, `LOT 12`, `2ND FLOOR`, or a bare `4B` before the city. */
function takeApartment(reading: Reading): boolean {
  const { tokens, at } = reading;
  const word = tokens[at]?.upper ?? '';
  const next = tokens[at + 1]?.upper ?? '';
  if (UNIT_WORDS.has(word) && !(word === 'FL' && (ZIP.test(next) || next === ''))) {
    return takeNamedApartment(reading, word);
  }
  const joined = /^(APT|UNIT|STE|LOT|RM|BLDG)\.?-?(\d{1,5}[A-Z]?)$/.exec(word);
  if (joined?.[2] !== undefined) return keepApartment(reading, joined[2], 1);
  const alone = ALONE.has(word) && reading.city === undefined && isBreak(tokens[at + 1]);
  if (alone) return keepApartment(reading, word, 1);
  if (/^\d{1,2}(ST|ND|RD|TH)$/.test(word) && /^(FL|FLR|FLOOR)$/.test(next)) {
    return keepApartment(reading, `${word} ${next}`, 2);
  }
  return isBareApartment(reading, word) ? keepApartment(reading, tokens[at]?.text ?? '', 1) : false;
}

const BARE = /^(?:\d{1,4}[A-Z]?|[A-Z]|[A-Z]-?\d{1,4}|\d{1,4}-[A-Z0-9]{1,2})$/;

/** Behind a dash or an underscore one letter is the code of a town; `T/AVN` is a township. */
function isBareApartment(reading: Reading, word: string): boolean {
  const { tokens, at, mark } = reading;
  const open = reading.city === undefined || reading.abroad === true;
  const room = reading.apartment.length === 0 && open;
  if (mark === ',' && TOWN_KINDS.test(word) && isName(tokens[at + 1])) return false;
  return room && BARE.test(word) && !/^[-_/]$/.test(mark) && tokens[at + 1]?.text !== '/';
}

/** `, T ADDIS`: the town, village or city of that name. */
const TOWN_KINDS = /^[TVC]$/;

function isName(token: Token | undefined): boolean {
  return /^[A-Z]{3,}$/.test(token?.upper ?? '') && !UNIT_WORDS.has(token?.upper ?? '');
}

function takeNamedApartment(reading: Reading, word: string): boolean {
  const { tokens, at } = reading;
  let from = at + 1;
  while (/^[#:.]$/.test(tokens[from]?.text ?? '') || tokens[from]?.upper === 'NO') from += 1;
  const value = tokens[from]?.text ?? '';
  if (!/^[A-Za-z0-9-]{1,8}$/.test(value) || value === '-') return false;
  const digits = /\d/.test(value) || value.length <= 2;
  if (!digits && word !== 'APT' && word !== 'APARTMENT') return false;
  const named = /^(BLDG|BUILDING|BLD|FLOOR|FLR|FL|LOT|RM|ROOM|STE|SUITE|TRLR|TRAILER)$/.test(word);
  return keepApartment(reading, named ? `${word} ${value}` : value, from + 1 - at);
}

function keepApartment(reading: Reading, value: string, tokens: number): boolean {
  reading.apartment.push(value);
  reading.at += tokens;
  return true;
}

/** A state stands last, before a ZIP, or before a mark. A ZIP alone is passed. */
function takeState(reading: Reading): boolean {
  const { tokens, at } = reading;
  const word = tokens[at]?.upper ?? '';
  const next = tokens[at + 1];
  if (ZIP.test(word) && (next === undefined || reading.city !== undefined || reading.mark !== '')) {
    reading.at += 1;
    return true;
  }
  if (word === 'USA' || (word === 'US' && next === undefined)) {
    reading.at += 1;
    reading.abroad = true;
    return true;
  }
  const ends =
    next === undefined || ZIP.test(next.upper) || BREAKS.has(next.text) || next.upper === 'USA';
  const state = STATES.has(word) ? word : longState(reading, word);
  if (state === undefined || !ends) return false;
  if (reading.city === undefined && reading.mark === '' && next === undefined) return false;
  reading.state = state;
  reading.at += 1;
  return true;
}

function longState(reading: Reading, word: string): string | undefined {
  return reading.city === undefined ? undefined : STATE_NAMES.get(word);
}

function takeCity(reading: Reading): boolean {
  const { tokens, at } = reading;
  // Behind a semicolon stands a landmark: `14 PINE HOLLOW RD; LOWER BARN`.
  if (reading.city !== undefined || reading.mark === ';') return false;
  const coded = codeEnd(reading);
  if (coded !== undefined) return keepCity(reading, coded);
  const end = knownCityEnd(reading) ?? wordsEnd(tokens, at);
  if (end === at || end - at > CITY_WORDS_MAX) return false;
  const from = isTownOf(tokens, at) ? at + 2 : at;
  if (tokens.slice(from, end).some((token) => NO_TOWN.has(token.upper))) return false;
  const last = end < tokens.length ? undefined : tokens[end - 1]?.upper;
  // `, FAIRVALE GRANGE, ARLOW`: a place stands in front of its town.
  if (reading.mark === ',' && tokens[end]?.text === ',' && isPlaceAt(reading, end)) return false;
  const stateLast = last !== undefined && STATES.has(last) && end - at > 1;
  return keepCity(reading, stateLast ? end - 1 : end);
}

function isPlaceAt({ text, tokens, at }: Reading, end: number): boolean {
  return isPlaceName(squeeze(textOf(text, tokens, at, end))) && wordsEnd(tokens, end + 1) > end + 1;
}

/** `TOWN OF LELAND`, `VILLAGE OF BOSCO`. */
function isTownOf(tokens: readonly Token[], at: number): boolean {
  const kind = /^(?:TOWN|TOWNSHIP|TWP|VILLAGE|VLG|CITY|BORO|BOROUGH)$/;
  return kind.test(tokens[at]?.upper ?? '') && tokens[at + 1]?.upper === 'OF';
}

/** `,MA4`, and `T/AVN` or `V/ELM` for a township or village. */
function codeEnd(reading: Reading): number | undefined {
  const { tokens, at, mark } = reading;
  const word = tokens[at]?.upper ?? '';
  if (/^[A-Z]{2,4}\d{1,2}$/.test(word) && mark !== '' && isBreak(tokens[at + 1])) return at + 1;
  const parted = /^[A-Z]$/.test(word) && tokens[at + 1]?.text === '/';
  return parted && CITY_WORD.test(tokens[at + 2]?.upper ?? '') ? at + 3 : undefined;
}

function keepCity(reading: Reading, end: number): boolean {
  reading.cityMarked = reading.mark === ',' || knownCityEnd(reading) === end;
  reading.city = squeeze(textOf(reading.text, reading.tokens, reading.at, end));
  reading.at = end;
  return true;
}

function knownCityEnd(reading: Reading): number | undefined {
  const { tokens, at, text, hints } = reading;
  if (hints.cities === undefined || hints.cities.size === 0) return undefined;
  for (let length = CITY_WORDS_MAX; length > 0; length -= 1) {
    const phrase = squeeze(textOf(text, tokens, at, at + length)).toUpperCase();
    if (at + length <= tokens.length && hints.cities.has(phrase)) return at + length;
  }
  return undefined;
}

function wordsEnd(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length) {
    const word = tokens[at]?.upper ?? '';
    const next = tokens[at + 1];
    if (!CITY_WORD.test(word) || word === '-' || (UNIT_WORDS.has(word) && at > from)) break;
    const state = STATES.has(word) && at > from;
    if (state && (next === undefined || ZIP.test(next.upper) || BREAKS.has(next.text))) break;
    if (word === 'USA') break;
    at += 1;
  }
  return at;
}

/** What nobody understood, up to the next break. */
function takeNote(reading: Reading): void {
  const { tokens, at, text, mark } = reading;
  let end = at + 1;
  while (end < tokens.length && !BREAKS.has(tokens[end]?.text ?? '')) {
    if (tokens[end]?.text === '(') break;
    end += 1;
  }
  const note = squeeze(textOf(text, tokens, at, end));
  if (note !== '') (mark === '' || /\d/.test(note) ? reading.notes : reading.places).push(note);
  reading.at = end;
}

function isBreak(token: Token | undefined): boolean {
  return token === undefined || BREAKS.has(token.text);
}

function toTail(reading: Reading): Tail {
  const { apartment, places, cross, notes, city, state } = reading;
  const tail: { -readonly [Key in keyof Tail]: Tail[Key] } = {
    crossStreets: cross,
    clean: notes.length === 0,
  };
  if (apartment.length > 0) tail.apartment = apartment.join(' ');
  if (city !== undefined) tail.city = city;
  if (city !== undefined) tail.cityMarked = reading.cityMarked ?? false;
  if (state !== undefined) tail.state = state;
  if (places.length > 0) tail.placeName = places.join(', ');
  if (notes.length > 0) tail.note = notes.join(', ');
  return tail;
}
