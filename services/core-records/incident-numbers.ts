import { hash } from 'node:crypto';
import type { RowKey } from '#shared/ports/tables.ts';

/** Kind of the index rows by number: id `<hash of the number>/<incident id>`. */
export const INCIDENT_NUMBER = 'incident-number';
/** Row that everyone moves who proposes something about a number, or a place, of a source. */
const CLAIM = 'incident-number-claim';
/** Numbers of one incident that are indexed; a transaction has room for so many, twice over. */
const INDEXED_NUMBERS_MAX = 10;

/** The numbers in a field that holds several joined with `, `, as they are written. */
export function numbersIn(text: string | undefined): readonly string[] {
  const numbers = (text ?? '').split(/,\s+/).map((number) => number.trim());
  return numbers.filter((number) => spellingOf(number) !== '');
}

/**
 * One spelling for what a centre writes in more than one way: letter case, a leading `#`, kinds of
 * dashes, full-width digits, runs of spaces. Nothing else: `24-1234` and `2-41234` are two calls.
 */
export function spellingOf(number: string): string {
  const plain = number
    .normalize('NFKC')
    .replaceAll(/\p{Pd}/gu, '-')
    .replaceAll(/\s+/g, ' ');
  return plain.trim().replace(/^#\s*/, '').toUpperCase();
}

/** Spellings by which incidents can be found, each once. */
export function spellingsIn(text: string | undefined): readonly string[] {
  return [...new Set(numbersIn(text).map(spellingOf))].slice(0, INDEXED_NUMBERS_MAX);
}

/**
 * Spellings that tell calls apart. `N/A`, `NONE`, `0` and the like stand for a missing number, and a
 * missing number is not equal to a missing number.
 */
export function tellingNumbersIn(text: string | undefined): readonly string[] {
  return spellingsIn(text).filter((number) => /[1-9]/.test(number));
}

/**
 * True when one side names no number that the other does not. One number in common is not enough:
 * centres also list short numbers which another call gets an hour later.
 */
export function isSameCall(left: readonly string[], right: readonly string[]): boolean {
  const [few, many] = left.length <= right.length ? [left, right] : [right, left];
  return few.length > 0 && few.every((number) => many.includes(number));
}

/** What the ids of a number's index rows begin with. Numbers can hold any character, hashes cannot. */
export function numberPrefix(spelling: string): string {
  return `${hash('sha256', spelling)}/`;
}

export function numberRows(incidentId: string, text: string | undefined): readonly RowKey[] {
  return spellingsIn(text).map((spelling) => ({
    kind: INCIDENT_NUMBER,
    id: `${numberPrefix(spelling)}${incidentId}`,
  }));
}

/** By the number or the name of the place. */
export function claimKey(sourceId: string, name: string): RowKey {
  return { kind: CLAIM, id: hash('sha256', JSON.stringify([sourceId, name])) };
}
