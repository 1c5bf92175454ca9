import { natureRun } from './nature-run.ts';
import { isNatureWord, natureScore } from './values/nature-words.ts';

/** Words that end the name of an agency, and never open a call type. */
const SURE = new Set('VFD FD VFC VRS EMS VFRD FIRE/EMS FIRE/RESCUE FIRE-RESCUE'.split(' '));
/** These are call types, or begin them, as well. */
const SERVICES = new Set('FIRE RESCUE AMBULANCE MEDICAL AMB'.split(' '));
/** What may stand behind them in a name. */
const BODIES = new Set(
  'DEPT DEPARTMENT SQUAD CO COMPANY DISTRICT DIST AUTHORITY SERVICE'.split(' '),
);
/** What a page is called, behind the service that it is for. */
const HEADINGS = new Set('PAGE CALL DISPATCH ALERT TONE TONES PAGEOUT'.split(' '));
const SEEN = /^(?:SHOWING|VISIBLE|SEEN|REPORTED)$/i;
const NAME_WORDS_MAX = 3;

/**
 * How many of the first words name an agency, or what the page is for, where a call type follows:
 * `WHITLOW FIRE NOSE BLEED`, `COUNTY EMS FALL`, `FIRE/EMS PAGE CHEST PAIN`. Zero where none do.
 */
export function agencyLength(words: readonly string[]): number {
  const end = nameEnd(words);
  if (end === 0) return 0;
  const rest = words.slice(end);
  if (rest.length === 0 || natureRun(rest).start !== 0) return 0;
  // `TRACTOR FIRE SMOKE SHOWING` is a call type and what somebody sees.
  return rest.some((word) => SEEN.test(word)) ? 0 : end;
}

/** The whole text is the name of an agency, or a heading with one: `FENWICK RESCUE CALL`. */
export function isAgency(text: string): boolean {
  const words = text.trim().split(/\s+/);
  return words.length <= NAME_WORDS_MAX + 3 && nameEnd(words) === words.length;
}

/** `HARLAN FD - Gas Leak`, `Gas Leak - HARLAN FD`: the part that is the call type. */
export function withoutAgency(text: string): string {
  const [one = '', other = '', more] = text.split(/ [-|] |: /, 3);
  if (other === '' || more !== undefined) return text;
  if (isAgencyBeside(one, other)) return other.trim();
  return isAgencyBeside(other, one) ? one.trim() : text;
}

function isAgencyBeside(text: string, other: string): boolean {
  if (!isAgency(text)) return false;
  const last = upper(text.trim().split(/\s+/).at(-1));
  return SURE.has(last) || natureScore(text) <= natureScore(other);
}

/** Behind the name, its service and the heading; zero where the first words are no such name. */
function nameEnd(words: readonly string[]): number {
  let name = 0;
  while (name < NAME_WORDS_MAX && isName(words[name] ?? '')) name += 1;
  let end = name;
  while (SURE.has(upper(words[end])) || SERVICES.has(upper(words[end]))) end += 1;
  if (end === name) return 0;
  if (BODIES.has(upper(words[end]))) end += 1;
  const headed = HEADINGS.has(upper(words[end]));
  if (name === 0 && !headed) return 0;
  return headed ? end + 1 : end;
}

/** A word of a name; those of call types and of services are none. */
function isName(word: string): boolean {
  if (!/^[A-Z][A-Za-z.'-]+$/.test(word)) return false;
  const bare = upper(word);
  return bare === 'COUNTY' || !(isNatureWord(word) || SURE.has(bare) || SERVICES.has(bare));
}

function upper(word: string | undefined): string {
  return (word ?? '').toUpperCase().replace(/[:,]$/, '');
}
