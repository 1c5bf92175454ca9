import type { CadFieldKey, CadFields } from '#contracts/cad-fields.ts';
import type { Place } from '#contracts/cad-learned.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { type Draft, has, put } from '../parse/draft.ts';
import type { PageText } from '../parse/text/prepare.ts';
import { bordersOf } from './anchors.ts';
import { certainOf, type Grounds } from './certain.ts';
import { bestChain, chainScore, type Order } from './chain.ts';
import { type Known, landmarksOf } from './landmarks.ts';
import { narrativeOf } from './narrative.ts';
import { stretch, tokenizePage } from './page-tokens.ts';
import { makeReady, type Ready, type Scores, scoreBorders } from './ready.ts';
import { type MarkedValue, marksOf } from './sample.ts';
import { findSpans, type Reading, type Span } from './spans.ts';
import { isFirm, isSame, putValue, writeAddress } from './values.ts';

/** What reads a page of a learned agency. */
export interface LearnedReader {
  readonly ready: Ready;
  readonly known: Known;
}

/** The reader of a profile that holds something learned. */
export function learnedReader({
  learned,
  known,
}: Pick<Profile, 'learned' | 'known'>): LearnedReader | undefined {
  if (learned === undefined) return undefined;
  const lists = {
    cities: new Set(known?.city),
    natures: new Set(known?.nature),
    labels: new Set(learned.labels),
  };
  return { ready: makeReady(learned), known: lists };
}

/** What a field that no anchor finds is worth when the general reader names it. */
const FROM_READER = 0.5;
const UNLEARNED = 0.7;

/**
 * Fills the draft of a page by what was learned of its agency. `reader` holds the fields that the
 * general reader found: it votes on each field, and fills what the anchors leave open. Answers whether
 * the page is built like the samples: a centre may have more than one form of page.
 */
export function readLearned(
  text: PageText,
  { ready, known }: LearnedReader,
  target: { readonly draft: Draft; readonly reader: CadFields },
): { readonly fits: boolean } {
  const { draft, reader } = target;
  const reading = readingOf(text, { ready, known }, reader);
  const spans = findSpans(ready, reading);
  const order = { follows: ready.follows, wordsBefore: reading.landmarks.wordsBefore };
  const chain = bestChain(spans, order);
  for (const span of chain) {
    const place = ready.learned.fields[span.key];
    if (place === undefined) continue;
    const grounds = groundsOf({ spans, chain, span, place }, { reading, order });
    const value = { key: span.key, text: stretch(reading.page, span.from, span.to) };
    putValue(draft, { ...value, certain: certainOf(span.key, grounds) }, place);
  }
  draft.notes.push(...narrativeOf({ ready, known, reading, chain }));
  fillFromReader(draft, reader, ready);
  return { fits: isFitting(chain, ready, reading.scores) };
}

function readingOf(text: PageText, { ready, known }: LearnedReader, reader: CadFields): Reading {
  const page = tokenizePage(text, ready.learned.labels);
  const landmarks = landmarksOf(page, known);
  const scores = scoreBorders(ready, bordersOf(page, landmarks));
  return { page, landmarks, scores, reader: marksOf(reader) };
}

/**
 * What the borders of a field are worth on a page like the samples, by invented pages of agencies that
 * the weights were not tuned on: on average hardly ever less than `FIT_LEAST`, and where it is not much
 * more, not next to nothing for nature or address. Nine in ten pages of another form are below.
 */
const FIT_LEAST = 8;
const FIT_WELL = 16;
const MAIN_FIELD_LEAST = 1;

function isFitting(chain: readonly Span[], ready: Ready, scores: Scores): boolean {
  const worth = new Map<CadFieldKey, number>();
  let sum = 0;
  for (const { key, from, to } of chain) {
    const field = ready.fields.findIndex(([name]) => name === key);
    const borders = (scores.starts[field]?.[from] ?? 0) + (scores.ends[field]?.[to] ?? 0);
    worth.set(key, borders);
    sum += borders;
  }
  const mean = sum / Math.max(1, chain.length);
  const main = (['nature', 'address'] as const).filter((key) => key in ready.learned.fields);
  const weakest = Math.min(...main.map((key) => worth.get(key) ?? Number.NEGATIVE_INFINITY));
  return mean >= FIT_WELL || (mean >= FIT_LEAST && weakest >= MAIN_FIELD_LEAST);
}

interface Decision {
  readonly spans: readonly Span[];
  readonly chain: readonly Span[];
  readonly span: Span;
  readonly place: Place;
}

const MARGIN_MOST = 20;

/** What speaks for a span: how much worse the page reads without it, and who agrees. */
function groundsOf(decision: Decision, { reading, order }: Context): Grounds {
  const { span, place } = decision;
  const value = writtenAs(reading, span, place);
  return {
    margin: marginOf(decision, { reading, order }),
    trust: place.trust,
    readerTrust: place.readerTrust,
    reader: votes(reading.reader.get(span.key), value),
    firm: span.key === 'address' && isFirm(value),
    firmShare: place.firm ?? 0,
  };
}

interface Context {
  readonly reading: Reading;
  readonly order: Order;
}

function votes(said: MarkedValue | undefined, value: string): Grounds['reader'] {
  if (said === undefined) return 'silent';
  return isSame(String(said), value) ? 'agrees' : 'differs';
}

/** Only what a crew is sent by is worth a second reading of the page. */
function marginOf(decision: Decision, { reading, order }: Context): number {
  const { spans, chain, span, place } = decision;
  if (span.key !== 'address' && span.key !== 'nature') return MARGIN_MOST;
  const value = writtenAs(reading, span, place);
  const others = spans.filter(
    (each) => each.key !== span.key || !isSame(writtenAs(reading, each, place), value),
  );
  const rival = chainScore(bestChain(others, order), order);
  return Math.min(MARGIN_MOST, chainScore(chain, order) - rival);
}

function writtenAs({ page }: Reading, span: Span, place: Place): string {
  const text = stretch(page, span.from, span.to);
  return span.key === 'address' ? writeAddress(text, place.written) : text;
}

/** Fields that the samples do not have, or that no anchor found, from the general reader. */
function fillFromReader(draft: Draft, reader: CadFields, ready: Ready): void {
  for (const [name, value] of Object.entries(reader)) {
    const key = name as CadFieldKey;
    if (key === 'narrative' || key === 'unitTimes' || has(draft, key)) continue;
    const place = ready.learned.fields[key];
    const certain = place === undefined ? UNLEARNED : FROM_READER * place.readerTrust;
    put(draft, key, value as CadFields[typeof key], certain);
  }
}
