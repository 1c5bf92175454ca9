import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Follows } from './ready.ts';
import type { Span } from './spans.ts';

/** Fields of which a page may have several values. */
const REPEATED: ReadonlySet<CadFieldKey> = new Set(['crossStreets', 'units', 'number']);
/** An order of fields that no sample had costs a little: pages vary. */
const UNSEEN_ORDER = -0.6;
const SPANS_MAX = 240;
/** Words between two fields where the samples had none belong to one of the two. */
const WORD_BETWEEN_COST = 1.6;
const WORDS_BETWEEN_MOST = 5;

/** What the order of fields is judged by. */
export interface Order {
  readonly follows: Follows;
  /** For each token of the page: the words before it that are part of no label. */
  readonly wordsBefore: readonly number[];
}

interface Link {
  readonly total: number;
  readonly before: number;
}

/** The stretches that together have the most speaking for them, none over another, in page order. */
export function bestChain(spans: readonly Span[], order: Order): Span[] {
  let left = spans
    .toSorted((one, other) => other.score - one.score)
    .slice(0, SPANS_MAX)
    .toSorted((one, other) => one.to - other.to || one.from - other.from);
  for (;;) {
    const chain = chainOf(left, order);
    const again = repeated(chain);
    if (again.size === 0) return chain;
    // Each turn takes at least one span away, so this ends.
    left = left.filter((span) => !again.has(span));
  }
}

/** How much speaks for the whole chain. */
export function chainScore(chain: readonly Span[], order: Order): number {
  let sum = 0;
  let before: Span | undefined;
  for (const span of chain) {
    sum += span.score + orderScore(before, span, order);
    before = span;
  }
  return sum;
}

function chainOf(spans: readonly Span[], order: Order): Span[] {
  const links: Link[] = [];
  const keys = [...new Set(spans.map((span) => span.key))];
  const kinds = spans.map((span) => keys.indexOf(span.key));
  let best = -1;
  for (const [at, span] of spans.entries()) {
    const link = linkOf({ spans, links, order, keys, kinds }, span);
    links.push(link);
    if (link.total > (links[best]?.total ?? 0)) best = at;
  }
  const chain: Span[] = [];
  for (let at = best; at >= 0; at = links[at]?.before ?? -1) {
    const span = spans[at];
    if (span !== undefined) chain.unshift(span);
  }
  return chain;
}

interface Board {
  readonly spans: readonly Span[];
  readonly links: readonly Link[];
  readonly order: Order;
  /** The fields of the spans, and for each span which of them it is for. */
  readonly keys: readonly CadFieldKey[];
  readonly kinds: readonly number[];
}

/** Every span is held against all that end before it: what the order says is looked up once a field. */
function linkOf({ spans, links, order, keys, kinds }: Board, span: Span): Link {
  const { follows, wordsBefore } = order;
  const known = keys.map((key) => follows.get(key)?.get(span.key));
  const words = wordsBefore[span.from] ?? 0;
  let total = span.score + orderScore(undefined, span, order);
  let before = -1;
  for (let at = 0; at < links.length; at += 1) {
    const other = spans[at];
    // Spans stand in the order of their ends.
    if (other === undefined || other.to > span.from) break;
    const between = words - (wordsBefore[other.to] ?? 0);
    const sum = (links[at]?.total ?? 0) + span.score + worthOf(known[kinds[at] ?? -1], between);
    if (sum > total) {
      total = sum;
      before = at;
    }
  }
  return { total, before };
}

function orderScore(before: Span | undefined, span: Span, { follows, wordsBefore }: Order): number {
  const known = follows.get(before?.key ?? '^')?.get(span.key);
  return worthOf(known, (wordsBefore[span.from] ?? 0) - (wordsBefore[before?.to ?? 0] ?? 0));
}

/** What it is worth that a field stands behind another, with so many words between. */
function worthOf(
  known: { readonly weight: number; readonly words: number } | undefined,
  between: number,
): number {
  if (known === undefined) return UNSEEN_ORDER;
  const more = Math.max(0, between - known.words) * WORD_BETWEEN_COST;
  return known.weight - Math.min(WORDS_BETWEEN_MOST, more);
}

/** The weaker ones of spans that stand for the same field. */
function repeated(chain: readonly Span[]): ReadonlySet<Span> {
  const weaker = new Set<Span>();
  const strongest = new Map<CadFieldKey, Span>();
  for (const span of chain) {
    if (REPEATED.has(span.key)) continue;
    const known = strongest.get(span.key);
    if (known === undefined || span.score > known.score) {
      if (known !== undefined) weaker.add(known);
      strongest.set(span.key, span);
    } else weaker.add(span);
  }
  return weaker;
}
