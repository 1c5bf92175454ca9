import type { Family } from '#contracts/cad-learned.ts';
import type { Landmarks } from './landmarks.ts';
import { PIECE_MARKS } from './marks.ts';
import { type PageToken, shapeOf, type TokenPage } from './page-tokens.ts';

/** What can be seen at a border between two tokens. */
export interface Anchor {
  readonly by: Family;
  readonly is: string;
  /** Both in one, made once: anchors are counted and looked up often. */
  readonly key: string;
}

/** The name of an anchor among all. */
export function keyOf({ by, is }: Pick<Anchor, 'by' | 'is'>): string {
  return `${by} ${is}`;
}

function anchor(by: Family, is: string): Anchor {
  return { by, is, key: keyOf({ by, is }) };
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
    ends.push([
      ...endAnchors({ page, at, counts }),
      ...shared,
      ...wrappedAnchors(page, landmarks, at),
    ]);
  }
  return { starts, ends };
}

interface Spot {
  readonly page: TokenPage;
  readonly at: number;
  readonly counts: Counts;
}

function sharedAnchors(landmarks: Landmarks, at: number): Anchor[] {
  const begins = (landmarks.begins[at] ?? []).map((is) => anchor('begins', is));
  const behind = (landmarks.behind[at] ?? []).map((is) => anchor('behind', is));
  return [...begins, ...behind];
}

/** A page that is wrapped has the next label one line further down; it ends the value all the same. */
function wrappedAnchors(page: TokenPage, landmarks: Landmarks, at: number): Anchor[] {
  const [next, then] = [page.tokens[at + 1], page.tokens[at + 2]];
  const label = landmarks.begins[at + 1]?.includes('label') ?? false;
  if (page.tokens[at]?.kind !== 'line' || !label || next === undefined) return [];
  const first = literal(next);
  const texts = then === undefined ? [first] : [first, `${first} ${literal(then)}`];
  return [...texts.map((text) => anchor('text', text)), anchor('begins', 'label')];
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
    anchors.push(anchor('text', text));
    if (token.kind === 'line') break;
  }
  const next = tokens[at];
  anchors.push(anchor('gap', gapAt(page, at)));
  anchors.push(anchor('case', `${caseOf(before)}|${caseOf(next)}`));
  if (before?.kind === 'line') {
    const line = page.lines[at - 1] ?? 0;
    anchors.push(anchor('line', `${line}`), anchor('line', `-${page.linesTotal - line}`));
  }
  anchors.push(...pieceAnchors(counts, at - 1), ...pieceAnchors(counts, -at));
  anchors.push(anchor('shape', `${wordBefore(page, at)}|${firstShape(next)}`));
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
    anchors.push(anchor('text', text));
    if (token.kind === 'line') break;
  }
  anchors.push(anchor('gap', gapAt(page, at)));
  anchors.push(anchor('case', `${caseOf(tokens[at - 1])}|${caseOf(next)}`));
  if (next?.kind === 'line') {
    const line = page.lines[at - 1] ?? 0;
    anchors.push(anchor('line', `${line}`), anchor('line', `-${page.linesTotal - line}`));
  }
  anchors.push(...pieceAnchors(counts, at), ...pieceAnchors(counts, -at));
  anchors.push(anchor('shape', `${firstShape(tokens[at - 1])}|${wordBehind(page, at)}`));
  return anchors;
}

/** Digits change from page to page; how many there are does not say much either. */
function literal(token: PageToken): string {
  return /^\d+$/.test(token.text) ? '9' : token.lower.slice(0, 30);
}

/** How wide the blank at a border is: some pages part their fields by two blanks alone. */
function gapAt({ tokens }: TokenPage, at: number): string {
  const [before, next] = [tokens[at - 1], tokens[at]];
  if (before?.kind === 'line' || next?.kind === 'line') return '^';
  return String(Math.min(2, (next?.start ?? 0) - (before?.end ?? 0)));
}

/** `Fire Alarm smoke in hallway`: capitals may tell where the call type ends. */
function caseOf(token: PageToken | undefined): string {
  if (token === undefined || token.kind === 'line') return '^';
  const { text } = token;
  if (token.kind === 'mark') return text;
  if (/^\p{N}/u.test(text)) return '9';
  if (text === text.toLowerCase()) return 'a';
  return text === text.toUpperCase() ? 'A' : 'Aa';
}

interface Counts {
  /**
   * For each mark token: its number among its like on the page and in the line, and how many. A wide
   * blank has the number of the token behind it, below zero.
   */
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
  const found: Found['found'] = [];
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind === 'line') inLine.clear();
    if (token.kind !== 'mark' || !PIECE_MARKS.has(token.text)) continue;
    const number = totals.get(token.text) ?? 0;
    const lineNumber = inLine.get(token.text) ?? 0;
    totals.set(token.text, number + 1);
    inLine.set(token.text, lineNumber + 1);
    found.push([at, { mark: token.text, number, inLine: lineNumber, line: page.lines[at] ?? 0 }]);
  }
  countGaps(page, { totals, found });
  for (const [at, each] of found) {
    numbers.set(at, { ...each, fromEnd: (totals.get(each.mark) ?? 0) - each.number });
  }
  return { numbers };
}

const WIDE_BLANK = '  ';

/** Wide blanks part pieces as marks do; they are counted at the token behind them. */
function countGaps(page: TokenPage, { totals, found }: Found): void {
  let number = 0;
  let inLine = 0;
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind === 'line') inLine = 0;
    if (gapAt(page, at) !== '2') continue;
    found.push([-at, { mark: WIDE_BLANK, number, inLine, line: page.lines[at] ?? 0 }]);
    number += 1;
    inLine += 1;
  }
  totals.set(WIDE_BLANK, number);
}

interface Found {
  readonly totals: Map<string, number>;
  readonly found: [number, Omit<MarkNumber, 'fromEnd'>][];
}

function pieceAnchors(counts: Counts, at: number): Anchor[] {
  const found = counts.numbers.get(at);
  if (found === undefined) return [];
  const { mark, number, fromEnd, inLine, line } = found;
  return [
    anchor('piece', `${mark} ${number}`),
    anchor('piece', `${mark} -${fromEnd}`),
    anchor('cell', `${line} ${mark} ${inLine}`),
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
