import { findAddress } from './address/find.ts';
import type { Draft } from './draft.ts';

const DOUBTED = 0.6;
const CHARS_MIN = 20;
/** So many words and a comma are more than a call type. */
const WORDS_MAX = 6;

/**
 * A call type such as `FALL 44 ELM, ARLOW ARLOW COUNTY LN` holds the address of the page: then the
 * address that was found behind it is another one, and a person must look at both.
 */
export function doubtSwallowed(draft: Draft): void {
  const { nature = '' } = draft.fields;
  if (!isPlaced(nature)) return;
  draft.certain.set('nature', Math.min(draft.certain.get('nature') ?? 0, DOUBTED));
  const address = draft.certain.get('address');
  if (address !== undefined) draft.certain.set('address', Math.min(address, DOUBTED));
}

function isPlaced(nature: string): boolean {
  // Without a number or the mark of an intersection the street is not looked for.
  if (nature.length < CHARS_MIN || !/[\d/&@]/.test(nature)) return false;
  const match = findAddress(nature)?.match;
  if (match === undefined) return false;
  const long = nature.includes(',') && nature.split(' ').length > WORDS_MAX;
  return long || (match.form !== 'road' && match.certain >= DOUBTED);
}
