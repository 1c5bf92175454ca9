import { matchPlace } from './address/place.ts';
import { matchesOf } from './text/matches.ts';
import { tokenize } from './text/tokens.ts';
import { datesIn, timesIn } from './values/clock.ts';
import { findDeterminant, isIncidentNumber, phonesIn } from './values/codes.ts';
import { findCoordinates } from './values/coordinates.ts';
import { isStrongNatureWord } from './values/nature-words.ts';
import { overlap, type Span } from './values/span.ts';
import { isUnitCode } from './values/units.ts';

/** Clocks, phones and coordinates: no part of an address, whatever stands beside them. */
export function firmSpans(text: string): Span<string>[] {
  const coordinates = findCoordinates(text);
  return disjoint([
    ...(coordinates === undefined ? [] : [{ ...coordinates, value: '' }]),
    ...datesIn(text),
    ...timesIn(text),
    ...phonesIn(text),
  ]);
}

/** All values of a text that their own form gives away, left to right. */
export function valueSpans(text: string): Span<string>[] {
  const determinant = findDeterminant(text);
  return disjoint([
    ...firmSpans(text),
    ...(determinant === undefined ? [] : [determinant]),
    ...numberSpans(text),
    ...unitRuns(text),
  ]);
}

const NUMBER_LIKE = /[#A-Za-z0-9-]{6,24}/g;
const UNIT_LIST = /[A-Z0-9-]{2,8}(?:[,;] ?[A-Z0-9-]{2,8}){1,20}/g;

/** Incident numbers; a house range such as `100-120 ELM ST` and padded house numbers are none. */
function numberSpans(text: string): Span<string>[] {
  if (!/\d/.test(text)) return [];
  return matchesOf(NUMBER_LIKE, text)
    .filter((match) => isIncidentNumber(match[0]) && !match[0].startsWith('00'))
    .filter((match) => !opensAddress(text.slice(match.index, match.index + 80)))
    .map(spanOf);
}

function opensAddress(text: string): boolean {
  if (!/^\d{1,5}-\d{1,5}\s/.test(text)) return false;
  const place = matchPlace({ text, tokens: tokenize(text, 12) }, 0);
  return place?.form === 'house' && place.certain > 0.8;
}

/** Unit ids with nothing but commas and blanks between them: `E12,M4 T7`. */
function unitRuns(text: string): Span<string>[] {
  if (!/\d/.test(text) || !/[,;]/.test(text)) return [];
  return matchesOf(UNIT_LIST, text)
    .filter((match) => match[0].split(/[,; ]+/).every(isLetteredUnit))
    .map(spanOf);
}

/** A unit's id with letters; `FIRE-264` is a call type and its number. */
export function isLetteredUnit(word: string): boolean {
  const numbered = /^([A-Z]{3,})-\d{3}$/.exec(word)?.[1];
  if (numbered !== undefined && isStrongNatureWord(numbered)) return false;
  return isUnitCode(word) && /[A-Z]/.test(word);
}

function spanOf(match: RegExpExecArray): Span<string> {
  return { value: match[0], start: match.index, end: match.index + match[0].length };
}

function disjoint(spans: Span<string>[]): Span<string>[] {
  const kept: Span<string>[] = [];
  for (const span of spans.sort((one, other) => one.start - other.start || other.end - one.end)) {
    const last = kept.at(-1);
    if (last === undefined || !overlap(last, span)) kept.push(span);
  }
  return kept;
}
