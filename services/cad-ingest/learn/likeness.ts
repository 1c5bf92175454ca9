import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Place } from '#contracts/cad-learned.ts';
import { DIRECTIONALS, STATES } from '../parse/address/words.ts';
import { isIncidentNumber, isPhone } from '../parse/values/codes.ts';
import { isStrongNatureWord, natureScore } from '../parse/values/nature-words.ts';
import { unitListScore } from '../parse/values/units.ts';
import type { Landmarks } from './landmarks.ts';
import { shapeOf, stretch, type TokenPage, widestGap } from './page-tokens.ts';

/** A stretch of a page that may be a field's value. */
export interface Candidate {
  readonly page: TokenPage;
  readonly landmarks: Landmarks;
  readonly place: Place;
  readonly from: number;
  readonly to: number;
}

const LONGER_COST = 0.4;
const LABEL_INSIDE_COST = 4;
const TORN_COST = 2.5;
const GAP_INSIDE_COST = 3;
const VALUE_CHARS_MAX = 300;

/**
 * How much a stretch looks like a value of the field by itself, on the scale of the anchors' weights:
 * above 0 speaks for it. The agency's own values count beside what the field generally holds.
 */
export function likeness(key: CadFieldKey, candidate: Candidate): number {
  const { page, place, from, to } = candidate;
  const text = stretch(page, from, to).slice(0, VALUE_CHARS_MAX);
  const longer = Math.max(0, to - from - place.tokensMax) * LONGER_COST;
  const typed = typedLikeness[key]?.(candidate, text) ?? builtAlike(candidate, text);
  const torn = isTorn(text) ? TORN_COST : 0;
  const wide = place.narrow && holdsGap(candidate) ? GAP_INSIDE_COST : 0;
  return typed - longer - torn - wide - (holdsLabel(candidate) ? LABEL_INSIDE_COST : 0);
}

/** A parenthesis that is opened and not closed: the value goes on, or began before. */
function isTorn(text: string): boolean {
  if (!text.includes('(') && !text.includes(')')) return false;
  return text.split('(').length !== text.split(')').length;
}

/** A wide blank, which parts the fields of this agency, stands inside the stretch. */
function holdsGap({ page, from, to }: Candidate): boolean {
  return widestGap(page, from, to) > 1;
}

/** The label of another field begins inside the stretch. */
function holdsLabel({ landmarks, from, to }: Candidate): boolean {
  for (let at = from + 1; at < to; at += 1) {
    if (landmarks.begins[at]?.includes('label')) return true;
  }
  return false;
}

type Likeness = (candidate: Candidate, text: string) => number;

const typedLikeness: Partial<Record<CadFieldKey, Likeness>> = {
  address: addressLikeness,
  nature: natureLikeness,
  city: cityLikeness,
  units: (candidate, text) => unitListScore(text) * 2 - 0.3 + builtAlike(candidate, text) / 2,
  number: (candidate, text) =>
    (isIncidentNumber(text.replaceAll(' ', '')) ? 1.5 : 0) + builtAlike(candidate, text),
  callerPhone: (_, text) => (isPhone(text) ? 2.5 : -3),
  state: (_, text) => (STATES.has(text.toUpperCase()) ? 1.5 : -4),
  date: (candidate) => (isSpan(candidate, 'date') ? 3 : -6),
  time: (candidate, text) =>
    isSpan(candidate, 'time') ? 3 : /^\d{4}$|^\d{6}$/.test(text) ? builtAlike(candidate, text) : -6,
  coordinates: (candidate) => (isSpan(candidate, 'coordinates') ? 3 : -6),
  crossStreets: crossLikeness,
  placeName: wordsLikeness,
  callerName: wordsLikeness,
};

const FORM_VALUE = { house: 3.5, block: 3.5, mile: 3, intersection: 2.6, road: 0.6 };

function addressLikeness({ page, landmarks, place, from, to }: Candidate, text: string): number {
  const found = landmarks.places.get(from);
  const cutOff = isCutOff({ page, landmarks, from, to }) ? 2.5 : 0;
  if (found !== undefined && found.end === to) {
    return FORM_VALUE[found.match.form] * (0.4 + found.match.certain * 0.6) - cutOff;
  }
  const natured = natureScore(text) >= 0.5 ? 2 : 0;
  const against = natured + cutOff;
  const firm = found !== undefined && found.match.form !== 'road';
  if (firm) return (found.end > to ? -2 : -1.2) - against;
  if (/^\d+\b.*[A-Za-z]{3}/.test(text)) return 0.4 - against;
  return -0.6 - (place.firm ?? 0) * 3 - against;
}

/** The number or the direction in front belongs to this street. */
function isCutOff({ page, landmarks, from, to }: Omit<Candidate, 'place'>): boolean {
  const before = page.tokens[from - 1];
  if (before?.kind !== 'word') return false;
  const joins = /^\d+$/.test(before.text) || DIRECTIONALS.has(before.text.toUpperCase());
  return joins && (landmarks.places.get(from - 1)?.end ?? 0) >= to;
}

function natureLikeness(candidate: Candidate, text: string): number {
  const { landmarks, from, to } = candidate;
  if (!/\p{L}{2}/u.test(text)) return isBuiltAlike(candidate, text) ? 0 : -3;
  const known = isSpan(candidate, 'nature') ? 3 : 0;
  const form = landmarks.places.get(from)?.match.form;
  const addressed = form === 'house' || form === 'block' || form === 'mile' ? 3 : 0;
  const open = isRunOver(candidate, to) ? 1.4 : 0;
  const late = isRunOver(candidate, from) ? 1.4 : 0;
  return known + natureScore(text) * 2.4 - 0.4 - addressed - (known > 0 ? 0 : open + late);
}

/** A run of call-type words goes on over this border. */
function isRunOver({ page }: Candidate, at: number): boolean {
  const [before, behind] = [page.tokens[at - 1], page.tokens[at]];
  if (before?.kind !== 'word' || behind?.kind !== 'word') return false;
  return isStrongNatureWord(before.text) && isStrongNatureWord(behind.text);
}

function cityLikeness(candidate: Candidate, text: string): number {
  if (isSpan(candidate, 'city')) return 3.2;
  const natured = natureScore(text) >= 0.5 ? 1.5 : 0;
  const words = candidate.to - candidate.from;
  const plain = /^[\p{L}][\p{L} .'-]*$/u.test(text) && words <= 3 ? 0.4 : -0.8;
  return plain + (isBuiltAlike(candidate, text) ? 0.5 : -0.5) - natured;
}

function crossLikeness({ landmarks, from, to }: Candidate, text: string): number {
  const place = landmarks.places.get(from);
  if (/^\d+ \p{L}/u.test(text) && place?.match.form === 'house') return -1;
  if (place?.end === to) return 1.4;
  return /\p{L}{2}/u.test(text) ? 0.2 : -2;
}

function wordsLikeness(candidate: Candidate, text: string): number {
  const natured = natureScore(text) >= 0.6 ? 0.6 : 0;
  const form = candidate.landmarks.places.get(candidate.from)?.match.form;
  return (/\p{L}{2}/u.test(text) ? 0.4 : -1.5) - natured - (form === 'house' ? 2 : 0);
}

/** Short codes are built alike from page to page: `7-C` and `4-B`. */
function builtAlike(candidate: Candidate, text: string): number {
  return isBuiltAlike(candidate, text) ? 1.2 : -1;
}

function isBuiltAlike({ place }: Candidate, text: string): boolean {
  return place.shapes.includes(shapeOf(text));
}

/** A landmark of this name begins and ends exactly here. */
function isSpan({ landmarks, from, to }: Candidate, name: string): boolean {
  const begins = landmarks.begins[from]?.includes(name) ?? false;
  return begins && (landmarks.behind[to]?.includes(name) ?? false);
}
