import type { Token } from '../text/tokens.ts';
import { isStrongNatureWord } from '../values/nature-words.ts';
import { endsPhrase } from './highway.ts';
import { MEASURES, STATES, TRAVEL } from './words.ts';

export interface House {
  readonly end: number;
  /** As a person writes it: `4995.00` is 4995 and `000126` is 126. */
  readonly text: string;
  readonly block: boolean;
}

/** Plain, with a letter, a range or a hyphen of Queens, and the grids of Wisconsin and Illinois. */
const FORMS = [
  /^\d{1,6}[A-Z]?$/,
  /^\d{1,6}\.0{1,2}$/,
  /^\d{1,5}-\d{1,5}[A-Z]?$/,
  /^\d{1,6}-[A-Z]$/,
  /^[NSEW]\d{3,6}$/,
  /^[NSEW]\d{1,4}[NSEW]\d{2,5}$/,
  /^\d{1,2}[NSEW]\d{2,4}$/,
  // `12XX ELM ST`: a block, for privacy.
  /^\d{1,4}XX$/,
];
/** What every form begins with: nearly all words of a page are ruled out by it. */
const OPENS = /^[NSEW]?\d/;
const BLOCK_WORDS = new Set(['BLK', 'BLOCK', 'BLCK', 'BLOC', 'HUNDRED', 'BLK.', 'BK']);

/** Behind these a number is a road's, a marker's, a level's or a unit's. */
const NOT_BEFORE = new Set(
  'MM MP MARKER MILEPOST EXIT POST US SR RT RTE ROUTE HWY HIGHWAY INTERSTATE BUSINESS I CR FM CODE PRIORITY PRI LEVEL CLASS ZONE STATION STA ENGINE LADDER TANKER BATTALION SQUAD QUINT BOX BUS ALT CTH STH USH SIGNAL TAC OPS BLDG BUILDING APT UNIT LOT STE SUITE RM ROOM PHASE SECTION'.split(
    ' ',
  ),
);

/** `14` of `14:40:22`, `05` of `05/19/2026`. */
function isClock(tokens: readonly Token[], at: number): boolean {
  const [mark, minutes] = [tokens[at + 1], tokens[at + 2]];
  const glued = mark?.start === tokens[at]?.end;
  if (mark?.text === '/') return glued && isDate(tokens, at);
  return mark?.text === ':' && glued && /^[0-5]\d$/.test(minutes?.text ?? '');
}

/** `05` of `05/19/2026`. */
function isDate(tokens: readonly Token[], at: number): boolean {
  const [day, mark, year] = tokens.slice(at + 2, at + 5);
  return (
    /^\d{1,2}$/.test(day?.text ?? '') && mark?.text === '/' && /^\d{2,4}$/.test(year?.text ?? '')
  );
}

/** Behind these a number of one or two digits is a unit's, or a floor. */
const UNIT_BEFORE = new Set([
  'MEDIC',
  'RESCUE',
  'BRUSH',
  'AMBULANCE',
  'AMB',
  'TRUCK',
  'TRK',
  'ENG',
  'CHIEF',
  'CHF',
  'MED',
  'RES',
  'TNK',
  'FLOOR',
  'CAR',
]);

/** `09E01 CARDIAC ARREST`: the card of a call type, where a grid number would have its street. */
function isCard(word: string, next: string): boolean {
  return /^\d{1,2}[A-E]\d{2}$/.test(word) && isStrongNatureWord(next);
}

/** `10-50` is how police radio says that there was an accident. */
function isTenCode(word: string): boolean {
  return /^10-\d{2}$/.test(word);
}

/** A house number or block at this token: `123`, `123 1/2`, `100-BLK`, `4300 BLOCK OF`. */
export function matchHouse(tokens: readonly Token[], at: number): House | undefined {
  const first = tokens[at]?.upper ?? '';
  if (!OPENS.test(first) || isOther(tokens, at)) return undefined;
  const glued = /^(\d{1,6})-?(BLK|BLOCK)$/.exec(first);
  if (glued !== null) return blockOf(tokens, at, at + 1);
  if (!FORMS.some((form) => form.test(first))) return undefined;
  const number = plain(first);
  const next = tokens[at + 1]?.upper ?? '';
  if (BLOCK_WORDS.has(next)) return blockOf(tokens, at, at + 2);
  if (isAge(first, next) || isCard(first, next)) return undefined;
  const fraction = fractionAt(tokens, at + 1);
  const text = fraction === undefined ? number : `${number} ${fraction}`;
  return { end: at + (fraction === undefined ? 1 : 4), text, block: false };
}

/** A part of a clock, a police code, or the number of what stands in front. */
function isOther(tokens: readonly Token[], at: number): boolean {
  const first = tokens[at]?.upper ?? '';
  const before = tokens[at - 1];
  // `:22` of `14:40:22`; in `LOC:14 MILL RD` it is a house.
  const glued = before?.text === ':' && before.end === tokens[at]?.start;
  const clock = isClock(tokens, at) || (glued && /^\d+$/.test(tokens[at - 2]?.text ?? ''));
  if (clock || isTenCode(first)) return true;
  if (NOT_BEFORE.has(before?.upper ?? ''))
    return !(BUILT.test(before?.upper ?? '') && /^\d{4,5}$/.test(first));
  if (isOfState(tokens, at) || endsPhrase(tokens, at) || isSecondUnit(tokens, at)) return true;
  return /^\d{1,2}$/.test(first) && UNIT_BEFORE.has(before?.upper ?? '');
}

/** Behind these a long number is a house's: `VEH INTO BLDG 8247 MILL RD`. */
const BUILT = /^(?:BLDG|BUILDING|UNIT|ROOM)$/;

/** `5` of `STA 3 AND 5`. */
function isSecondUnit(tokens: readonly Token[], at: number): boolean {
  const [kind, number, joint] = tokens.slice(Math.max(0, at - 3), at);
  if (!/^(?:AND|&)$/.test(joint?.upper ?? '') || !/^\d{1,3}$/.test(number?.text ?? ''))
    return false;
  return NOT_BEFORE.has(kind?.upper ?? '') || UNIT_BEFORE.has(kind?.upper ?? '');
}

/** `KY 11 S MM 88`: the number of a state's road. */
function isOfState(tokens: readonly Token[], at: number): boolean {
  const [before, next] = [tokens[at - 1]?.upper ?? '', tokens[at + 1]?.upper ?? ''];
  if (!STATES.has(before) || !/^\d{1,3}$/.test(tokens[at]?.text ?? '')) return false;
  const behind = TRAVEL.has(next) ? (tokens[at + 2]?.upper ?? '') : next;
  return behind === '' || /^(?:MM|MILE|EXIT|MP|[,/&@;])$/.test(behind);
}

/** `58 YOM`, `2 PATIENTS`, `3 VEH`: a number of something. */
function isAge(first: string, next: string): boolean {
  return MEASURES.has(next) || (/^\d{1,2}$/.test(first) && /^(M|F|YO)$/.test(next));
}

function blockOf(tokens: readonly Token[], at: number, from: number): House {
  let end = from;
  if (BLOCK_WORDS.has(tokens[end]?.upper ?? '')) end += 1;
  if (tokens[end]?.upper === 'OF') end += 1;
  const words = tokens.slice(at, end).map((token) => token.text);
  return { end, text: plain(words.join(' ')), block: true };
}

function fractionAt(tokens: readonly Token[], at: number): string | undefined {
  const [top, slash, bottom] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  const fits = top?.text === '1' && slash?.text === '/' && /^[2348]$/.test(bottom?.text ?? '');
  return fits ? `1/${bottom?.text}` : undefined;
}

function plain(number: string): string {
  const whole = number.replace(/\.0{1,2}$/, '');
  return /^0+\d/.test(whole) ? whole.replace(/^0{1,5}(?=\d)/, '') : whole;
}
