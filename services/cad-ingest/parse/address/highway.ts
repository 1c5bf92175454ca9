import type { Token } from '../text/tokens.ts';
import { ROAD_PHRASES, ROAD_WORDS, STATES, TRAVEL, UNIT_WORDS } from './words.ts';

export interface RoadMatch {
  readonly end: number;
  /** 0..1: how surely this is a road and ends here. */
  readonly certain: number;
}

/** `23`, `F62`, `10A`; an ordinal such as `2ND` is a street's name. */
const ROUTE = /^(?!\d+(?:ST|ND|RD|TH)$)[A-Z]{0,2}-?\d{1,4}[A-Z]{0,2}$/;
const LETTERS = /^[A-Z]{1,2}$/;
/** `I65`, `US23`, `SR347`, `K62`, `CR-12`, `I35SB`. One letter alone is as often a fire engine. */
const GLUED = /^(?:([A-Z])|([A-Z]{2,4}))-?\d{1,4}(?:[A-Z]|[NSEW]B)?$/;
const SURE_WORDS = new Set(
  'US I IH INTERSTATE HWY HIGHWAY SR SH STH RT RTE ROUTE CR CTH FM RM SECR CSAH USH CNTY'.split(
    ' ',
  ),
);
const LETTERED = new Set(['CTH', 'CH', 'HWY', 'HIGHWAY', 'RT', 'RTE', 'ROUTE', 'CR']);
/** Roads of counties, and of Missouri and Wisconsin, are named by letters: `STATE HIGHWAY H`. */
const LETTERED_BY = new Set(['COUNTY', 'CO', 'CTY', 'CNTY', 'STATE']);
const BEHIND = new Set(['HWY', 'HIGHWAY', 'RD', 'ROAD', 'RTE', 'RT']);
const FULL = new Set(['NORTH', 'SOUTH', 'EAST', 'WEST', 'BUSINESS', 'TRUCK', 'LOOP', 'SPUR']);

/** A numbered road at this token, with its direction of travel: `US 23 N`, `I65 SB`, `ST RT 7`. */
export function matchHighway(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const road = phraseRoad(tokens, at) ?? wordRoad(tokens, at) ?? gluedRoad(tokens, at);
  if (road === undefined) return undefined;
  const suffix = BEHIND.has(tokens[road.end]?.upper ?? '') ? 1 : 0;
  return {
    end: passRamp(tokens, passTravel(tokens, passHalf(tokens, road.end) + suffix)),
    certain: suffix ? Math.max(road.certain, 0.9) : road.certain,
  };
}

/** The number at this token is that of a road of two words and more: `18` of `COUNTY LN 18`. */
export function endsPhrase(tokens: readonly Token[], at: number): boolean {
  if (!LAST_WORDS.has(tokens[at - 1]?.upper)) return false;
  return [2, 3].some((back) => phraseRoad(tokens, at - back)?.end === at + 1);
}

const LAST_WORDS: ReadonlySet<string | undefined> = new Set(
  ROAD_PHRASES.map((phrase) => phrase.at(-1)),
);

/** `AVENUE 12 1/2`. */
function passHalf(tokens: readonly Token[], at: number): number {
  const half = tokens[at]?.text === '1' && tokens[at + 1]?.text === '/';
  return half && /^[248]$/.test(tokens[at + 2]?.text ?? '') ? at + 3 : at;
}

/** Whether words here and a number behind them are surely a road, whatever stands in front. */
export function opensHighway(tokens: readonly Token[], at: number): boolean {
  if (!OPENING.has(tokens[at]?.upper ?? '')) return false;
  const road = phraseRoad(tokens, at) ?? wordRoad(tokens, at);
  return road !== undefined && /\d/.test(tokens[road.end - 1]?.upper ?? '');
}

const OPENING = new Set('US STATE COUNTY CO CNTY CTY HWY HIGHWAY INTERSTATE'.split(' '));

/** `I65 NB ON RAMP`, `US 23 OFF-RAMP`, `I65 RAMP`. */
function passRamp(tokens: readonly Token[], at: number): number {
  const words = tokens.slice(at, at + 2).map((token) => token.upper);
  if (/^(?:(?:ON|OFF)-?)?RAMP$/.test(words[0] ?? '')) return at + 1;
  return /^(?:ON|OFF|ENTRANCE|EXIT)$/.test(words[0] ?? '') && words[1] === 'RAMP' ? at + 2 : at;
}

const MARKER_WORDS = new Set(['MM', 'MP', 'MILEMARKER', 'MILEPOST', 'EXIT', 'MILE', 'MRKR']);
const MARKER_VALUE = /^\d{1,3}(?:\.\d{1,2})?[A-Z]?$/;

/** `MM 120`, `MM120`, `MILE MARKER 120`, `120 MM`, `EXIT 12A`: the index behind it, or `at`. */
export function passMarker(tokens: readonly Token[], from: number): number {
  const joint = tokens[from]?.upper ?? '';
  const joined = JOINING.has(joint) ? from + 1 : from;
  // Behind a slash a number alone may be anything.
  if (SLASHES.has(joint) && /^\d/.test(tokens[joined]?.upper ?? '')) return from;
  const end = markerEnd(tokens, joined);
  return end > joined ? end : from;
}

const SLASHES = new Set(['/', '&']);
/** `I65 NB AT EXIT 12`, `I65 NB, MM 120`, `I65 SB / EXIT 45`. */
const JOINING = new Set(['AT', '@', 'NEAR', ',', ...SLASHES]);

/** A digit, or the first letter of a marker's word. */
const MARKER_OPENS = /^[\dME]/;

function markerEnd(tokens: readonly Token[], at: number): number {
  let next = at;
  const first = tokens[at]?.upper ?? '';
  if (!MARKER_OPENS.test(first)) return at;
  if (/^\d{1,3}(?:\.\d{1,2})?MM$/.test(first)) return at + 1;
  if (/^(?:MM|MP|EXIT)-?\d{1,3}(?:\.\d{1,2})?[A-Z]?$/.test(first)) return at + 1;
  if (MARKER_VALUE.test(first) && /^(MM|MILEMARKER|MP)$/.test(tokens[at + 1]?.upper ?? '')) {
    return at + 2;
  }
  if (!MARKER_WORDS.has(first)) return at;
  next += 1;
  if (/^(MARKER|POST|MRKR|MKR)$/.test(tokens[next]?.upper ?? '')) next += 1;
  return MARKER_VALUE.test(tokens[next]?.upper ?? '') ? next + 1 : at;
}

/** Every word of a page is asked for; few of them begin such a phrase. */
const PHRASES_BY_FIRST = Map.groupBy(ROAD_PHRASES, ([first]) => first);

function phraseRoad(tokens: readonly Token[], at: number): RoadMatch | undefined {
  let best: RoadMatch | undefined;
  for (const phrase of PHRASES_BY_FIRST.get(tokens[at]?.upper) ?? []) {
    const end = at + phrase.length;
    const fits = phrase.every((word, index) => tokens[at + index]?.upper === word);
    const number = tokens[end]?.upper ?? '';
    const lettered = LETTERS.test(number) && LETTERED_BY.has(phrase[0] ?? '');
    if (fits && (ROUTE.test(number) || lettered) && end + 1 > (best?.end ?? 0)) {
      best = { end: end + 1, certain: ROUTE.test(number) ? 0.95 : letterCertain(tokens, end, 0.8) };
    }
  }
  return best;
}

function wordRoad(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const word = tokens[at]?.upper ?? '';
  const number = tokens[at + 1]?.upper ?? '';
  if (!ROAD_WORDS.has(word) && !STATES.has(word)) return undefined;
  if (ROUTE.test(number) && /\d/.test(number)) {
    const ends = word.length > 1 && !COMPANIES.has(word) && !isWord(tokens[at + 2]);
    return { end: at + 2, certain: SURE_WORDS.has(word) ? 0.95 : ends ? 0.85 : 0.7 };
  }
  if (!LETTERED.has(word) || !LETTERS.test(number)) return undefined;
  return { end: at + 2, certain: letterCertain(tokens, at + 1, 0.6) };
}

/** `CO 5` is a company, and `IN`, `OR` and `ME` are words. */
const COMPANIES = new Set(['CO', 'IN', 'OR', 'ME', 'BR', 'BUS']);

/** `HIGHWAY ZZ`, or a letter that no word follows; `HWY N` may be a direction. */
function letterCertain(tokens: readonly Token[], at: number, least: number): number {
  const letters = tokens[at]?.upper ?? '';
  const doubled = letters.length === 2 && letters[0] === letters[1];
  const ends = !TRAVEL.has(letters) && !isWord(tokens[at + 1]);
  return doubled || ends ? 0.9 : least;
}

/** A word of two letters and more, such as a town begins with; no mark, number or unit. */
export function isWord(token: Token | undefined): boolean {
  const word = token?.upper ?? '';
  return /^[A-Z][A-Z.'-]+$/.test(word) && !UNIT_WORDS.has(word);
}

/** A direction of travel that is nothing else. */
export function isBound(token: Token | undefined): boolean {
  const word = token?.upper ?? '';
  return word.endsWith('B') && BOUND.test(word);
}

const BOUND = /^[NSEW]\/?B$/;

function gluedRoad(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const found = GLUED.exec(tokens[at]?.upper ?? '');
  if (found === null) return undefined;
  const [, letter, word] = found;
  if (word !== undefined && SURE_WORDS.has(word)) return { end: at + 1, certain: 0.9 };
  if (word !== undefined && (ROAD_WORDS.has(word) || STATES.has(word))) {
    return { end: at + 1, certain: 0.7 };
  }
  if (letter === 'I') return { end: at + 1, certain: 0.85 };
  const dashed = tokens[at]?.upper.includes('-') || /^\d/.test(tokens[at - 1]?.upper ?? '');
  if (letter !== undefined && /^[KMNT]$/.test(letter) && dashed) {
    return { end: at + 1, certain: 0.75 };
  }
  return letter !== undefined && /^[KMNT]$/.test(letter)
    ? { end: at + 1, certain: 0.4 }
    : undefined;
}

/** A written-out direction may begin a town (`WEST PLAINS`): it counts only where a word ends. */
function passTravel(tokens: readonly Token[], from: number): number {
  let at = from;
  const lettered = /\d[NSEW]$/.test(tokens[from - 1]?.upper ?? '');
  while (at < from + 2 && TRAVEL.has(tokens[at]?.upper ?? '')) {
    const next = tokens[at + 1]?.upper ?? '';
    // In `COUNTY RD 99W W SHAW AVE` the direction is the next street's.
    if (lettered && !isBound(tokens[at]) && /^[A-Z]{3,}$/.test(next)) break;
    const wordFollows = /^[A-Z]{3,}$/.test(next) && !TRAVEL.has(next) && !MARKER_WORDS.has(next);
    if (FULL.has(tokens[at]?.upper ?? '') && wordFollows) break;
    at += 1;
  }
  return at;
}
