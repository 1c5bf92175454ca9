import { labelRoles } from './dictionary.ts';
import { matchesOf } from './text/matches.ts';

/** How a page parts its labels from their values, where it is not by a colon. */
export interface LabelForms {
  /** `LOCATION 12 MILL RD`, `Inc Address   12 MILL RD`: by blanks alone. */
  readonly bare: boolean;
  /** `Location- 12 MILL RD`. */
  readonly dashed: boolean;
  /** The label on a line of its own, the value on the next one. */
  readonly stacked: boolean;
}

/** So many labels must be written in a form, one of an address or a call type, to be believed. */
const LABELS_MIN = 3;
const LINES_JUDGED_MAX = 60;
/** A longer line is no row of labels without signs, in characters. */
export const FORM_CHARS_MAX = 400;
const LABEL_CHARS_MAX = 32;

export function labelFormsOf(lines: readonly string[]): LabelForms {
  const near = lines.slice(0, LINES_JUDGED_MAX).map((line) => line.slice(0, FORM_CHARS_MAX));
  return {
    bare: isForm(near.flatMap(bareLabels)) || isForm(near.flatMap(wideLabels)),
    dashed: isForm(near.flatMap(dashedLabels)),
    stacked: isForm(near.filter((_, at) => isStacked(near, at)).map((line) => line.trim())),
  };
}

/** So many labels, one of the address or the call type, are no chance. */
export function isForm(labels: readonly string[]): boolean {
  const known = labels.map((label) => labelRoles(label)?.[0]).filter((role) => role !== undefined);
  return known.length >= LABELS_MIN && (known.includes('address') || known.includes('nature'));
}

export const BARE =
  /^ {0,4}(ADDRESS|LOCATION|LOC|NATURE|TYPE|CALL ?TYPE|PROBLEM|DETAILS|NOTES|REMARKS|DISPATCHED|CALLER|CITY|APT|UNITS?|CROSS|PRIORITY|EVENT|INCIDENT|COMMENTS?|PREMISE|TIME|DATE|MAP|BOX|BTWN?|BTW|INC#?) /;

/** One blank behind a word in capitals, on lines without a colon near their begin. */
export function bareLabels(line: string): string[] {
  const label = line.slice(0, 24).includes(':') ? undefined : BARE.exec(line)?.[1];
  return label === undefined ? [] : [label];
}

/** Two blanks and more behind words that are a label. */
function wideLabels(line: string): string[] {
  if (!line.includes('  ')) return [];
  const label = /^ {0,4}([A-Za-z][A-Za-z/#. ]{1,30}?) {2,}\S/.exec(line)?.[1];
  return label === undefined ? [] : [label];
}

const DASHED = /(?:^|[\t,;|:] ?)\s{0,4}([A-Z][A-Za-z/# ]{1,24})-(?= |$)/g;

/** `Resp Units- E91, Scene- 12 MILL RD`: at a line's begin or behind a mark. */
function dashedLabels(line: string): string[] {
  if (!line.includes('-')) return [];
  return matchesOf(DASHED, line).map((match) => match[1] ?? '');
}

function isStacked(lines: readonly string[], at: number): boolean {
  const label = lines[at]?.trim() ?? '';
  const next = lines[at + 1]?.trim() ?? '';
  if (label.length < 2 || label.length > LABEL_CHARS_MAX || label.includes(':')) return false;
  return next === '' || labelRoles(next) === undefined;
}
