import type { Target } from '#contracts/cad-targets.ts';
import { guessRoles, isLabelWords, LABEL_WORDS_MAX, normalLabel } from './dictionary.ts';
import { isWhole } from './nature-run.ts';
import { matchesOf } from './text/matches.ts';
import { isStrongNatureWord, natureScore } from './values/nature-words.ts';

/** A label found in a line: where it begins, and where its value begins. */
export interface LabelMark {
  readonly start: number;
  readonly valueStart: number;
  readonly label: string;
  /** Absent: written like a label, but nobody knows what it means. */
  readonly roles?: readonly Target[];
  /** The roles were guessed from a word of the label. */
  readonly guessed?: boolean;
}

export type Lookup = (label: string) => readonly Target[] | undefined;

export interface LabelOptions {
  readonly lookup: Lookup;
  /** Words before a colon are taken as an unknown label also in the middle of a line. */
  readonly unknownInside: boolean;
  /** An unknown label may mean what one of its words says; absent: it may. */
  readonly guesses?: boolean;
  /** Labels may follow a value without a blank between: `ADAMS STCTY: FV`. */
  readonly glued?: boolean;
  /** `Call Time- 04:05`: a dash parts a known label from its value. */
  readonly dashed?: boolean;
  /** `LOCATION 12 MILL RD`: a known label begins the line and only a blank is behind it. */
  readonly bare?: boolean;
  /** A known label of any meaning may stand on a line of its own, its value on the next. */
  readonly stacked?: boolean;
  /** The first line of the page: `DETAIL` there is a call type, farther down a heading. */
  readonly first?: boolean;
}

/** Fields stand in front: a line longer than this is a narrative from here on. */
const LINE_CHARS_MAX = 3_000;
const LABEL_CHARS_MAX = 48;
const UNKNOWN_CHARS_MAX = 32;
const UNKNOWN_WORDS_MAX = 4;
/** A value ends, and a label may begin, behind these. */
const EDGE = /[\s;,|*~()[\]\\>{}./-]/;

const CODES = 128;
/** Tables by code, because these are asked of every character. */
const EDGES = codesOf(EDGE);
const OPENS = codesOf(/[A-Za-z0-9#]/);
const HARD_EDGES = codesOf(/[\t;|*~]/);
const WORDS = /\S+/g;
const SIGNS = codesOf(/[:=#\t]/);
const DASH = 45;
const BLANK = 32;

function codesOf(form: RegExp): readonly boolean[] {
  return Array.from({ length: CODES }, (_, code) => form.test(String.fromCharCode(code)));
}

function opensBehind(code: number): boolean {
  return code < CODES ? (EDGES[code] ?? false) : EDGE.test(String.fromCharCode(code));
}

/** Labels of one line from left to right, the first ones where not all are asked for. Times (`12:34`) and URLs are no labels. */
export function findLabels(
  line: string,
  options: LabelOptions,
  marksMax = Number.POSITIVE_INFINITY,
): LabelMark[] {
  const whole = options.bare
    ? bareLabel(line, options)
    : options.first && !options.stacked
      ? undefined
      : wholeLine(line, options);
  const marks: LabelMark[] = whole === undefined ? [] : [whole];
  let floor = whole?.valueStart ?? 0;
  const end = Math.min(line.length, LINE_CHARS_MAX);
  for (let at = floor; at < end && marks.length < marksMax; at += 1) {
    const sign = line.charCodeAt(at);
    const dash = sign === DASH && (options.dashed || isHeadDash(line, at, floor));
    if (!SIGNS[sign] && !dash) continue;
    const mark = labelBefore(line, at, floor, options);
    if (mark === undefined) continue;
    marks.push(mark);
    floor = mark.valueStart;
    at = mark.valueStart - 1;
  }
  return marks;
}

/** `Location - 12 MILL RD`: only where a line begins, and only behind words that are sure labels. */
function isHeadDash(line: string, at: number, floor: number): boolean {
  if (floor > 0 || at > 24 || line[at - 1] !== ' ' || line[at + 1] !== ' ') return false;
  return DASHED.has(normalLabel(line.slice(0, at)));
}

const DASHED = new Set(
  'ADDRESS|LOCATION|INCIDENT LOCATION|NATURE|CALL TYPE|INCIDENT TYPE|CITY|CROSS STREETS|CROSS STREET|CROSS|UNITS|INCIDENT NUMBER|COMMENTS|NARRATIVE|NOTES'.split(
    '|',
  ),
);

/** A line that is a label of a block and nothing else: `Narrative`, `UNITS DISPATCHED`. */
function wholeLine(line: string, options: LabelOptions): LabelMark | undefined {
  const label = line.trim();
  if (label.length > UNKNOWN_CHARS_MAX) return undefined;
  const [least, marks] = options.stacked ? [2, /[:=\t]|#./] : [4, /[:=#\t]/];
  if (label.length < least || marks.test(label) || NO_HEADING.has(label.toUpperCase())) {
    return undefined;
  }
  const roles = options.lookup(normalLabel(label));
  const role = roles?.[0];
  if (roles === undefined || role === undefined) return undefined;
  if (!options.stacked && !BLOCKS.has(role)) return undefined;
  return { start: line.indexOf(label), valueStart: line.length, label, roles };
}

/** Alone on a line these are as often a call type or a word of the page. */
const NO_HEADING = new Set(
  'DETAIL INFO TEXT NOTE ALERT ALERTS WARNING CAUTION HISTORY CROSSING RESPONSE VEHICLES DESC INTERSECTION'.split(
    ' ',
  ),
);

const BLOCKS = new Set<Target>(['narrative', 'crossStreets', 'units', 'any', 'unitLog']);

/** The longest known label that begins the line, with a value behind it. */
function bareLabel(line: string, options: LabelOptions): LabelMark | undefined {
  const start = line.length - line.trimStart().length;
  let best: LabelMark | undefined;
  for (const match of matchesOf(WORDS, line.slice(0, start + LABEL_CHARS_MAX))) {
    const end = match.index + match[0].length;
    const label = line.slice(start, end);
    const roles = options.lookup(normalLabel(label));
    if (roles !== undefined) best = { start, valueStart: passSigns(line, end), label, roles };
  }
  return best;
}

function labelBefore(
  line: string,
  at: number,
  floor: number,
  options: LabelOptions,
): LabelMark | undefined {
  const sign = line[at] ?? '';
  if (!isSeparator(line, at)) return undefined;
  const known = knownLabel(line, sign === '#' ? at + 1 : labelEnd(line, at), floor, options);
  const valueStart = passSigns(line, at + 1);
  const start =
    sign === ':'
      ? unknownStart(line, at, floor, options)
      : sign === '='
        ? shoutedStart(line, at, floor)
        : undefined;
  if (known !== undefined && !goesBeyond(line, start, known.start, options)) {
    return { ...known, valueStart };
  }
  if (start === undefined) return undefined;
  const label = line.slice(start, at).trim();
  if (isCallType(label)) return undefined;
  const guess = options.guesses === false ? undefined : (guessRoles(label) ?? known?.roles);
  // `PETROLEUM SPILL: 12 MILL RD`: the call type in front of a colon.
  if (guess === undefined && start === 0 && natureScore(label) >= 0.5 && label.includes(' ')) {
    return undefined;
  }
  return guess === undefined
    ? { start, valueStart, label }
    : { start, valueStart, label, roles: guess, guessed: true };
}

/** `CO ALARM: 12 MILL RD`: words of a whole call type in front of a colon. */
function isCallType(label: string): boolean {
  const words = label.split(' ');
  return words.length > 1 && isWhole(words.at(-1) ?? '') && natureScore(label) >= 0.9;
}

/** A longer label that ends in a known one, such as `Incident Addr`, is one label. */
function goesBeyond(
  line: string,
  start: number | undefined,
  known: number,
  options: LabelOptions,
): boolean {
  if (start === undefined || start >= known || options.guesses === false) return false;
  const words = isEdge(line, start) ? line.slice(start, known).trim() : '';
  return words !== '' && isLabelWords(words);
}

/** Stars and quotes that make a label bold are no part of it: `**ADDRESS**: 12 MILL RD`. */
function labelEnd(line: string, at: number): number {
  let end = at;
  while (end > at - 4 && /[*_"]/.test(line[end - 1] ?? '')) end -= 1;
  return end;
}

function isSeparator(line: string, at: number): boolean {
  const sign = line[at];
  const next = line[at + 1] ?? '';
  if (sign === '\t') return true;
  if (sign === '#') return /^[#\s]{0,3}[:=]?\s{0,3}[\w-]*\d/.test(line.slice(at + 1, at + 16));
  if (sign === '=') return next !== '=';
  // `Dog Bite :: 12 Mill Rd`: a mark between fields.
  if (line.startsWith('::', at) && line[at - 1] === ' ' && line[at + 2] === ' ') return false;
  if (line[at - 1] === ':' && line[at - 2] === ' ' && next === ' ') return false;
  const time = /\d/.test(line[at - 1] ?? '') && /\d/.test(next);
  return !time && !(next === '/' && line[at + 2] === '/');
}

/** The longest known label that ends here. */
function knownLabel(
  line: string,
  end: number,
  floor: number,
  options: LabelOptions,
): { start: number; label: string; roles: readonly Target[] } | undefined {
  const least = Math.max(floor, end - LABEL_CHARS_MAX);
  let best: { start: number; label: string; roles: readonly Target[] } | undefined;
  let words = 0;
  for (let start = end - 1; start >= least && words < LABEL_WORDS_MAX; start -= 1) {
    if (!isLabelStart(line, start, floor, options)) continue;
    words += 1;
    const label = line.slice(start, end).trim();
    const roles = options.lookup(normalLabel(label));
    const alone = label === '#' && !opensField(line, start, end);
    if (roles !== undefined && !alone && isOneLabel(label) && !endsNature(line, start, label))
      best = { start, label, roles };
  }
  // Behind a tab the label must be the whole cell: `12 MILL ST<tab>FAIRVALE` has no state.
  const cell = best !== undefined && line.slice(floor, best.start).trimEnd();
  const whole = cell === '' || line[(best?.start ?? 0) - 1] === '\t';
  return line[end] === '\t' && !whole ? undefined : best;
}

/** `#: 31-0042` on a line of its own; in `12 MILL RD #4` the mark is an apartment's. */
function opensField(line: string, start: number, end: number): boolean {
  return line[end] === ':' && isEdge(line, start);
}

/** `CO ALARM: 12 MILL RD`: a word of the call type in front of the last one makes it no label. */
function endsNature(line: string, start: number, label: string): boolean {
  if (label !== 'ALARM' || line[start - 1] !== ' ') return false;
  return isStrongNatureWord(
    /\S{1,24} $/.exec(line.slice(Math.max(0, start - 25), start))?.[0] ?? '',
  );
}

/** Its words stand together and look alike: in `FIRE ALARM Type: f` the label is `Type`. */
function isOneLabel(label: string): boolean {
  const words = label.replace(/[\s.]+$/, '').split(' ');
  if (words.includes('') || /[\t*;|~]/.test(label)) return false;
  // `Brush Fire. Notes: ...`: the call type ends there.
  if (/[a-z]\.$/i.test(words[0] ?? '') && isStrongNatureWord(words[0] ?? '')) return false;
  const last = words.at(-1) ?? '';
  const shouted = /^[A-Z]{4,}$/.test(words[0] ?? '');
  return words.length === 1 || !shouted || !/^[A-Z][a-z]/.test(last);
}

function isLabelStart(line: string, start: number, floor: number, options: LabelOptions): boolean {
  if (!OPENS[line.charCodeAt(start)]) return false;
  if (start === floor || opensBehind(line.charCodeAt(start - 1))) return true;
  const glued = options.glued === true && /[A-Z]/.test(line[start] ?? '');
  return glued && /[A-Za-z0-9]/.test(line[start - 1] ?? '');
}

/** Where an unknown label begins that ends at the colon, or undefined where it is just text. */
function unknownStart(
  line: string,
  colon: number,
  floor: number,
  options: LabelOptions,
): number | undefined {
  const from = Math.max(floor, colon - UNKNOWN_CHARS_MAX);
  const lineStart = floor === 0 && line.slice(0, colon).trimStart().length <= UNKNOWN_CHARS_MAX;
  const start = lineStart ? firstLetter(line, 0) : edgeBefore(line, colon, from);
  if (start !== undefined) {
    return looksLikeLabel(line.slice(start, colon)) ? start : undefined;
  }
  return options.unknownInside ? titledStart(line, colon, from) : undefined;
}

/** `... LAWRENCE 2150 TN=ARLOW`: one word in capitals right before the sign. */
function shoutedStart(line: string, sign: number, floor: number): number | undefined {
  const near = line.slice(Math.max(floor, sign - 10), sign);
  const word = /(?:^|[\s,;|])([A-Z]{2,8})$/.exec(near)?.[1];
  return word === undefined ? undefined : sign - word.length;
}

/** Nothing, or a column gap or delimiter, stands before it. */
function isEdge(line: string, start: number): boolean {
  const before = line.slice(Math.max(0, start - 3), start);
  return /[\t;|*~] ?$| {2}$/.test(before) || line.slice(0, start).trim() === '';
}

function looksLikeLabel(text: string): boolean {
  const label = text.trim();
  return (
    /^[A-Za-z][A-Za-z0-9 ./#()&'_-]*$/.test(label) &&
    !/\d{3}/.test(label) &&
    label.split(/ +/).length <= UNKNOWN_WORDS_MAX
  );
}

function firstLetter(line: string, from: number): number {
  let at = from;
  while (at < line.length && /[\s*>-]/.test(line[at] ?? '')) at += 1;
  return at;
}

/** Behind a column gap, a tab or a delimiter. */
function edgeBefore(line: string, colon: number, from: number): number | undefined {
  for (let at = colon - 1; at >= from; at -= 1) {
    const [one, next] = [line.charCodeAt(at), line.charCodeAt(at + 1)];
    const gap = one === BLANK && next === BLANK;
    if (gap || HARD_EDGES[one] || HARD_EDGES[next]) return firstLetter(line, at + 1);
  }
  return undefined;
}

/** `... MAYFIELD Fire Dist: 4`: the words in mixed case behind a value in capitals. */
function titledStart(line: string, colon: number, from: number): number | undefined {
  const words = matchesOf(WORDS, line.slice(from, colon));
  const last = words.at(-1);
  if (last === undefined || !/^[A-Za-z][A-Za-z/#.-]+$/.test(last[0])) return undefined;
  let start = last.index;
  // In `Gas Leak EVADDR:` the words in front look otherwise: they are the value before.
  if (/^[A-Z]{3,}$/.test(last[0])) return from + start;
  for (const word of words.slice(-3, -1).toReversed()) {
    if (!/^[A-Z][a-z]+$/.test(word[0])) break;
    start = word.index;
  }
  return from + start;
}

/** `=>` is one sign. */
function isSign(line: string, at: number): boolean {
  return /[\s:=]/.test(line[at] ?? '') || (line[at] === '>' && line[at - 1] === '=');
}

/** Blanks, dots and doubled signs between a label and its value. */
function passSigns(line: string, from: number): number {
  let at = from;
  while (at < line.length && at < from + 60 && isSign(line, at)) at += 1;
  if (line.startsWith('**', at) && /\s/.test(line[at + 2] ?? '')) return at + 3;
  return at;
}
