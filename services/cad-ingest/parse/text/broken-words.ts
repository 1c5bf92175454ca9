import { DIRECTIONALS, SUFFIXES, WEAK_SUFFIXES } from '../address/words.ts';

/** A part of a town's name shorter than this is as often a word of its own. */
const NAME_CHARS_MIN = 4;

/**
 * Joins what a hard wrap has broken by one blank, only where the whole is known: `BETWEE N`, the
 * suffix of a street (`AV E`), a house number (`4995 .00`), or a word of a town in `towns`.
 */
export function joinBroken(text: string, towns: Iterable<string>): string {
  const names = wordsOf(towns);
  const words = text.split(' ');
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (before !== undefined && isBroken(before, word, names)) {
      joined[joined.length - 1] = `${before}${word}`;
    } else joined.push(word);
  }
  return joined.join(' ');
}

function wordsOf(towns: Iterable<string>): ReadonlySet<string> {
  const words = [...towns].flatMap((town) => town.toUpperCase().split(' '));
  return new Set(words.filter((word) => word.length >= NAME_CHARS_MIN));
}

function isBroken(one: string, other: string, names: ReadonlySet<string>): boolean {
  if (/\d/.test(one)) return isBrokenNumber(one, other);
  const [front, back] = [one.toUpperCase(), other.toUpperCase().replace(/[,;]$/, '')];
  if (!/^[A-Z]+$/.test(front) || !/^[A-Z]+$/.test(back)) return false;
  const whole = front + back;
  if (whole === 'BETWEEN') return true;
  // `LAKE WOOD` may be the street that it says; `LAKEW OOD` is none.
  if (isStreetWord(front) && isStreetWord(back)) return false;
  return names.has(whole) || isBrokenSuffix(front, back);
}

/** `S T` and `AV E`, not `E XT`: neither part may be a word of addresses with the other one. */
function isBrokenSuffix(front: string, back: string): boolean {
  if (!SUFFIXES.has(front + back) || SUFFIXES.has(front)) return false;
  return DIRECTIONALS.has(front) ? back.length === 1 : !SUFFIXES.has(back);
}

/** `4995 .00`, `4995. 00`. */
function isBrokenNumber(one: string, other: string): boolean {
  const decimal = /^\d{1,6}$/.test(one) && /^\.0{1,2}$/.test(other);
  return decimal || (/^\d{1,6}\.$/.test(one) && /^0{1,2}$/.test(other));
}

function isStreetWord(word: string): boolean {
  return SUFFIXES.has(word) || WEAK_SUFFIXES.has(word) || DIRECTIONALS.has(word);
}
