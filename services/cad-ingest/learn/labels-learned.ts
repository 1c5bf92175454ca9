import { isTimeColon } from './landmarks.ts';
import type { TokenPage } from './page-tokens.ts';

const LABEL_TOKENS_MAX = 4;
const LABEL_CHARS_MAX = 80;
const LABELS_MAX = 200;
const SAME_SHARE = 0.7;

/**
 * The labels that samples share: words before a colon, as many as stand there on nearly every page
 * that has the last of them.
 */
export function sharedLabels(pages: readonly TokenPage[]): string[] {
  const counts = new Map<string, Set<number>>();
  for (const [number, page] of pages.entries()) countLabels(page, number, counts);
  const least = pages.length > 2 ? 2 : 1;
  const labels = new Set<string>();
  for (const [label, pagesWith] of counts) {
    const fits = label.length <= LABEL_CHARS_MAX && /^\p{L}/u.test(label);
    if (pagesWith.size < least || !fits) continue;
    if (isWhole(label, counts)) labels.add(label);
  }
  return [...labels].slice(0, LABELS_MAX);
}

function countLabels(page: TokenPage, number: number, counts: Map<string, Set<number>>): void {
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind !== 'mark' || !/[:=#]/.test(token.text) || isTimeColon(page, at)) continue;
    for (const label of labelsEndingAt(page, at)) {
      counts.set(label, (counts.get(label) ?? new Set()).add(number));
    }
  }
}

/** The words in front of the mark, one more each time. */
function labelsEndingAt(page: TokenPage, mark: number): string[] {
  const labels: string[] = [];
  let words = page.tokens[mark]?.lower ?? '';
  for (let at = mark - 1; at >= 0 && at >= mark - LABEL_TOKENS_MAX; at -= 1) {
    const word = page.tokens[at];
    if (word === undefined || word.kind === 'line' || /[;|*~,\t:=]/.test(word.text)) break;
    // Digits end a value in front of the label; only its last word may be a number.
    if (/^\d+$/.test(word.text) && at < mark - 1) break;
    words = `${word.lower} ${words}`;
    labels.push(words);
  }
  return labels;
}

/** No longer label ends in this one nearly everywhere, and each shorter one is no oftener alone. */
function isWhole(label: string, counts: ReadonlyMap<string, ReadonlySet<number>>): boolean {
  const size = counts.get(label)?.size ?? 0;
  for (const [other, pages] of counts) {
    if (other.endsWith(` ${label}`) && pages.size >= size * SAME_SHARE && pages.size > 1) {
      return false;
    }
  }
  const shorter = label.split(' ').slice(1);
  const inner = counts.get(shorter.join(' '))?.size ?? 0;
  return shorter.length < 2 || size >= inner * SAME_SHARE;
}
