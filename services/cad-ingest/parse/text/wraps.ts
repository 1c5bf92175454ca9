import { rolesOf } from '../dictionary.ts';
import { findLabels, type LabelMark } from '../labels.ts';

/** A mail gateway breaks lines at about this column; shorter lines end where they end. */
const WRAP_COLUMN_MIN = 55;
const WRAP_COLUMN_MAX = 100;
const LINES_JUDGED_MAX = 6;

/**
 * One line of labels that a gateway has broken into several: `... WHERE: 5096 NW PARK` and
 * `DR, SANDBROOK WHEN: ...`. A line is joined to the one before, where that holds several labels
 * and is as long as a broken line is, and this one does not begin with a label.
 */
export function joinWraps(lines: readonly string[]): string[] {
  if (isOneText(lines)) return [lines.map((line) => line.trim()).join(' ')];
  const joined: string[] = [];
  let breaks = false;
  for (const [at, line] of lines.entries()) {
    if (at >= LINES_JUDGED_MAX) breaks = false;
    if (breaks && line.trim() !== '' && labelsOf(line)[0]?.start !== 0) {
      joined[joined.length - 1] = `${joined.at(-1)} ${line.trimStart()}`;
    } else joined.push(line);
    breaks =
      line.length >= WRAP_COLUMN_MIN && line.length <= WRAP_COLUMN_MAX && isLabelled(line, breaks);
  }
  return joined;
}

/** A page of one line has a few breaks; more of them are lines of its own. */
const TEXT_LINES_MAX = 8;

/**
 * One line of running text broken at a column: each line but the last is about as long as the
 * others, and the next word would not have fitted.
 */
function isOneText(lines: readonly string[]): boolean {
  const used = lines.filter((line) => line.trim() !== '');
  if (used.length < 2 || used.length > TEXT_LINES_MAX || used.length !== lines.length) return false;
  const broken = used.slice(0, -1).map((line) => line.length);
  const column = Math.max(...broken);
  if (Math.min(...broken) < WRAP_COLUMN_MIN || column > WRAP_COLUMN_MAX) return false;
  return broken.every((length, at) => {
    const next = /^\S+/.exec(used[at + 1] ?? '')?.[0].length ?? 0;
    return next > 0 && length + 1 + next > column;
  });
}

function isLabelled(line: string, before: boolean): boolean {
  return labelsOf(line).length >= (before ? 1 : 2);
}

function labelsOf(line: string): LabelMark[] {
  const marks = findLabels(line, { lookup: rolesOf, unknownInside: false, guesses: false });
  return marks.filter((mark) => mark.roles !== undefined);
}
