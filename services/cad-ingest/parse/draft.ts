import type { CadFieldKey, CadFields } from '#contracts/cad-fields.ts';
import { isStatusTarget, type StatusTarget, type Target } from '#contracts/cad-targets.ts';
import { type AddressParts, readAddress } from './address/address.ts';
import { STATES } from './address/words.ts';
import { squeeze } from './text/squeeze.ts';
import { datesIn, readMoment, timesIn } from './values/clock.ts';
import { isPhone, phonesIn, readNumbers } from './values/codes.ts';
import { findCoordinates, placeOf, readDegrees } from './values/coordinates.ts';
import { readCrossStreets } from './values/cross-streets.ts';
import { readCode, readNature } from './values/nature.ts';
import type { Span } from './values/span.ts';
import { readUnits } from './values/units.ts';
import { updateToken } from './values/update-word.ts';

type Fields = { -readonly [Key in CadFieldKey]?: CadFields[Key] };

/** What is known of a page so far, and how surely. */
export interface Draft {
  readonly fields: Fields;
  /** 0..1 per field. */
  readonly certain: Map<CadFieldKey, number>;
  /** Text for the narrative, in the order of the page. */
  readonly notes: string[];
  readonly status: Map<StatusTarget, string>;
  readonly unitTimes: NonNullable<CadFields['unitTimes']>;
  readonly hints: { readonly cities: Set<string> };
  /** The day on which the mail came, near which dates without a year are. */
  readonly received: string | undefined;
  latitude?: number;
  longitude?: number;
  /** The word in front of the call type that says that the call is changed. */
  updated?: string;
}

export function newDraft(received?: string): Draft {
  return {
    fields: {},
    certain: new Map(),
    notes: [],
    status: new Map(),
    unitTimes: [],
    hints: { cities: new Set() },
    received,
  };
}

export function has(draft: Draft, key: CadFieldKey): boolean {
  return draft.fields[key] !== undefined;
}

/** Sets a field unless it stands already with as much certainty. */
export function put<Key extends CadFieldKey>(
  draft: Draft,
  key: Key,
  value: Fields[Key] | undefined,
  certain: number,
): void {
  if (value === undefined || value === '') return;
  if (has(draft, key) && (draft.certain.get(key) ?? 0) >= certain) return;
  draft.fields[key] = value;
  draft.certain.set(key, certain);
}

/** Reads a piece of text as the target it was cut for. `sure` is the cut's own certainty. */
export function take(draft: Draft, target: Target, value: string, sure: number): void {
  const text = value.trim();
  if (text === '' || target === 'skip' || isBlankValue(text)) return;
  if (isStatusTarget(target)) takeStatus(draft, target, text);
  else takers[target]?.(draft, text, sure);
}

type Taker = (draft: Draft, text: string, sure: number) => void;

const takers: Partial<Record<Target, Taker>> = {
  nature: takeNature,
  code: takeCode,
  address: takeAddress,
  city: takeCity,
  state: (draft, text, sure) => put(draft, 'state', stateOf(text), sure),
  apartment: (draft, text, sure) => put(draft, 'apartment', squeeze(text), sure),
  placeName: (draft, text, sure) => put(draft, 'placeName', squeeze(text), sure),
  crossStreets: takeCross,
  units: takeUnits,
  number: takeNumber,
  date: takeMoment,
  time: takeMoment,
  dateTime: takeMoment,
  coordinates: (draft, text, sure) => put(draft, 'coordinates', findCoordinates(text)?.value, sure),
  latitude: (draft, text) => setDegrees(draft, 'latitude', text),
  longitude: (draft, text) => setDegrees(draft, 'longitude', text),
  priority: (draft, text, sure) => put(draft, 'priority', squeeze(text), sure),
  map: (draft, text, sure) => put(draft, 'map', squeeze(text), sure),
  box: (draft, text, sure) => put(draft, 'box', squeeze(text), sure),
  channel: (draft, text, sure) => put(draft, 'channel', squeeze(text), sure),
  source: (draft, text, sure) => put(draft, 'source', squeeze(text), sure),
  callerName: takeCaller,
  callerPhone: takePhone,
  narrative: (draft, text) => void draft.notes.push(text),
};

/** Of the longest of them. */
const FILLER_CHARS_MAX = 9;

/** Fillers that centres print into empty fields. */
function isBlankValue(text: string): boolean {
  if (text.length > FILLER_CHARS_MAX) return false;
  return /^(?:n\/a|none|null|<unknown>|<none>|\(none\)|\[none\]|-{1,3}|\.{1,3}|<null>)$/i.test(
    text,
  );
}

function takeNature(draft: Draft, text: string, sure: number): void {
  const line = text.split('\n')[0] ?? '';
  const token = updateToken(line) ?? '';
  const called = line.slice(token.length).replace(/^[\s;:]{1,8}/, '');
  if (token !== '' && called !== '') draft.updated = token;
  const read = readNature(called === '' ? line : called);
  // One letter, or that the CAD does not know, tells less than any words of the page.
  const empty = /^(?:.|unk(?:nown)?|other|\?+)$/i.test(read.nature ?? '');
  put(draft, 'nature', read.nature, empty ? sure * 0.3 : sure);
  put(draft, 'code', read.code, sure * 0.9);
}

function takeCode(draft: Draft, text: string, sure: number): void {
  const read = readCode(text);
  put(draft, 'code', read.code, sure);
  put(draft, 'nature', read.nature, sure * (read.explained ? 0.3 : 0.9));
}

function takeAddress(draft: Draft, text: string, sure: number): void {
  const parts = readAddress(text.replaceAll('\n', ', '), draft.hints);
  takeParts(draft, parts, sure);
}

/** The parts of an address value; a town that has its own label wins over one behind the street. */
export function takeParts(draft: Draft, parts: AddressParts, sure: number): void {
  const certain = parts.certain * sure;
  if (isRival(draft, parts.address, certain)) {
    draft.certain.set('address', Math.min(draft.certain.get('address') ?? 0, RIVAL_CERTAIN));
    return;
  }
  put(draft, 'address', parts.address, certain);
  put(draft, 'apartment', parts.apartment, sure * 0.8);
  put(draft, 'city', parts.city, sure * (parts.cityMarked ? 0.88 : 0.7));
  put(draft, 'state', parts.state, sure * 0.8);
  const placeName = [parts.lead, parts.placeName].filter((part) => part !== undefined).join(', ');
  put(draft, 'placeName', placeName, sure * 0.7);
  put(draft, 'coordinates', parts.coordinates, sure * 0.9);
  if (parts.crossStreets.length > 0)
    put(draft, 'crossStreets', [...parts.crossStreets], sure * 0.5);
  if (parts.note !== undefined) draft.notes.push(parts.note);
}

/** Two labels that name two streets: the caller's may be among them. The first one stays, unsure. */
function isRival(draft: Draft, address: string | undefined, certain: number): boolean {
  const known = draft.fields.address;
  if (known === undefined || address === undefined) return false;
  const both = Math.min(certain, draft.certain.get('address') ?? 0) >= RIVAL_LEAST;
  const [one, other] = [known.toUpperCase(), address.toUpperCase()];
  return both && !one.startsWith(other) && !other.startsWith(one);
}

const RIVAL_LEAST = 0.6;
const RIVAL_CERTAIN = 0.7;

function takeCity(draft: Draft, text: string, sure: number): void {
  const bare = squeeze(text)
    .replace(/,? *\bUSA?$/i, '')
    .replace(/,? *\d{5}(?:-\d{4})?$/, '');
  const found = /^(.{2,60}?)(?:, *| +)([A-Z]{2})$/.exec(bare);
  const state = STATES.has(found?.[2] ?? '') ? found?.[2] : undefined;
  put(draft, 'city', (state === undefined ? bare : found?.[1])?.replace(/[\s,]+$/, ''), sure);
  put(draft, 'state', state, sure * 0.8);
  const city = draft.fields.city;
  if (city !== undefined) draft.hints.cities.add(city.toUpperCase());
}

function takeCross(draft: Draft, text: string, sure: number): void {
  const streets = readCrossStreets(text);
  if (streets.length === 0) return;
  const known = (draft.certain.get('crossStreets') ?? 0) >= sure ? draft.fields.crossStreets : [];
  draft.fields.crossStreets = [...new Set([...(known ?? []), ...streets])].slice(0, 10);
  draft.certain.set('crossStreets', sure);
}

function takeUnits(draft: Draft, text: string, sure: number): void {
  const units = readUnits(text);
  if (units.length === 0) return;
  draft.fields.units = [...new Set([...(draft.fields.units ?? []), ...units])].slice(0, 100);
  draft.certain.set('units', sure);
}

function takeNumber(draft: Draft, text: string, sure: number): void {
  const moments = text.includes(' ') ? [...datesIn(text), ...timesIn(text)] : [];
  // `31-0042  01/02/31 0405`: when it was is no part of the number.
  if (moments.some((span) => span.start > 0)) takeMomentBehind(draft, text, sure);
  const numbers = readNumbers(beforeMoment(text, moments));
  const known = draft.fields.number;
  if (known === undefined) put(draft, 'number', numbers, sure);
  else if (!known.split(', ').includes(numbers) && numbers.length > 3) {
    const joined = `${known}, ${numbers}`;
    if (joined.length <= 200) draft.fields.number = joined;
  }
}

function beforeMoment(text: string, moments: readonly Span<string>[]): string {
  const starts = moments.map(({ start }) => start).filter((start) => start > 0);
  const end = Math.min(text.length, ...starts);
  return text.slice(0, end).replace(/[\s{([-]+$/, '');
}

function takeMomentBehind(draft: Draft, text: string, sure: number): void {
  const { date, time } = readMoment(text, draft.received);
  put(draft, 'date', date, sure * 0.9);
  put(draft, 'time', time, sure * 0.9);
}

function takeMoment(draft: Draft, text: string, sure: number): void {
  const { date, time } = readMoment(text, draft.received);
  // `12/31` on a page of which nobody knows when it came.
  if (date === undefined && time === undefined) draft.notes.push(text);
  put(draft, 'date', date, sure);
  put(draft, 'time', time, sure);
}

function takeStatus(draft: Draft, target: StatusTarget, text: string): void {
  const { date, time } = readMoment(text, draft.received);
  if (time !== undefined && !draft.status.has(target)) draft.status.set(target, time);
  const weights: Partial<Record<StatusTarget, number>> = { dispatched: 0.99, received: 0.7 };
  const weight = weights[target];
  if (weight !== undefined) put(draft, 'time', time, weight);
  put(draft, 'date', date, weight ?? 0.6);
}

function takeCaller(draft: Draft, text: string, sure: number): void {
  const phone = phonesIn(text)[0];
  put(draft, 'callerPhone', phone?.value, sure * 0.8);
  const name = phone === undefined ? text : text.slice(0, phone.start);
  const bare = squeeze(name)
    .replace(/,? *(?:ph(?:one)?|tel)[:.]? *$/i, '')
    .replace(/[\s,;:(-]+$/, '');
  if (/[A-Za-z]/.test(bare)) put(draft, 'callerName', bare, sure);
}

function takePhone(draft: Draft, text: string, sure: number): void {
  const value = phonesIn(text)[0]?.value ?? (isPhone(text) ? text : undefined);
  put(draft, 'callerPhone', value, sure);
}

function setDegrees(draft: Draft, key: 'latitude' | 'longitude', text: string): void {
  const degrees = readDegrees(text);
  if (degrees === undefined) return;
  draft[key] ??= degrees;
  const { latitude, longitude } = draft;
  if (latitude === undefined || longitude === undefined) return;
  put(draft, 'coordinates', placeOf(latitude, longitude), 0.95);
}

function stateOf(text: string): string | undefined {
  const upper = text.trim().toUpperCase();
  return /^[A-Z]{2}$/.test(upper) ? upper : undefined;
}
