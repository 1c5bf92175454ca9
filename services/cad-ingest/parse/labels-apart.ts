import { labelRoles } from './dictionary.ts';
import { BARE, bareLabels, FORM_CHARS_MAX, isForm } from './label-forms.ts';
import { matchesOf } from './text/matches.ts';

/** Marks that part fields of which each begins with its label. */
const PARTING = [' / ', ' | ', ', ', '; ', ' - '];

const WRAPPED_CHARS_MAX = 3_000;
const FIRST = /(?:^|[ ,;|])[A-Z][=:]/;
const WRAP = /[[<][A-Za-z#]|[A-Za-z]>|[A-Z]{3}\//;

/**
 * Each field of a line on a line of its own, with a colon behind its label where the page has another
 * sign or none: `TYPE FALL / LOCATION 12 MILL RD`, `[CALL] FALL [LOC] 12 MILL RD`, `T=FALL A=12 MILL RD`.
 */
export function labelsApart(quoted: string): string[] {
  const line = unquoted(quoted);
  if (line.length <= WRAPPED_CHARS_MAX) {
    const apart =
      (WRAP.test(line) ? wrappedApart(line) : undefined) ??
      (FIRST.test(line) ? initialsApart(line) : undefined) ??
      barelyApart(line);
    if (apart !== undefined) return apart;
  }
  if (line.length > FORM_CHARS_MAX || !BARE.test(line)) return [line];
  for (const mark of PARTING) {
    const parts = line.split(mark);
    const labels = parts.flatMap(bareLabels);
    if (labels.length === parts.length && isForm(labels)) return parts;
  }
  return [line];
}

/** `1. FALL`, `2. 12 MILL RD`: lines, or parts of one, that are numbered from one on. */
export function unnumbered(lines: readonly string[]): readonly string[] {
  const parts = lines.length === 1 ? (lines[0] ?? '').split(/ (?=[2-9]\) )/) : lines;
  const numbers = parts
    .filter((line) => line.trim() !== '')
    .map((line) => NUMBERED.exec(line)?.[1]);
  const counted = numbers.length > 2 && numbers.every((number, at) => number === `${at + 1}`);
  return counted ? parts.map((line) => line.replace(NUMBERED, '')) : lines;
}

const NUMBERED = /^\s{0,4}([1-9])[.)] /;

/** `[CALL] FALL [LOC] 12 MILL RD`, `<CALL> FALL <LOC> 12 MILL RD`, `Call>FALL Loc>12 MILL RD`. */
const WRAPPED =
  /\[([A-Za-z#][A-Za-z0-9/# -]{0,20}|#)\]|<([A-Za-z][A-Za-z0-9/# -]{0,20})>|(?<!\S)([A-Za-z][A-Za-z/#]{1,15})>|(?<!\S)([A-Z]{3,16})\/(?=\S)/g;

/** A line whose labels stand in brackets, each with its value on a line of its own. */
function wrappedApart(line: string): string[] | undefined {
  const marks = matchesOf(WRAPPED, line).filter((mark) => isWrappedLabel(line, mark));
  if (!isForm(marks.map(labelOf))) return undefined;
  const lead = line.slice(0, marks[0]?.index).trim();
  const fields = marks.map((mark, at) => {
    const value = line.slice(mark.index + mark[0].length, marks[at + 1]?.index).trim();
    return `${labelOf(mark)}: ${value.replace(/^: */, '')}`;
  });
  return lead === '' ? fields : [lead, ...fields];
}

function labelOf(mark: RegExpExecArray): string {
  return mark[1] ?? mark[2] ?? mark[3] ?? mark[4] ?? '';
}

/** A known label; one that nobody knows has a value behind it, unlike the ids of `[E91] [M4]`. */
function isWrappedLabel(line: string, mark: RegExpExecArray): boolean {
  const label = labelOf(mark);
  if (labelRoles(label) !== undefined) return true;
  // `OVERDOSE/POISONING` has no label.
  if (mark[4] !== undefined) return false;
  return !/\d/.test(label) && /^ ?[^\s[<]/.test(line.slice(mark.index + mark[0].length));
}

/** `U=E91 T=FALL A=12 MILL RD C=ARLOW`: the first letters of labels. */
const INITIAL = /(?<![A-Za-z0-9/&])([A-Z])([=:])(?=\S| )/g;
const INITIALS_MIN = 4;
/** Telling letters: one must be of the address, and one of the call type or town. */
const OF_ADDRESS = /[AL]/;
const OF_CALL = /[TNC]/;

/** Lines that say in whole words what the letters are short for. */
function initialsApart(line: string): string[] | undefined {
  const marks = matchesOf(INITIAL, line);
  const letters = new Set(marks.map((mark) => mark[1]));
  const sign = marks[0]?.[2];
  const alike = letters.size === marks.length && marks.every((mark) => mark[2] === sign);
  const all = [...letters].join('');
  if (letters.size < INITIALS_MIN || !alike || !OF_ADDRESS.test(all) || !OF_CALL.test(all)) {
    return undefined;
  }
  const lead = line.slice(0, marks[0]?.index).trim();
  const fields = marks.map((mark, at) => {
    const value = line.slice(mark.index + 2, marks[at + 1]?.index).trim();
    return `${wordOf(mark[1] ?? '', value)}: ${value.replace(/[,;|]$/, '')}`;
  });
  return lead === '' ? fields : [lead, ...fields];
}

/** The label that a letter is short for; of two the value decides. */
function wordOf(letter: string, value: string): string {
  const found = INITIALS.get(letter);
  return found?.find(({ fits }) => fits.test(value))?.label ?? letter;
}

const ANY = /^/;
const INITIALS: ReadonlyMap<string, readonly { label: string; fits: RegExp }[]> = new Map([
  ['A', [{ label: 'ADDRESS', fits: ANY }]],
  ['B', [{ label: 'BOX', fits: ANY }]],
  [
    'C',
    [
      { label: 'CITY', fits: /^\S*(?: \S+){0,3}$/ },
      { label: 'COMMENTS', fits: ANY },
    ],
  ],
  [
    'D',
    [
      { label: 'DATE', fits: /^\d{1,4}[-/]\d/ },
      { label: 'DETAILS', fits: ANY },
    ],
  ],
  [
    'I',
    [
      { label: 'ID', fits: /^\S*\d\S*$/ },
      { label: 'INFO', fits: ANY },
    ],
  ],
  ['L', [{ label: 'LOCATION', fits: ANY }]],
  ['M', [{ label: 'MAP', fits: ANY }]],
  ['N', [{ label: 'NATURE', fits: ANY }]],
  [
    'P',
    [
      { label: 'PRIORITY', fits: /^.{0,2}$/ },
      { label: 'PLACE', fits: ANY },
    ],
  ],
  ['R', [{ label: 'REMARKS', fits: ANY }]],
  [
    'T',
    [
      { label: 'TIME', fits: /^\d{1,2}:?\d{2}/ },
      { label: 'TYPE', fits: ANY },
    ],
  ],
  ['U', [{ label: 'UNITS', fits: ANY }]],
  ['X', [{ label: 'CROSS', fits: ANY }]],
]);

/** `"FALL","12 MILL RD",""`, `{FALL} {12 MILL RD}`: fields in quotes are parted by a bar instead. */
function unquoted(line: string): string {
  const text = line.trim();
  const [open, close] = [text[0] ?? '', text.at(-1) ?? ''];
  const between = open === '"' ? /","/ : /\} ?\{/;
  const wrapped = (open === '"' && close === '"') || (open === '{' && close === '}');
  return wrapped && between.test(text) ? text.slice(1, -1).split(between).join(' | ') : line;
}

/** Labels that hardly ever stand in a value, so that no sign need be behind them. */
const INSIDE =
  /(?<!\S)(NATURE|PROB|PROBLEM|CALLTYPE|TYPE|LOC|LOCATION|ADDR|ADDRESS|TWN|TOWN|CITY|CTY|XST|XSTS|CROSS|APT|UNITS|COMMENTS|REMARKS|NOTES|NARR|INFO|DETAILS) (?=\S)/g;
const INSIDE_FIRST = /^(?:NATURE|PROB|CALLTYPE|TYPE|LOC|ADDR|TWN|TOWN|CITY|CTY|XST|CROSS|UNITS)/;
const INSIDE_MIN = 4;

/** `PROB FALL LOC 12 MILL RD TWN ARLOW INFO 58 YOM`: the first word is a label, and no label stands twice. */
function barelyApart(line: string): string[] | undefined {
  if (!INSIDE_FIRST.test(line) || /[:=]/.test(line.slice(0, 40))) return undefined;
  const marks = matchesOf(INSIDE, line);
  const labels = marks.map((mark) => mark[1] ?? '');
  const once = new Set(labels).size === labels.length;
  if (labels.length < INSIDE_MIN || marks[0]?.index !== 0 || !once || !isForm(labels))
    return undefined;
  return marks.map((mark, at) => {
    const value = line.slice(mark.index + mark[0].length, marks[at + 1]?.index).trim();
    return `${mark[1]}: ${value}`;
  });
}
