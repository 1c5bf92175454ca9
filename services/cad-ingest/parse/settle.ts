import type { Target } from '#contracts/cad-targets.ts';
import { STATES, SUFFIXES } from './address/words.ts';
import type { Fragment, FragmentKind } from './classify.ts';
import { type Draft, has, put, take, takeParts } from './draft.ts';
import { natureRun, SAID } from './nature-run.ts';
import { isLeadingWord, isNatureWord } from './values/nature-words.ts';
import { isPlaceName } from './values/place-words.ts';

/** Certainty of a field that only its form and its place gave away. */
const BY_FORM = 0.75;
const BY_PLACE = 0.5;
const WORDS_OF_A_CITY_MAX = 3;
const LABELLED_LEAST = 0.25;
/** A call type known less surely than this gives way to words that look like one. */
const NATURE_LEAST = 0.4;
const RIVAL_LEAST = 0.7;

interface Board {
  readonly draft: Draft;
  readonly fragments: readonly Fragment[];
  readonly used: Set<number>;
  /** What stands behind the call type in its fragment. */
  readonly said: Map<number, string>;
  /** Index of the address among the fragments, or -1. */
  address: number;
}

/**
 * Gives fragments without labels to the fields that are still open: typed values by their form, the
 * address by the grammar, then nature, city, cross streets and place by where they stand from it.
 * What nobody claims is narrative, in the order of the page.
 */
export function settle(draft: Draft, fragments: readonly Fragment[], sure: number): void {
  const board: Board = { draft, fragments, used: new Set(), said: new Map(), address: -1 };
  claimTyped(board, sure);
  claimAddress(board, sure);
  claimNature(board, sure);
  claimCity(board, sure);
  claimCross(board, sure);
  claimPlace(board, sure);
  for (const [at, fragment] of fragments.entries()) {
    const note = board.used.has(at) ? board.said.get(at) : fragment.text;
    if (note !== undefined) draft.notes.push(note);
  }
}

const TYPED: Partial<Record<FragmentKind, Target>> = {
  number: 'number',
  moment: 'dateTime',
  coordinates: 'coordinates',
  phone: 'callerPhone',
  units: 'units',
  agency: 'source',
  code: 'code',
  channel: 'channel',
  priority: 'priority',
  box: 'box',
  apartment: 'apartment',
  cross: 'crossStreets',
};

function claimTyped(board: Board, sure: number): void {
  const { draft, fragments, used } = board;
  for (const [at, fragment] of fragments.entries()) {
    // A number right behind the address is the apartment's.
    const flat = fragment.kind === 'priority' && fragments[at - 1]?.parts !== undefined;
    const target = flat ? 'apartment' : TYPED[fragment.kind];
    if (target === undefined) continue;
    const repeated = target !== 'dateTime' && target !== 'units' && target !== 'crossStreets';
    if (repeated && has(draft, target as 'number')) continue;
    const text = target === 'box' ? fragment.text.replace(/^\D+/, '') : fragment.text;
    take(draft, target, text, fragment.score * sure);
    used.add(at);
  }
}

function claimAddress(board: Board, sure: number): void {
  const { draft, fragments, used } = board;
  // What a label names as the address stays it, though it may be unlike one.
  const labelled = draft.certain.get('address') ?? 0;
  if (has(draft, 'address') && labelled >= LABELLED_LEAST) return;
  let best = -1;
  let bestScore = 0;
  for (const [at, fragment] of fragments.entries()) {
    const value = addressScore(fragment, at);
    if (value > bestScore) [best, bestScore] = [at, value];
  }
  const chosen = fragments[best];
  if (chosen?.parts === undefined) return;
  const told = chosen.told ? 0.5 : 1;
  const alone = hasRival(board, best) ? 0.85 : 1;
  takeParts(draft, chosen.parts, sure * 0.95 * told * alone * placeCertain(chosen.parts.form));
  used.add(best);
  board.address = best;
}

/** Another house stands on the page, and no sentence tells of it: a heading's, or the caller's. */
function hasRival({ fragments }: Board, chosen: number): boolean {
  const own = fragments[chosen]?.parts?.address;
  return fragments.some(
    ({ kind, score, parts, told }, at) =>
      at !== chosen &&
      kind === 'address' &&
      parts?.form === 'house' &&
      score >= RIVAL_LEAST &&
      told !== true &&
      parts.address !== own,
  );
}

/** Without a house number it may as well be the cross streets of an address not understood. */
function placeCertain(form: NonNullable<Fragment['parts']>['form']): number {
  return form === 'house' || form === 'block' ? 1 : 0.75;
}

const FORM_VALUE: Record<NonNullable<Fragment['parts']>['form'], number> = {
  house: 4,
  block: 4,
  mile: 3.5,
  intersection: 3,
  bare: 2.5,
  open: 2,
  road: 1.5,
  plain: 0,
  none: 0,
};

function addressScore(fragment: Fragment, at: number): number {
  if (fragment.parts === undefined) return 0;
  return FORM_VALUE[fragment.parts.form] + fragment.score - at * 0.15 - (fragment.told ? 2 : 0);
}

/**
 * Words of call types first, near the address and best before it; else a code, or the words that
 * stand there.
 */
function claimNature(board: Board, sure: number): void {
  const { draft, fragments, used } = board;
  if ((draft.certain.get('nature') ?? 0) >= NATURE_LEAST) return;
  let best = -1;
  let bestScore = 0;
  for (const at of fragments.keys()) {
    const value = natureValue(board, at);
    if (value > bestScore) [best, bestScore] = [at, value];
  }
  const chosen = fragments[best];
  const lead = fragments[board.address]?.parts?.lead;
  if (lead !== undefined && bestScore < LEAD_VALUE) {
    take(draft, 'nature', lead, sure * BY_PLACE);
    if (draft.fields.placeName === lead) delete draft.fields.placeName;
    return;
  }
  if (chosen === undefined) {
    claimCode(board, sure);
    return;
  }
  used.add(best);
  const { called, said } = calledAndSaid(chosen.text);
  if (said !== '') board.said.set(best, said);
  take(draft, 'nature', called, sure * (chosen.kind === 'nature' ? BY_FORM : BY_PLACE));
}

/** `SEIZURE ACTIVE 65 YOF FELL`: the call type, and what somebody says behind it. */
function calledAndSaid(text: string): { called: string; said: string } {
  const words = text.split(' ');
  const { start, end } = natureRun(words);
  const [last = '', next = ''] = [words[end - 1], words[end]];
  // Small letters behind capitals are what somebody says; behind others they go on.
  const opens = SAID.test(next) || words.length - end > SAID_WORDS_MIN;
  const said = opens && (!/^[a-z]/.test(next) || /^[A-Z/-]{3,}$/.test(last));
  const told = start === 0 && said && (end > 1 || last.length > 3);
  if (!told) return { called: text, said: '' };
  return { called: words.slice(0, end).join(' '), said: words.slice(end).join(' ') };
}

/** What somebody says of a person or a house, though the words are those of call types. */
const TOLD =
  /^(?:DRIVER|KEYHOLDER|WIFE|HUSBAND|ELDERLY|FULLY|SPREADING|WIND|MEET|HX|HOUSE FULL|CALLER|NO INJ|NO ONE|POSS(?:IBLE)?|IN THE|ONE|VEHICLE ON|BLOCKING|LP|CONSCIOUS AND|FIRE IS|\d{1,2} MO OLD)\b/i;

/** A text in capitals that begins with a whole call type: `STROKE CALLER SAYS HE FELL AND CANNOT ...`. */
function opensWithCall({ kind, text }: Fragment): boolean {
  if (kind !== 'text' && kind !== 'words') return false;
  const first = /^[A-Z]{3}\S{0,20}/.exec(text)?.[0] ?? '';
  if (first === '' || !(isNatureWord(first) || isLeadingWord(first))) return false;
  return calledAndSaid(text.slice(0, OPENING_CHARS_MAX)).said !== '';
}

const OPENING_SCORE = 0.6;
const OPENING_CHARS_MAX = 200;

/** So many words behind a call type are a sentence. */
const SAID_WORDS_MIN = 3;

/** Sentences and the short codes of towns are rather something else. */
function wordy(fragment: Fragment): number {
  const code = fragment.kind === 'words' && /^[A-Z]{2,4}$/.test(fragment.text);
  return Math.max(0, fragment.text.split(' ').length - 5) * 0.08 + (code ? 0.15 : 0);
}

/** A lone code right before the address looks like a unit, and says what the call is: `S4`. */
function claimCode({ draft, fragments, address }: Board, sure: number): void {
  const before = fragments[address - 1];
  if (before?.kind !== 'units' || before.text.includes(' ') || before.text.includes(',')) return;
  take(draft, 'nature', before.text, sure * BY_PLACE);
}

const NATURE_VALUE: Partial<Record<FragmentKind, number>> = { code: 0.35, words: 0.25, text: 0.1 };
const NATURE_CHARS_MAX = 100;
/** Words right in front of the street are a call type rather than words farther off. */
const LEAD_VALUE = 0.6;

function natureValue(board: Board, at: number): number {
  const fragment = board.fragments[at];
  const { address } = board;
  if (fragment === undefined || (board.used.has(at) && fragment.kind !== 'code')) return 0;
  const opens = opensWithCall(fragment);
  const own = ownValue(fragment, opens);
  if (own === 0) return 0;
  const early = (address < 0 || at < address ? 0.4 : 0) - (opens ? 0 : wordy(fragment));
  // Words right behind the address are rather the town.
  const town = fragment.kind === 'words' && at === address + 1 ? 0.15 : 0;
  return own + early - town - Math.abs(at - Math.max(0, address)) * 0.06;
}

/** How much a fragment is a call type by its words alone. */
function ownValue({ kind, score, text }: Fragment, opens: boolean): number {
  if ((text.length > NATURE_CHARS_MAX && !opens) || !/[A-Za-z]{2}/.test(text)) return 0;
  const told = TOLD.test(text) ? 0.35 : 0;
  if (kind === 'nature') return 0.25 + score * 0.65 - told;
  return (opens ? 0.25 + OPENING_SCORE * 0.65 : (NATURE_VALUE[kind] ?? 0)) - told;
}

/** `FAIRVALE, KY 42066`. */
const CITY_STATE = /^[A-Za-z][A-Za-z .'-]{1,40},? [A-Z]{2}(?:,? \d{5}(?:-\d{4})?)?$/;

function isCityState(text: string): boolean {
  const state = /([A-Z]{2})(?:,? [\d-]{5,10})?$/.exec(text)?.[1] ?? '';
  return CITY_STATE.test(text) && STATES.has(state) && (/[,\d]/.test(text) || !SUFFIXES.has(state));
}

/** The short text right behind the address, where only roads may stand between; else a code before it. */
function claimCity(board: Board, sure: number): void {
  const { draft, used, address } = board;
  if (has(draft, 'city') || (address < 0 && !has(draft, 'address'))) return;
  const at = townBehind(board) ?? codeBefore(board);
  const fragment = at === undefined ? undefined : board.fragments[at];
  if (at === undefined || fragment === undefined) return;
  const town = fragment.text.replace(/^IN (?=[A-Z])/i, '');
  take(draft, 'city', town, sure * (isCityState(fragment.text) ? BY_FORM : BY_PLACE));
  used.add(at);
}

/** A town stands among the next few fragments. */
const TOWN_WITHIN = 4;

function townBehind(board: Board): number | undefined {
  const { draft, fragments, used, address } = board;
  for (let at = address + 1; at <= address + TOWN_WITHIN; at += 1) {
    const fragment = fragments[at];
    if (fragment === undefined || used.has(at) || !isWord(fragment)) continue;
    // The place stands between the street and the town.
    if (isPlaceName(fragment.text) && isTownAt(board, at + 1)) continue;
    if (isTown(fragment) && fragment.text !== draft.fields.nature) return at;
    if (fragment.kind !== 'road' && fragment.kind !== 'address') return undefined;
  }
  return undefined;
}

function isTownAt({ fragments, used }: Board, at: number): boolean {
  const next = fragments[at];
  return (
    next !== undefined && !used.has(at) && isWord(next) && isTown(next) && !isPlaceName(next.text)
  );
}

/** `MSB 6588 PRUITT DR`: the code of a town right in front of the street. */
function codeBefore({ fragments, used, address }: Board): number | undefined {
  const before = fragments[address - 1];
  const code = before?.kind === 'words' && /^[A-Z]{3,4}$/.test(before.text);
  return code && !used.has(address - 1) ? address - 1 : undefined;
}

/** Not just a number or a letter, as an apartment is. */
function isWord(fragment: Fragment | undefined): boolean {
  const text = fragment?.text ?? '';
  return (text.length > 2 && /[A-Za-z]/.test(text)) || /^[A-Za-z]{2}$/.test(text);
}

function isTown(fragment: Fragment): boolean {
  if (isCityState(fragment.text)) return true;
  const words = fragment.text.split(' ').length;
  const short = fragment.kind === 'words' && words <= WORDS_OF_A_CITY_MAX;
  // Words in small letters are what somebody says.
  return short && /^[A-Z][A-Za-z .'/_-]*\d?$/.test(fragment.text);
}

/** Roads behind the address. */
function claimCross(board: Board, sure: number): void {
  const { draft, fragments, used, address } = board;
  if (has(draft, 'crossStreets') || (address < 0 && !has(draft, 'address'))) return;
  let taken = 0;
  for (let at = address + 1; at < fragments.length && taken < 2; at += 1) {
    const fragment = fragments[at];
    if (fragment === undefined || used.has(at)) continue;
    const crossing =
      fragment.kind === 'road' ||
      fragment.parts?.form === 'intersection' ||
      fragment.parts?.form === 'open';
    if (!crossing) continue;
    take(draft, 'crossStreets', fragment.text, sure * BY_PLACE);
    used.add(at);
    taken += 1;
  }
}

/** A few words right before or behind the address that nobody else wanted. */
function claimPlace(board: Board, sure: number): void {
  const { draft, fragments, used, address } = board;
  if (has(draft, 'placeName') || address < 0) return;
  for (const at of [address + 1, address - 1]) {
    const fragment = fragments[at];
    if (fragment === undefined || used.has(at) || fragment.kind !== 'words') continue;
    if (/^[a-z]/.test(fragment.text)) continue;
    put(draft, 'placeName', fragment.text, sure * BY_PLACE * 0.8);
    used.add(at);
    return;
  }
}
