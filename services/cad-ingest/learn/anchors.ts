import type { Family } from '#contracts/cad-learned.ts';
import type { Landmarks } from './landmarks.ts';
import { PIECE_MARKS } from './marks.ts';
import { type PageToken, shapeOf, type TokenPage } from './page-tokens.ts';

/** What can be seen at a border between two tokens. */
export interface Anchor {
  readonly by: Family;
  readonly is: string;
}

/** Everything that describes the borders of one page: index `n` is the border before token `n`. */
export interface Borders {
  readonly starts: readonly (readonly Anchor[])[];
  readonly ends: readonly (readonly Anchor[])[];
}

const NEIGHBOURS_MAX = 4;

export function bordersOf(page: TokenPage, landmarks: Landmarks): Borders {
  const counts = countMarks(page);
  const starts: Anchor[][] = [];
  const ends: Anchor[][] = [];
  for (let at = 0; at < page.tokens.length; at += 1) {
    const shared = sharedAnchors(landmarks, at);
    starts.push([...startAnchors({ page, at, counts }), ...shared]);
    ends.push([...endAnchors({ page, at, counts }), ...shared]);
  }
  return { starts, ends };
}

interface Spot {
  readonly page: TokenPage;
  readonly at: number;
  readonly counts: Counts;
}

function sharedAnchors(landmarks: Landmarks, at: number): Anchor[] {
  const begins = (landmarks.begins[at] ?? []).map((is) => ({ by: 'begins', is }) as const);
  const behind = (landmarks.behind[at] ?? []).map((is) => ({ by: 'behind', is }) as const);
  return [...begins, ...behind];
}

function startAnchors({ page, at, counts }: Spot): Anchor[] {
  const { tokens } = page;
  const before = tokens[at - 1];
  const anchors: Anchor[] = [];
  let text = '';
  for (let back = 1; back <= NEIGHBOURS_MAX && at - back >= 0; back += 1) {
    const token = tokens[at - back];
    if (token === undefined) break;
    text = back === 1 ? literal(token) : `${literal(token)} ${text}`;
    anchors.push({ by: 'text', is: text });
    if (token.kind === 'line') break;
  }
  if (before?.kind === 'line') {
    const line = page.lines[at - 1] ?? 0;
    anchors.push({ by: 'line', is: `${line}` }, { by: 'line', is: `-${page.linesTotal - line}` });
  }
  anchors.push(...pieceAnchors(counts, at - 1, before));
  const next = tokens[at];
  anchors.push({ by: 'shape', is: `${wordBefore(page, at)}|${firstShape(next)}` });
  return anchors;
}

function endAnchors({ page, at, counts }: Spot): Anchor[] {
  const { tokens } = page;
  const next = tokens[at];
  const anchors: Anchor[] = [];
  let text = '';
  for (let ahead = 0; ahead < NEIGHBOURS_MAX && at + ahead < tokens.length; ahead += 1) {
    const token = tokens[at + ahead];
    if (token === undefined) break;
    text = ahead === 0 ? literal(token) : `${text} ${literal(token)}`;
    anchors.push({ by: 'text', is: text });
    if (token.kind === 'line') break;
  }
  if (next?.kind === 'line') {
    const line = page.lines[at - 1] ?? 0;
    anchors.push({ by: 'line', is: `${line}` }, { by: 'line', is: `-${page.linesTotal - line}` });
  }
  anchors.push(...pieceAnchors(counts, at, next));
  anchors.push({ by: 'shape', is: `${firstShape(tokens[at - 1])}|${wordBehind(page, at)}` });
  return anchors;
}

/** Digits change from page to page; how many there are does not say much either. */
function literal(token: PageToken): string {
  return /^\d+$/.test(token.text) ? '9' : token.lower.slice(0, 30);
}

interface Counts {
  /** For each mark token: its number among its like on the page and in the line, and how many. */
  readonly numbers: ReadonlyMap<number, MarkNumber>;
}

interface MarkNumber {
  readonly mark: string;
  readonly number: number;
  readonly fromEnd: number;
  readonly inLine: number;
  readonly line: number;
}

function countMarks(page: TokenPage): Counts {
  const numbers = new Map<number, MarkNumber>();
  const totals = new Map<string, number>();
  const inLine = new Map<string, number>();
  const found: [number, Omit<MarkNumber, 'fromEnd'>][] = [];
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind === 'line') inLine.clear();
    if (token.kind !== 'mark' || !PIECE_MARKS.has(token.text)) continue;
    const number = totals.get(token.text) ?? 0;
    const lineNumber = inLine.get(token.text) ?? 0;
    totals.set(token.text, number + 1);
    inLine.set(token.text, lineNumber + 1);
    found.push([at, { mark: token.text, number, inLine: lineNumber, line: page.lines[at] ?? 0 }]);
  }
  for (const [at, each] of found) {
    numbers.set(at, { ...each, fromEnd: (totals.get(each.mark) ?? 0) - each.number });
  }
  return { numbers };
}

function pieceAnchors(counts: Counts, at: number, token: PageToken | undefined): Anchor[] {
  const found = token === undefined ? undefined : counts.numbers.get(at);
  if (found === undefined) return [];
  const { mark, number, fromEnd, inLine, line } = found;
  return [
    { by: 'piece', is: `${mark} ${number}` },
    { by: 'piece', is: `${mark} -${fromEnd}` },
    { by: 'cell', is: `${line} ${mark} ${inLine}` },
  ];
}

function firstShape(token: PageToken | undefined): string {
  if (token === undefined || token.kind === 'line') return '^';
  return token.kind === 'mark' ? token.text : shapeOf(token.text);
}

/** The word before up to a blank, so that `2031-000123` is one. */
function wordBefore(page: TokenPage, at: number): string {
  const end = page.tokens[at - 1]?.end ?? 0;
  const text = page.text.slice(Math.max(0, end - 24), end);
  return shapeOf(/\S+$/.exec(text)?.[0] ?? '^');
}

function wordBehind(page: TokenPage, at: number): string {
  const start = page.tokens[at]?.start ?? page.text.length;
  return shapeOf(/^\S+/.exec(page.text.slice(start, start + 24))?.[0] ?? '^');
}
