import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Place } from '#contracts/cad-learned.ts';
import { readAddress } from '../parse/address/address.ts';
import { matchPlace } from '../parse/address/place.ts';
import { type Draft, put, take } from '../parse/draft.ts';
import { squeeze } from '../parse/text/squeeze.ts';
import { tokenize } from '../parse/text/tokens.ts';
import { readMoment } from '../parse/values/clock.ts';
import { updateToken } from '../parse/values/update-word.ts';

/** Fields that are written as the page has them. */
const PLAIN: ReadonlySet<CadFieldKey> = new Set([
  'code',
  'city',
  'apartment',
  'placeName',
  'priority',
  'map',
  'box',
  'channel',
  'source',
  'callerName',
]);

export interface Value {
  readonly key: CadFieldKey;
  readonly text: string;
  readonly certain: number;
}

/** Puts a stretch of the page into the draft as the field that it was found to be. */
export function putValue(draft: Draft, { key, text, certain }: Value, place: Place): void {
  if (key === 'unitTimes') return;
  if (key === 'address') putAddress(draft, { key, text, certain }, place);
  else if (key === 'date') put(draft, 'date', readMoment(text, draft.received).date, certain);
  else if (key === 'time') put(draft, 'time', readMoment(text, draft.received).time, certain);
  else if (key === 'nature') putNature(draft, text, certain);
  else if (PLAIN.has(key)) put(draft, key, squeeze(text), certain);
  else take(draft, key, text, certain);
}

/** A word in front that says that the call is changed is no part of the call type. */
function putNature(draft: Draft, text: string, certain: number): void {
  const token = updateToken(text) ?? '';
  const called = squeeze(text.slice(token.length)).replace(/^[;:] ?/, '');
  if (token !== '' && called !== '') draft.updated = token;
  put(draft, 'nature', called === '' ? squeeze(text) : called, certain);
}

function putAddress(draft: Draft, { text, certain }: Value, place: Place): void {
  put(draft, 'address', writeAddress(text, place.written), certain);
  if (place.written !== 'parts') return;
  put(draft, 'apartment', readAddress(squeeze(text)).apartment, certain * 0.8);
}

/** The address as the samples want it: `A / B` as it stands, or `A & B`. */
export function writeAddress(text: string, written: Place['written']): string {
  const bare = squeeze(text);
  if (written === 'parts') return addressPart(bare);
  return written === 'grammar' ? grammarAddress(bare) : bare;
}

/** Below this the town may as well be the street's last word: `3218 ROUTE DE HAUT`. */
const TOWN_CERTAIN = 0.8;

/** Behind the street stand an apartment, a town or a note: `12 MILL RD APT 4`, `9 ELM ST; REAR`. */
function addressPart(text: string): string {
  const { address, form, certain, ...parts } = readAddress(text);
  const { apartment, city, lead, placeName, note } = parts;
  const firm = form === 'house' || form === 'block' || form === 'mile' || form === 'intersection';
  const behind = (city !== undefined && certain >= TOWN_CERTAIN) || placeName !== undefined;
  const tail = apartment !== undefined || (firm && (behind || note !== undefined));
  return address !== undefined && tail && lead === undefined ? address : grammarAddress(text);
}

/** House numbers without padding and intersections with `&`, as the address grammar writes them. */
function grammarAddress(text: string): string {
  const tokens = tokenize(text);
  const match = matchPlace({ text, tokens }, 0);
  if (match !== undefined && match.end === tokens.length) return match.text;
  const street = text.replace(/^0{1,8}(?=\d+ )/, '').replace(/^(\d+)\.0{1,2}(?= )/, '$1');
  if (/^\d+ \S/.test(street)) return street;
  return squeeze(street.replace(/\s*(?:\/\/|\\|[/@])\s*| and (?=\S)/gi, ' & '));
}

/** The grammar knows the whole text by a house number, a crossing or a marker. */
export function isFirm(text: string): boolean {
  const tokens = tokenize(text);
  const match = matchPlace({ text, tokens }, 0);
  return match !== undefined && match.end === tokens.length && match.form !== 'road';
}

/** Two ways to write one value. */
export function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && normal(one) === normal(other);
}

function normal(text: string): string {
  return squeeze(text).toUpperCase();
}
