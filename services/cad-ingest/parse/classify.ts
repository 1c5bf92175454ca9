import { type AddressParts, readAddress } from './address/address.ts';
import { hasStreetSign } from './address/signs.ts';
import { oncePerPage } from './page-memo.ts';
import { ANY_DAY, datesIn, timesIn } from './values/clock.ts';
import { findDeterminant, isIncidentNumber, isPhone } from './values/codes.ts';
import { findCoordinates } from './values/coordinates.ts';
import { isAmbiguousNatureWord, isStrongNatureWord, natureScore } from './values/nature-words.ts';
import { overlap, without } from './values/span.ts';
import { isUnitCode, unitListScore } from './values/units.ts';

export type FragmentKind =
  | 'number'
  | 'moment'
  | 'coordinates'
  | 'phone'
  | 'units'
  | 'agency'
  | 'code'
  | 'channel'
  | 'priority'
  | 'box'
  | 'address'
  | 'road'
  | 'cross'
  | 'nature'
  | 'apartment'
  | 'words'
  | 'text';

/** A stretch without a label, and what it looks like by itself. */
export interface Fragment {
  readonly text: string;
  readonly kind: FragmentKind;
  /** 0..1: how surely it is of this kind. */
  readonly score: number;
  readonly parts?: AddressParts;
  /** A sentence tells of this address; it need not be the call's. */
  readonly told?: boolean;
}

const WORDS_MAX = 6;
const VALUE_CHARS_MAX = 200;
const NATURE_WORDS_MAX = 10;
const NATURE_LEAST = 0.5;
const ADDRESS_LEAST = 0.42;
/** A road by itself needs a surer suffix than `SILVER SPRINGS` has. */
const ROAD_LEAST = 0.6;
const CHANNEL =
  /^(?:OPS|TAC|TG|CH|CHAN|CHANNEL|FG|FIREGROUND|FIRE TAC|TALKGROUP|FD TAC|EMS TAC)[ -]?\d{1,4}[A-Z]?$/i;
/** `BOX 12-3`, `STILL BOX 31`, `BOX ALARM 1203`. */
const BOX = /^(?:STILL |FIRE )?BOX(?: ALARM)? ?#?:? ?\d[\w-]{0,7}$/i;
const PRIORITY = /^(?:(?:P|PRI|PRIORITY|CODE)?[ -]?[0-9]|ALS|BLS)$/i;
const CROSS =
  /^(?:btwn|between|x-?st(?:reet)?s?|xs|c\/s|cross(?: st(?:reet)?s?)?|intersection of)\b/i;
const APARTMENT = /^(?:APT|UNIT|STE|SUITE|LOT|RM|ROOM|BLDG|TRLR|#)\.? ?#?[A-Z0-9-]{1,6}$/i;

export function classify(value: string): Fragment {
  return classified(value.trim());
}

const classified = oncePerPage(kindOf);

function kindOf(text: string): Fragment {
  if (text.length > VALUE_CHARS_MAX) return { text, kind: 'text', score: 0.5 };
  return (
    typed(text) ??
    placed(text) ??
    listed(text) ??
    natured(text) ??
    bare(text) ??
    worded(text) ?? { text, kind: 'text', score: 0.5 }
  );
}

/** Values that their own form gives away. */
function typed(text: string): Fragment | undefined {
  const figured = /\d/.test(text) ? figures(text) : undefined;
  if (figured !== undefined) return figured;
  if (PRIORITY.test(text)) return { text, kind: 'priority', score: 0.7 };
  if (BOX.test(text)) return { text, kind: 'box', score: 0.8 };
  if (CHANNEL.test(text)) return { text, kind: 'channel', score: 0.8 };
  if (APARTMENT.test(text)) return { text, kind: 'apartment', score: 0.8 };
  return CROSS.test(text) ? { text, kind: 'cross', score: 0.9 } : undefined;
}

function figures(text: string): Fragment | undefined {
  if (isPhone(text)) return { text, kind: 'phone', score: 0.9 };
  if (isMoment(text)) return { text, kind: 'moment', score: 0.95 };
  if (isCoordinates(text)) return { text, kind: 'coordinates', score: 0.95 };
  const code = findDeterminant(text)?.value === text;
  return code ? { text, kind: 'code', score: 0.9 } : undefined;
}

function isMoment(text: string): boolean {
  if (text.length > 40) return false;
  const clocks = timesIn(text);
  // Beside a time `12/31` is a date; alone it may be anything.
  const dates = datesIn(text, clocks.length > 0 ? ANY_DAY : undefined);
  const times = clocks.filter((time) => !dates.some((date) => overlap(date, time)));
  if (dates.length + times.length === 0) return false;
  return without(text, [...dates, ...times]).replaceAll(/[^A-Za-z0-9]/g, '').length <= 3;
}

function isCoordinates(text: string): boolean {
  const found = findCoordinates(text);
  if (found === undefined) return false;
  const rest = without(text, [found]);
  return rest.length <= 14 || /https?:/.test(text);
}

/** Addresses and roads. Words of a call type in front mean that two fields stand in one text. */
function placed(text: string): Fragment | undefined {
  if (!hasStreetSign(text)) return undefined;
  const parts = readAddress(text);
  const { form } = parts;
  const named = form === 'road' || form === 'intersection' || form === 'mile';
  if (named && (opensNature(text) || hidesNature(text))) return undefined;
  if (form === 'bare' || form === 'plain' || form === 'none') return undefined;
  if (holdsMore(parts)) return undefined;
  if (form === 'open') return opened(text, parts);
  if (parts.certain < ADDRESS_LEAST) return undefined;
  // `AREA OF ELM ST` says where to go; `ELM ST` may be the street that crosses.
  if (form !== 'road' || AROUND.test(text))
    return { text, kind: 'address', score: parts.certain, parts };
  const known = parts.certain >= ROAD_LEAST && natureScore(text) < NATURE_LEAST;
  return known ? { text, kind: 'road', score: parts.certain, parts } : undefined;
}

const AROUND = /^(?:IAO|(?:IN THE )?AREA(?: OF)?) /i;

/** `MVA S MAIN ST / W QUAIL RD`: the first word, or the first two, are those of a call type. */
function opensNature(text: string): boolean {
  const [first = '', second = ''] = text.split(' ', 2);
  if (!isStrongNatureWord(first)) return false;
  return !isAmbiguousNatureWord(first) || isStrongNatureWord(second);
}

/** `ASHGROVE FIRE ANIMAL RESCUE S MAIN ST / STH 23`: two words in a row, one of them of nothing else. */
function hidesNature(text: string): boolean {
  const words = text.split(' ', WORDS_MAX);
  return words.some((word, at) => {
    const next = words[at + 1] ?? '';
    if (!isStrongNatureWord(word) || !isStrongNatureWord(next)) return false;
    return !isAmbiguousNatureWord(word) || !isAmbiguousNatureWord(next);
  });
}

/** Words in front that nothing parts from the street, or a town that is rather a call type. */
function holdsMore(parts: AddressParts): boolean {
  const { lead = '', leadMarked = true, note = '', city = '', placeName = '' } = parts;
  // `12 MILL RD FAIRVALE - Lines Down`
  if (natureScore(placeName) > NATURE_LEAST && !/^[@(]/.test(placeName)) return true;
  if (lead !== '' && (!leadMarked || natureScore(lead) >= NATURE_LEAST)) return true;
  if (lead.split(' ').length > WORDS_MAX || /\d{3}/.test(lead)) return true;
  const words = note.split(' ');
  if (words.length > 4 || words.some((word) => isUnitCode(word) && /[A-Z]{2}/.test(word)))
    return true;
  return natureScore(note) >= NATURE_LEAST || city.split(' ').some(isStrongNatureWord);
}

/** `MAIN / OAK`; not `OVERDOSE/POISONING`, and nothing of many words. */
function opened(text: string, parts: AddressParts): Fragment | undefined {
  const words = text.split(/[\s/&]+/);
  const plain = natureScore(text) === 0 && words.length <= 6 && !/\d/.test(words[0] ?? '');
  return plain
    ? { text, kind: 'address', score: 0.4, parts: { ...parts, certain: 0.4 } }
    : undefined;
}

function listed(text: string): Fragment | undefined {
  const plain = /[[\]]/.test(text) ? text.replaceAll(/[[\]]/g, ' ').trim() : text;
  const units = unitListScore(plain);
  const number = !text.includes(' ') && isIncidentNumber(text);
  if (number && !(units >= 0.8 && text.length < 7)) return { text, kind: 'number', score: 0.92 };
  return units >= 0.6 ? { text, kind: 'units', score: units } : undefined;
}

/** An age, or whose state it is: words on a patient or of a caller are narrative. */
const PATIENT =
  /^\(?(?:\d{1,3}[- ]?(?:y|yr|yrs|yo|y\/o|yof|yom|m|f|year|month|week|day)s?\b|(?:male|female|pt|patient|caller|rp|his|her|she|he) (?!transp|transf|assist|lift|refus|fall))|\b\d{1,3}[- ]?(?:yo|y\/o|yof|yom|yr|year|years|yrs)\b/i;

function natured(text: string): Fragment | undefined {
  if (PATIENT.test(text)) return undefined;
  if (/^(?:call ?back|no answer|cb)\b/i.test(text)) return undefined;
  // A service alone is no more than a hint: `EMS`, `FIRE`.
  if (/^(?:EMS|FIRE|MEDICAL|LAW|EMERGENCY|RESCUE|ALARM)$/i.test(text)) {
    return { text, kind: 'nature', score: 0.5 };
  }
  const nature = natureScore(text);
  const short = text.split(/\s+/).length <= NATURE_WORDS_MAX;
  return nature >= NATURE_LEAST && short ? { text, kind: 'nature', score: nature } : undefined;
}

/** A number and words without a suffix: `100 BROADWAY`. */
function bare(text: string): Fragment | undefined {
  if (!/\d/.test(text)) return undefined;
  const parts = readAddress(text);
  const fits = parts.form === 'bare' && /[A-Za-z]{3}/.test(text) && text.length <= 60;
  if (!fits || parts.certain < 0.5) return undefined;
  return { text, kind: 'address', score: parts.certain * 0.7, parts };
}

function worded(text: string): Fragment | undefined {
  const words = text.split(/\s+/);
  if (words.length > WORDS_MAX) return undefined;
  return { text, kind: 'words', score: 0.3 + natureScore(text) * 0.2 };
}
