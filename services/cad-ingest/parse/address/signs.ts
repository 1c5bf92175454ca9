import { tokenize } from '../text/tokens.ts';
import { LEADING_TYPES, SUFFIXES, WEAK_SUFFIXES, WHOLE_NAMES } from './words.ts';

/** A number, a mark between two streets, or a dash, behind which a town may stand. */
const MARKS = /[\d/&@\\-]/;
/** Roads that have a letter for a number: `CTH A`, `COUNTY RT B`. */
const LETTERED = ['CTH', 'CH', 'CR', 'HWY', 'HIGHWAY', 'RT', 'RTE', 'ROUTE', 'RD', 'ROAD'];
const WORDS: ReadonlySet<string> = new Set([
  ...LETTERED,
  ...LEADING_TYPES,
  ...SUFFIXES,
  ...WEAK_SUFFIXES,
  ...WHOLE_NAMES,
]);

/** Without one of these no street and no house number is in the text: the grammar need not be asked. */
export function hasStreetSign(text: string): boolean {
  return MARKS.test(text) || tokenize(text).some(({ upper }) => WORDS.has(upper));
}
