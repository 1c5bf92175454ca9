import { isTimeColon, type Known } from './landmarks.ts';
import { stretch, type TokenPage } from './page-tokens.ts';
import type { Ready } from './ready.ts';
import type { Reading, Span } from './spans.ts';

interface Read {
  readonly ready: Ready;
  readonly known: Known;
  readonly reading: Reading;
  readonly chain: readonly Span[];
}

/** What must speak for a border before the narrative is believed to begin there. */
const CHANCE = 3;
const LABEL_TOKENS_MAX = 5;

/**
 * The text of the body that no field took, without the labels of the agency. Where the samples mark
 * a narrative and its beginning is found, only what stands behind it.
 */
export function narrativeOf(read: Read): string[] {
  const { page } = read.reading;
  const taken = takenTokens(read);
  const from = Math.max(bodyStart(page), narrativeStart(read, taken) ?? 0);
  const notes: string[] = [];
  let open = -1;
  for (let at = from; at <= page.tokens.length; at += 1) {
    const inside = at < page.tokens.length && !taken[at];
    if (inside && open < 0) open = at;
    if (inside || open < 0) continue;
    notes.push(bare(stretch(page, open, at)));
    open = -1;
  }
  return notes.filter((note) => /[\p{L}\p{N}]/u.test(note));
}

/** Tokens of fields and of labels. */
function takenTokens({ reading, chain, known }: Read): boolean[] {
  const { page } = reading;
  const taken = page.tokens.map(() => false);
  for (const span of chain) taken.fill(true, span.from, span.to);
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind !== 'mark' || !/[:=#]/.test(token.text) || isTimeColon(page, at)) continue;
    const start = labelStart(page, at, known.labels);
    if (start !== undefined) taken.fill(true, start, at + 1);
  }
  return taken;
}

function labelStart(page: TokenPage, at: number, labels: ReadonlySet<string>): number | undefined {
  let start: number | undefined;
  for (let from = at - 1; from >= 0 && from >= at - LABEL_TOKENS_MAX; from -= 1) {
    const words = page.tokens.slice(from, at + 1).map((token) => token.lower);
    if (labels.has(words.join(' '))) start = from;
  }
  return start;
}

/** The subject is a heading and no narrative. */
function bodyStart(page: TokenPage): number {
  const line = page.lines.indexOf(1);
  return line < 0 ? page.tokens.length : line;
}

function narrativeStart({ ready, reading }: Read, taken: readonly boolean[]): number | undefined {
  const field = ready.fields.findIndex(([key]) => key === 'narrative');
  const starts = field < 0 ? undefined : reading.scores.starts[field];
  let best: number | undefined;
  for (const [at, score] of starts?.entries() ?? []) {
    if (taken[at] || score <= Math.max(CHANCE, starts?.[best ?? -1] ?? 0)) continue;
    best = at;
  }
  return best;
}

function bare(text: string): string {
  return text.replace(/^[\s;,|*~/\\:.-]{1,12}/, '').replace(/[\s;,|*~/\\:-]{1,12}$/, '');
}
