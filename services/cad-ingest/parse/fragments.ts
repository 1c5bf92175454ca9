import { findAddress } from './address/find.ts';
import { classify, type Fragment } from './classify.ts';
import { FREE_TEXT_CHARS_MAX } from './text/limits.ts';
import { datesIn, timesIn } from './values/clock.ts';
import { findDeterminant, isIncidentNumber, phonesIn } from './values/codes.ts';
import { findCoordinates } from './values/coordinates.ts';
import { isJoiningWord, isNatureWord, isStrongNatureWord } from './values/nature-words.ts';
import { overlap, type Span } from './values/span.ts';

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
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const mark = delimiterOf(lines);
  const pieces = lines.flatMap((line) => (mark === undefined ? [line] : splitAt(line, mark)));
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

function splitAt(line: string, mark: string): string[] {
  return line.split(mark, FRAGMENTS_MAX + 1);
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
  const address: Fragment = {
    text: match.text,
    kind: match.form === 'road' ? 'road' : 'address',
    score: match.certain * 0.85,
    parts: {
      address: match.text,
      form: match.form,
      certain: match.certain * 0.85,
      crossStreets: match.crossStreets,
    },
  };
  const lead = aroundValues(before);
  const named = lead.some((fragment) => fragment.kind === 'nature');
  return [
    ...lead,
    address,
    ...aroundValues(behind).flatMap((each) => (named ? [each] : nature(each))),
  ];
}

/** `MAYFIELD STRUCTURE FIRE caller sees smoke`: the run of call-type words is a fragment. */
function nature(fragment: Fragment): Fragment[] {
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

function pushWords(fragments: Fragment[], text: string): void {
  const bare = text
    .replace(/^[\s,;:.-]{1,8}/, '')
    .replace(/[\s,;:-]{1,8}$/, '')
    .trim();
  if (bare !== '') fragments.push(classify(bare));
}

function valueSpans(text: string): Span<string>[] {
  const coordinates = findCoordinates(text);
  const determinant = findDeterminant(text);
  const words = [...text.matchAll(/[#A-Za-z0-9-]{5,24}/g)]
    .filter((match) => isIncidentNumber(match[0]) && match[0].length >= 6)
    .map((match) => ({
      value: match[0],
      start: match.index,
      end: match.index + match[0].length,
    }));
  const spans = [
    ...(coordinates === undefined ? [] : [{ ...coordinates, value: '' }]),
    ...datesIn(text),
    ...timesIn(text),
    ...phonesIn(text),
    ...(determinant === undefined ? [] : [determinant]),
    ...words,
  ];
  return disjoint(spans);
}

function disjoint(spans: Span<string>[]): Span<string>[] {
  const kept: Span<string>[] = [];
  for (const span of spans.sort((one, other) => one.start - other.start)) {
    const last = kept.at(-1);
    if (last === undefined || !overlap(last, span)) kept.push(span);
  }
  return kept;
}
