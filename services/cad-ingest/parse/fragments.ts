import { findAddress } from './address/find.ts';
import { classify, type Fragment } from './classify.ts';
import { FREE_TEXT_CHARS_MAX } from './text/limits.ts';
import { datesIn, timesIn } from './values/clock.ts';
import { findDeterminant, isIncidentNumber, phonesIn } from './values/codes.ts';
import { findCoordinates } from './values/coordinates.ts';
import { isJoiningWord, isNatureWord, isStrongNatureWord } from './values/nature-words.ts';
import { overlap, type Span } from './values/span.ts';
import { isUnitCode } from './values/units.ts';

const FRAGMENTS_MAX = 80;
const SAMPLE_CHARS_MAX = 1_500;
/** A town has at most so many words in front of the call type. */
const RUN_START_MAX = 4;
const RUN_WORDS_MAX = 8;

/** Marks between fields, and how often each must occur before it is believed. */
const DELIMITERS: readonly { readonly mark: string; readonly least: number }[] = [
  { mark: '*', least: 3 },
  { mark: '|', least: 2 },
  { mark: '~', least: 2 },
  { mark: '\t', least: 2 },
  { mark: ';', least: 2 },
  { mark: '\\', least: 3 },
  { mark: ' // ', least: 2 },
  { mark: ' / ', least: 3 },
  { mark: ',', least: 3 },
  { mark: '/', least: 5 },
  { mark: ' - ', least: 2 },
];

/** Cuts text without labels into fragments: at lines, at the page's delimiter, around values. */
export function cutFragments(text: string): Fragment[] {
  return cutFragmentsAt(text, delimiterOf(text.split('\n')));
}

/** The same where the delimiter is known. */
export function cutFragmentsAt(text: string, mark: string | undefined): Fragment[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const pieces = lines.flatMap((line) =>
    mark === undefined ? [line] : line.split(mark, FRAGMENTS_MAX + 1),
  );
  return pieces
    .slice(0, FRAGMENTS_MAX)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .flatMap(divide);
}

/** The mark that parts the fields of this text, if one does. */
export function delimiterOf(lines: readonly string[]): string | undefined {
  const sample = lines.join('\n').slice(0, SAMPLE_CHARS_MAX);
  for (const { mark, least } of DELIMITERS) {
    const count = sample.split(mark).length - 1;
    if (count >= least && isFieldMark(sample, mark)) return mark;
  }
  return undefined;
}

/** Fields are short in the beginning; commas of a sentence have long words between them. */
function isFieldMark(sample: string, mark: string): boolean {
  const pieces = sample.split(mark).slice(0, 6);
  const long = pieces.slice(0, 4).filter((piece) => piece.trim().length > 60).length;
  if (long > 1) return false;
  if (mark !== ',' && mark !== ' - ' && mark !== '/') return true;
  const kinds = new Set(pieces.map((piece) => classify(piece).kind));
  return kinds.has('address') || (kinds.has('road') && kinds.has('nature'));
}

/** A fragment that holds several values is cut around them. */
function divide(piece: string): Fragment[] {
  const whole = classify(piece);
  if (whole.kind !== 'text' && whole.kind !== 'words' && whole.kind !== 'nature') return [whole];
  const parts = aroundAddress(piece) ?? aroundValues(piece);
  return parts.length > 1 ? parts : [whole];
}

function aroundAddress(piece: string): Fragment[] | undefined {
  const found = findAddress(piece);
  if (found === undefined) return undefined;
  const { match, before, behind } = found;
  const certain = match.certain * 0.85;
  const { text, form, crossStreets } = match;
  const address: Fragment = {
    text,
    kind: form === 'road' ? 'road' : 'address',
    score: certain,
    parts: { address: text, form, certain, crossStreets },
  };
  const lead = aroundValues(before);
  const named = lead.some((fragment) => fragment.kind === 'nature');
  const { apartment, rest } = shedApartment(behind);
  const tail = aroundValues(rest).flatMap((each) => (named ? [each] : aroundNature(each)));
  return [...lead, address, ...apartment, ...tail];
}

/** `... 14TH ST 2B FAIRVALE`: a short token with a digit right behind the street. */
function shedApartment(behind: string): { apartment: Fragment[]; rest: string } {
  const found =
    /^[\s,]{0,3}((?:(?:APT|UNIT|STE|SUITE|LOT|RM|ROOM|BLDG|TRLR)\.? ?#?|#)[A-Z0-9-]{1,6}|\d{1,3}[A-Z]?|[A-Z])(?=\s|,|$)(?!\s?[-/:])/i.exec(
      behind.slice(0, 40),
    );
  const text = found?.[1];
  if (found === null || text === undefined || /^[NSEWX]$/i.test(text)) {
    return { apartment: [], rest: behind };
  }
  return {
    apartment: [{ text, kind: 'apartment', score: 0.6 }],
    rest: behind.slice(found[0].length),
  };
}

/** `MAYFIELD STRUCTURE FIRE caller sees smoke`: the run of call-type words is a fragment. */
function aroundNature(fragment: Fragment): Fragment[] {
  if (fragment.kind === 'nature' && fragment.score === 1) return [fragment];
  if (!['nature', 'text', 'words'].includes(fragment.kind)) return [fragment];
  const words = fragment.text.split(' ');
  const start = words.findIndex(isStrongNatureWord);
  if (start < 0 || start > RUN_START_MAX) return [fragment];
  let end = start;
  while (end < words.length && end < start + RUN_WORDS_MAX && isNatureWord(words[end] ?? '')) {
    end += 1;
  }
  while (end > start && isJoiningWord(words[end - 1] ?? '')) end -= 1;
  const parts = [words.slice(0, start), words.slice(start, end), words.slice(end)];
  return parts
    .map((part) => part.join(' ').trim())
    .filter((part) => part !== '')
    .map(classify);
}

/** Numbers, times, phones and coordinates are taken out; what is between them stays in order. */
function aroundValues(piece: string): Fragment[] {
  const near = piece.slice(0, FREE_TEXT_CHARS_MAX);
  const fragments: Fragment[] = [];
  let from = 0;
  for (const span of valueSpans(near)) {
    pushWords(fragments, near.slice(from, span.start));
    fragments.push(classify(near.slice(span.start, span.end)));
    from = span.end;
  }
  pushWords(fragments, piece.slice(from));
  return fragments;
}

const CROSS_MARK =
  /(?<![A-Za-z])(?:XS|XST|X-ST|BTWN|BETWEEN|C\/S|CROSS STS?|CROSS STREETS?)(?![A-Za-z])/i;

/** Words between values; the cross streets among them begin at their own word. */
function pushWords(fragments: Fragment[], text: string): void {
  const mark = CROSS_MARK.exec(text)?.index ?? text.length;
  for (const part of [text.slice(0, mark), text.slice(mark)]) {
    const bare = part
      .replace(/^[\s,;:.-]{1,8}/, '')
      .replace(/[\s,;:-]{1,8}$/, '')
      .trim();
    if (bare !== '') fragments.push(classify(bare));
  }
}

function valueSpans(text: string): Span<string>[] {
  const coordinates = findCoordinates(text);
  const determinant = findDeterminant(text);
  const words = [...text.matchAll(/[#A-Za-z0-9-]{5,24}/g)]
    .filter((match) => isIncidentNumber(match[0]) && match[0].length >= 6)
    .map((match) => spanOf(match));
  const spans = [
    ...(coordinates === undefined ? [] : [{ ...coordinates, value: '' }]),
    ...datesIn(text),
    ...timesIn(text),
    ...phonesIn(text),
    ...(determinant === undefined ? [] : [determinant]),
    ...words,
    ...unitRuns(text),
  ];
  return disjoint(spans);
}

/** Unit ids with nothing but commas and blanks between them: `E12,M4 T7`. */
function unitRuns(text: string): Span<string>[] {
  return [...text.matchAll(/[A-Z0-9-]{2,8}(?:[,;] ?[A-Z0-9-]{2,8}){1,20}/g)]
    .filter((match) =>
      match[0].split(/[,; ]+/).every((word) => isUnitCode(word) && /[A-Z]/.test(word)),
    )
    .map((match) => spanOf(match));
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
