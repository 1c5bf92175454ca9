import { isLetteredUnit } from './value-spans.ts';
import { isNamedUnit, isUnitCode } from './values/units.ts';

/** Behind the unit ids, of one word or two, that a text begins with: `STA 8 BC3 E17`. */
function passUnits(words: readonly string[]): number {
  let at = /^(?:ATTN:?|ATTENTION:?|\d{3,5}(?:,\d{3,5}){0,9},?)$/.test(words[0] ?? '') ? 1 : 0;
  while (at < words.length) {
    if (isLetteredUnit((words[at] ?? '').replace(/,$/, ''))) at += 1;
    else if (isNamedUnit(`${words[at]} ${words[at + 1]}`)) at += 2;
    // `STA 3 AND 5`
    else if (at > 0 && isAndNumber(words, at)) at += 2;
    else break;
  }
  return at;
}

function isAndNumber(words: readonly string[], at: number): boolean {
  return /^(?:AND|&)$/.test(words[at] ?? '') && /^\d{1,3},?$/.test(words[at + 1] ?? '');
}

/** `VASKA M26 CAR20` and `R96 R48 Fall Victim`: unit ids in front of words or behind them. */
export function unitsApart(text: string): string[] {
  const words = text.split(' ');
  if (words.length < 2 || words.length > 40) return [text];
  const start = passUnits(words);
  let end = words.length;
  while (end > start && isLetteredUnit(words[end - 1] ?? '')) end -= 1;
  if (start === words.length) return [text];
  const inner = unitsInside(words, start, end);
  const parts = [words.slice(0, start), ...inner, words.slice(end)];
  return parts.map((part) => part.join(' ').replace(/^- /, '')).filter((part) => part !== '');
}

/** A list of units among the first words parts what is before it from what is behind. */
const UNITS_INSIDE_MAX = 8;

function unitsInside(words: readonly string[], start: number, end: number): string[][] {
  const limit = Math.min(end, start + UNITS_INSIDE_MAX);
  let from = start;
  while (from < limit && !isPlainUnit(words[from] ?? '')) from += 1;
  if (from === limit) return [words.slice(start, end)];
  const to = from + passUnits(words.slice(from, end));
  return [words.slice(start, from), words.slice(from, to), words.slice(to, end)];
}

/** Two letters and a number in capitals, or one letter and two digits: `MED44`, `L16`. */
function isPlainUnit(word: string): boolean {
  return (
    /^(?:[A-Z]{2,7}\d{1,4}|[A-Z]\d{2,3}|\d{2}[A-Z]{1,2}\d{1,2}),?$/.test(word) &&
    isUnitCode(word.replace(',', ''))
  );
}
