import type { Stretch } from './align.ts';
import type { TokenPage } from './page-tokens.ts';

const TOWN_CHARS_MAX = 100;
const CODE = /^[A-Z]{2,6}\d?$/i;

/**
 * A town that the page names by a code alone: words whose letters stand in the town's name in this
 * order, the first one first, as in `FRV` for Fairvale.
 */
export function alignCode(page: TokenPage, value: string): Stretch[] {
  const found: Stretch[] = [];
  if (value.length > TOWN_CHARS_MAX) return found;
  for (const [at, token] of page.tokens.entries()) {
    if (token.kind === 'word' && CODE.test(token.text) && abbreviates(token.lower, value)) {
      found.push({ from: at, to: at + 1 });
    }
  }
  return found;
}

function abbreviates(code: string, value: string): boolean {
  const letters = code.replaceAll(/\d/g, '');
  const name = value.toLowerCase();
  if (letters.length < 2 || letters[0] !== name[0]) return false;
  let at = -1;
  for (const letter of letters) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}
