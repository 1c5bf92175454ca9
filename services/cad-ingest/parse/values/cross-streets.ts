import { matchStreet } from '../address/street.ts';
import { squeeze } from '../text/squeeze.ts';
import { textOf, tokenize } from '../text/tokens.ts';

const STREETS_MAX = 10;
const STREET_CHARS_MAX = 200;
const OPENING =
  /^(?:located\s+)?(?:btwn|btw|between|intersection of|cross streets?|x-?st(?:reet)?s?|c\/s|xs|x)\b[\s:.]*/i;
/** What centres write where there is no street. */
const FILLER =
  /^(?:n\/?a|none|null|unknown|unk|no cross(?:ing)?(?: streets?)?(?: found)?|no intersecting streets?|dead ?end|deadend|no outlet|not found|no x-?street|x|-+|\.+|\?+|0|no cross streets found)$/i;
const DISTANCE =
  /\(?\b\d{1,3}(?:\.\d{1,3})? ?(?:mi|miles?|ft|feet|yds?)\b\.? ?(?:[NSEW]{1,2}\b)?\)?/gi;
const SEPARATOR =
  /\/\/|[/;\\|\n\t]|,(?! ?[NSEW]{1,2} ?(?:[/&,;]|$))| & |&| and | X (?=\S)| - | {3,}/gi;

/** The streets of `ELM ST & OAK AVE`, `A//B`, `A X B`; fillers such as DEAD END are none. */
export function readCrossStreets(value: string): string[] {
  const text = value.slice(0, 600).replaceAll(DISTANCE, ' ').trim().replace(OPENING, '');
  const parts = protect(text)
    .split(SEPARATOR)
    .map((part) => squeeze(part.replaceAll('\u0001', '/').replace(OPENING, '')))
    .map((part) => part.replace(/^[\s.,:()-]{1,6}/, '').replace(/[\s.,:(-]{1,6}$/, ''))
    .filter((part) => part !== '' && !FILLER.test(part));
  const streets = parts.length === 1 ? splitBlank(parts[0] ?? '') : parts;
  const short = streets.filter((street) => street.length <= STREET_CHARS_MAX);
  return [...new Set(short)].slice(0, STREETS_MAX);
}

/** `N/A` and `AVENUE 12 1/2` are no pairs of streets. */
function protect(text: string): string {
  return text.replaceAll(/\bN\/A\b/gi, 'N\u0001A').replaceAll(/( 1)\/(?=[2348]\b)/g, '$1\u0001');
}

/** Two streets with only a blank between: `ELM ST OAK AVE`. */
function splitBlank(text: string): string[] {
  const tokens = tokenize(text);
  const first = matchStreet(tokens, 0);
  if (first === undefined || first.end >= tokens.length) return [text];
  const second = matchStreet(tokens, first.end);
  if (second === undefined || second.end !== tokens.length) return [text];
  return [
    squeeze(textOf(text, tokens, 0, first.end)),
    squeeze(textOf(text, tokens, first.end, second.end)),
  ];
}
