import { isStatusTarget, type Target } from '#contracts/cad-targets.ts';
import { isLabelWords, normalLabel, rolesOf } from './dictionary.ts';
import { fitness } from './fitness.ts';
import { findLabels, type LabelMark, type Lookup } from './labels.ts';
import { PIECES_MAX } from './text/limits.ts';

/** A stretch of the page, with its label if it has one. */
export interface Segment {
  readonly text: string;
  readonly label?: string;
  /** Absent: no label, or one that nobody knows. */
  readonly roles?: readonly Target[];
  /** The roles were guessed from a word of the label. */
  readonly guessed?: boolean;
  /** Line of the page, from 0. */
  readonly line: number;
}

export interface SegmentOptions {
  readonly lookup?: Lookup;
  readonly glued?: boolean;
  readonly dashed?: boolean;
  readonly bare?: boolean;
  readonly stacked?: boolean;
  readonly guesses?: boolean;
}

interface Open {
  readonly label: string | undefined;
  readonly roles: readonly Target[] | undefined;
  readonly guessed: boolean;
  readonly line: number;
  readonly lines: string[];
}

interface State {
  readonly options: Required<SegmentOptions>;
  readonly unknownInside: boolean;
  readonly segments: Segment[];
  readonly seen: Set<Target>;
  open: Open | undefined;
  /** The heads of the table whose rows are read. */
  columns?: readonly string[] | undefined;
}

/** Labels of which several belong to one page: each adds to the last. */
const REPEATABLE = new Set<Target>(['narrative', 'crossStreets', 'units', 'number', 'skip', 'map']);

/**
 * Cuts a page at its labels. A label whose line holds no value takes the lines behind it up to a
 * blank one; a narrative takes all lines until a label that begins a line and was not seen yet.
 */
export function cutSegments(lines: readonly string[], options: SegmentOptions = {}): Segment[] {
  const state: State = {
    options: {
      lookup: options.lookup ?? rolesOf,
      glued: options.glued ?? false,
      dashed: options.dashed ?? false,
      bare: options.bare ?? false,
      stacked: options.stacked ?? false,
      guesses: options.guesses ?? true,
    },
    unknownInside: lines.filter((line) => line.trim() !== '').length <= 3,
    segments: [],
    seen: new Set(),
    open: undefined,
  };
  for (const [index, line] of lines.entries()) {
    if (state.segments.length >= PIECES_MAX) keepLine(state, line, index);
    else readLine(state, line, index);
  }
  close(state);
  return state.segments;
}

function readLine(state: State, line: string, index: number): void {
  if (line.trim() === '') {
    if (state.open !== undefined && !isNarrative(state.open)) endBlock(state);
    else state.open?.lines.push('');
    return;
  }
  if (readTable(state, line, index)) return;
  const marks = acceptable(state, line);
  const first = marks[0];
  if (first === undefined) {
    keepLine(state, line, index);
    return;
  }
  const lead = line.slice(0, first.start);
  if (lead.trim() !== '') keepLine(state, lead, index);
  for (const [at, mark] of marks.entries()) {
    const end = marks[at + 1]?.start ?? line.length;
    openLabel(state, mark, line.slice(mark.valueStart, end), index);
  }
}

/** `Unit<tab>Org Name<tab>Area<tab>Types`, and rows of as many cells: of those the units count. */
function readTable(state: State, line: string, index: number): boolean {
  const cells = line.includes('\t') ? line.split('\t').map((cell) => cell.trim()) : [];
  if (isTableHead(cells)) {
    close(state);
    state.columns = cells;
    return true;
  }
  const { columns } = state;
  state.columns = cells.length === columns?.length ? columns : undefined;
  if (state.columns === undefined) return false;
  for (const [at, text] of cells.entries()) {
    const label = columns?.[at] ?? '';
    const roles = rolesOf(normalLabel(label));
    if (roles?.[0] === 'units') state.segments.push({ text, label, roles, line: index });
  }
  return true;
}

/** All cells are words of labels, and one names the units. */
function isTableHead(cells: readonly string[]): boolean {
  if (cells.length < 3 || cells.some((cell) => !/^[A-Za-z][A-Za-z ./-]*$/.test(cell))) return false;
  const units = cells.some((cell) => rolesOf(normalLabel(cell))?.[0] === 'units');
  return units && cells.every(isLabelWords);
}

/** Labels of the line that may count here. */
function acceptable(state: State, line: string): LabelMark[] {
  const marks = findLabels(line, {
    ...state.options,
    unknownInside: state.unknownInside,
    first: state.segments.length === 0 && state.open === undefined,
  });
  const kept: LabelMark[] = [];
  let narrative = state.open !== undefined && isNarrative(state.open);
  for (const [at, mark] of marks.entries()) {
    const value = line.slice(mark.valueStart, marks[at + 1]?.start ?? line.length);
    if (narrative && !restarts(state, mark, { line, value })) continue;
    if (isCodeOf(kept.at(-1), mark)) continue;
    kept.push(mark);
    narrative = mark.roles?.[0] === 'narrative' || (narrative && mark.roles === undefined);
  }
  return kept;
}

/** `PROBLEM/CODE: STRUF: House Fire`: the second label is the code of what the first one names. */
function isCodeOf(label: LabelMark | undefined, mark: LabelMark): boolean {
  const named = label?.roles?.[0] === 'nature' || label?.roles?.[0] === 'code';
  return named && mark.roles === undefined && mark.start === label?.valueStart;
}

/** Inside a narrative only a known label of a field not seen yet begins a field again. */
function restarts(
  state: State,
  mark: LabelMark,
  at: { readonly line: string; readonly value: string },
): boolean {
  const role = mark.roles?.[0];
  if (role === undefined) return false;
  const lineStart = at.line.slice(0, mark.start).trim() === '';
  if (isStatusTarget(role)) return lineStart;
  if (role === 'narrative') return lineStart || !state.options.guesses;
  if (state.seen.has(role)) return lineStart && REPEATABLE.has(role) && role !== 'number';
  if (lineStart) return role !== 'skip' || at.value.trim() === '';
  return role !== 'skip' && role !== 'callerName' && fitness(role, at.value) >= 0.7;
}

function openLabel(state: State, mark: LabelMark, value: string, line: number): void {
  close(state);
  const roles = mark.roles;
  const text = value
    .trim()
    .replace(/(?:[,;|~*]{1,3}| (?:\/{1,2}|\\|>|-))$/, '')
    .trimEnd();
  const guessed = mark.guessed ?? false;
  state.open = { label: mark.label, roles, guessed, line, lines: text === '' ? [] : [text] };
  const role = roles?.[0];
  if (role !== undefined && text !== '') state.seen.add(role);
  // A value on the label's line ends there, unless it is a narrative.
  if (text !== '' && !isNarrative(state.open)) close(state);
}

/** A line without a label continues a narrative or fills an empty label; else it stands alone. */
function keepLine(state: State, line: string, index: number): void {
  const { open } = state;
  if (open === undefined) {
    state.segments.push({ text: line.trim(), line: index });
    return;
  }
  open.lines.push(isNarrative(open) ? line : line.trim());
  const role = open.roles?.[0];
  if (role !== undefined) state.seen.add(role);
  if (!isBlock(open)) close(state);
}

/** Labels whose value may take several lines. */
function isBlock(open: Open): boolean {
  const role = open.roles?.[0];
  return (
    role === undefined ||
    role === 'any' ||
    role === 'narrative' ||
    role === 'units' ||
    role === 'crossStreets' ||
    role === 'unitLog' ||
    role === 'skip' ||
    role === 'number'
  );
}

function isNarrative(open: Open): boolean {
  return open.roles?.[0] === 'narrative';
}

/** A blank line ends a block that has begun; before it begins, blank lines do not count. */
function endBlock(state: State): void {
  if (state.open !== undefined && state.open.lines.length > 0) close(state);
}

function close(state: State): void {
  const { open } = state;
  state.open = undefined;
  if (open === undefined) return;
  const text = open.lines.join('\n').trim();
  state.segments.push({
    text,
    line: open.line,
    ...(open.label === undefined ? {} : { label: open.label }),
    ...(open.roles === undefined ? {} : { roles: open.roles }),
    ...(open.guessed ? { guessed: true } : {}),
  });
}
