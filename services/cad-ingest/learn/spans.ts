import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Place } from '#contracts/cad-learned.ts';
import { alignValue, type Stretch } from './align.ts';
import type { Landmarks } from './landmarks.ts';
import { likeness } from './likeness.ts';
import type { TokenPage } from './page-tokens.ts';
import type { Ready, Scores } from './ready.ts';
import type { MarkedValue } from './sample.ts';

/** A stretch taken for a field, and how much speaks for it. */
export interface Span extends Stretch {
  readonly key: CadFieldKey;
  readonly score: number;
}

const STARTS_MAX = 14;
const ENDS_MAX = 10;
const SPANS_OF_A_FIELD_MAX = 24;
const SPAN_TOKENS_MAX = 60;
/** What must speak for a stretch before it is more than chance: less where no page lacks the field. */
const CHANCE = 5;
const CHANCE_IF_ALWAYS = -1;
const READER_MOST = 2.2;

export interface Reading {
  readonly page: TokenPage;
  readonly landmarks: Landmarks;
  readonly scores: Scores;
  /** What the reader that knows nothing of the agency made of the page. */
  readonly reader: ReadonlyMap<CadFieldKey, MarkedValue>;
}

/** The likeliest stretches for each field, by anchors, by their own look, and by the reader. */
export function findSpans(ready: Ready, reading: Reading): Span[] {
  const { scores } = reading;
  return ready.fields.flatMap(([key, place], field) => {
    const starts = scores.starts[field];
    const ends = scores.ends[field];
    if (key === 'narrative' || starts === undefined || ends === undefined) return [];
    const search = { key, place, starts, ends, reading, wanted: readerSpans(key, reading) };
    return spansOf(search);
  });
}

interface Search {
  readonly key: CadFieldKey;
  readonly place: Place;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly reading: Reading;
  /** Where the reader found the field. */
  readonly wanted: readonly Stretch[];
}

function readerSpans(key: CadFieldKey, { page, reader }: Reading): Stretch[] {
  const value = reader.get(key);
  return value === undefined ? [] : alignValue(page, key, value).flat();
}

function spansOf(search: Search): Span[] {
  const spans: Span[] = [];
  for (const from of startsOf(search)) {
    for (const to of endsOf(search, from)) {
      const score = scoreOf(search, from, to);
      if (score > 0) spans.push({ key: search.key, from, to, score });
    }
  }
  return spans.toSorted((one, other) => other.score - one.score).slice(0, SPANS_OF_A_FIELD_MAX);
}

function scoreOf(search: Search, from: number, to: number): number {
  const { key, place, starts, ends, reading, wanted } = search;
  const { page, landmarks } = reading;
  const agreed = wanted.some((each) => each.from === from && each.to === to);
  const alike = likeness(key, { page, landmarks, place, from, to });
  const chance = CHANCE + (CHANCE_IF_ALWAYS - CHANCE) * place.share;
  const sum = (starts[from] ?? 0) + (ends[to] ?? 0) + alike - chance;
  return sum + (agreed ? readerValue(place.readerTrust) : 0);
}

/** What the reader's word is worth, by how often it was right on the samples. */
function readerValue(trust: number): number {
  return Math.max(-0.5, Math.min(READER_MOST, Math.log((trust + 0.1) / (1.1 - trust))));
}

function startsOf(search: Search): number[] {
  const { starts, reading, wanted } = search;
  const { tokens } = reading.page;
  const order = [...starts.keys()]
    .filter((at) => tokens[at]?.kind !== 'line')
    .toSorted((one, other) => (starts[other] ?? 0) - (starts[one] ?? 0));
  const typed = search.key === 'address' ? placeStarts(reading) : [];
  return [...new Set([...order.slice(0, STARTS_MAX), ...typed, ...wanted.map(({ from }) => from)])];
}

const PLACES_TRIED_MAX = 8;
/** No value ends in a mark that goes on. */
const OPEN_ENDS: ReadonlySet<string> = new Set([',', ';', '|', '~', '\t', '\\']);

/** Addresses that the grammar is sure of. */
function placeStarts({ landmarks }: Reading): number[] {
  return [...landmarks.places]
    .filter(([, { match }]) => match.form !== 'road')
    .map(([from]) => from)
    .slice(0, PLACES_TRIED_MAX);
}

function endsOf(search: Search, from: number): number[] {
  const { place, ends, reading, wanted } = search;
  const { tokens } = reading.page;
  const longest = Math.min(SPAN_TOKENS_MAX, place.tokensMax * 2 + 3);
  const possible: number[] = [];
  for (let to = from + 1; to < tokens.length && to <= from + longest; to += 1) {
    const last = tokens[to - 1];
    if (last?.kind === 'line' && !place.lines) break;
    if (last?.kind !== 'line' && !OPEN_ENDS.has(last?.text ?? '')) possible.push(to);
  }
  const order = possible.toSorted((one, other) => (ends[other] ?? 0) - (ends[one] ?? 0));
  const grammar = search.key === 'address' ? reading.landmarks.places.get(from)?.end : undefined;
  const named = wanted.filter((each) => each.from === from).map(({ to }) => to);
  const typed = grammar === undefined ? [] : [grammar];
  return [...new Set([...order.slice(0, ENDS_MAX), ...typed, ...named])];
}
