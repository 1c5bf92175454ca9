import type { Mark } from '#contracts/cad-profile.ts';
import type { Target } from '#contracts/cad-targets.ts';
import { findAddress } from './address/find.ts';
import { passMarks } from './address/place.ts';
import { matchStreet } from './address/street.ts';
import { readTail } from './address/tail.ts';
import { type Draft, has, put, take, takeParts } from './draft.ts';
import { FREE_TEXT_CHARS_MAX } from './text/limits.ts';
import { matchesOf } from './text/matches.ts';
import { tokenize } from './text/tokens.ts';
import { firmSpans } from './value-spans.ts';
import { datesIn, timesIn } from './values/clock.ts';
import { findDeterminant, isIncidentNumber, phonesIn } from './values/codes.ts';
import { findCoordinates } from './values/coordinates.ts';
import { isJoiningWord, isNatureWord } from './values/nature-words.ts';
import { isUnitCode } from './values/units.ts';

/** A field, a cut of its own, or a mark between two of them. */
export type Slot = Target | ((text: string, work: Work) => void) | Mark;

export interface Work {
  readonly draft: Draft;
  readonly sure: number;
  readonly natures: ReadonlySet<string>;
}

/**
 * Fills slots that stand in a fixed order in running text: marks part them first, then values that
 * their form gives away (times, numbers, phones), then the address by its grammar. A slot whose
 * value is missing stays empty.
 */
export function fillSlots(text: string, slots: readonly Slot[], work: Work): void {
  const bare = text.trim();
  if (bare === '' || slots.length === 0) return;
  const only = slots.length === 1 ? slots[0] : undefined;
  if (typeof only === 'string') {
    take(work.draft, only, bare, work.sure);
    return;
  }
  if (fillAroundMark(bare, slots, work)) return;
  // What stands behind a mark that is not there is not there either.
  const missing = slots.findIndex((slot) => typeof slot === 'object');
  if (missing >= 0) {
    fillSlots(bare, slots.slice(0, missing), work);
    return;
  }
  const own = slots.find((slot) => typeof slot === 'function');
  if (own !== undefined) {
    own(bare, work);
    return;
  }
  const targets = slots.filter((slot) => typeof slot === 'string');
  if (fillAroundValue(bare, targets, work)) return;
  // A value that its form would have given away is not there.
  const words = targets.filter((target) => FINDERS[target] === undefined);
  if (words.length < 2) {
    fillSlots(bare, words, work);
    return;
  }
  if (fillAroundAddress(bare, words, work)) return;
  fillWords(bare, words, work);
}

/** Parts the text at the first mark that is there; the marks that are not there are skipped. */
function fillAroundMark(text: string, slots: readonly Slot[], work: Work): boolean {
  const lower = text.toLowerCase();
  for (const [index, slot] of slots.entries()) {
    if (typeof slot !== 'object') continue;
    const wanted = slot.mark.toLowerCase();
    const at = slot.last ? lower.lastIndexOf(wanted) : lower.indexOf(wanted);
    if (at < 0) continue;
    fillSlots(text.slice(0, at), slots.slice(0, index), work);
    fillSlots(text.slice(at + wanted.length), slots.slice(index + 1), work);
    return true;
  }
  return false;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Values that are found by their form, whatever stands around them. */
const FINDERS: Partial<Record<Target, (text: string) => Place | undefined>> = {
  time: (text) => timesIn(text)[0],
  date: (text) => datesIn(text)[0],
  dateTime: findMoment,
  callerPhone: (text) => phonesIn(text)[0],
  coordinates: findCoordinates,
  code: findDeterminant,
  number: findNumber,
  units: findUnits,
};

function fillAroundValue(text: string, targets: readonly Target[], work: Work): boolean {
  for (const [index, target] of targets.entries()) {
    const found = FINDERS[target]?.(text);
    if (found === undefined) continue;
    take(work.draft, target, text.slice(found.start, found.end), work.sure);
    fillSlots(text.slice(0, found.start), targets.slice(0, index), work);
    fillSlots(text.slice(found.end), targets.slice(index + 1), work);
    return true;
  }
  return false;
}

function findMoment(text: string): Place | undefined {
  const found = [...datesIn(text).slice(0, 1), ...timesIn(text).slice(0, 1)];
  if (found.length === 0) return undefined;
  const start = Math.min(...found.map((span) => span.start));
  const end = Math.max(...found.map((span) => span.end));
  // A date and a time belong together only side by side.
  return end - start > 32 ? found[0] : { start, end };
}

const NUMBER_LIKE = /[#A-Za-z0-9-]{5,24}/g;
const CODE_LIKE = /[A-Za-z0-9-]{2,10}/g;
const WORD = /\S+/g;

function findNumber(text: string): Place | undefined {
  for (const match of matchesOf(NUMBER_LIKE, text)) {
    if (isIncidentNumber(match[0])) {
      return { start: match.index, end: match.index + match[0].length };
    }
  }
  return undefined;
}

function findUnits(text: string): Place | undefined {
  let run: Place | undefined;
  for (const match of matchesOf(CODE_LIKE, text)) {
    const unit = isUnitCode(match[0]) && /[A-Za-z]/.test(match[0]);
    const joined = run !== undefined && /^[,;\s]{1,3}$/.test(text.slice(run.end, match.index));
    if (unit)
      run = { start: joined && run ? run.start : match.index, end: match.index + match[0].length };
    else if (run !== undefined) break;
  }
  return run;
}

/** What stands before the address goes to the slots before it, and so behind it. */
function fillAroundAddress(text: string, targets: readonly Target[], work: Work): boolean {
  const index = targets.indexOf('address');
  if (index < 0) return fillAroundCross(text, targets, work);
  const found = findAddress(text, firmSpans(text.slice(0, FREE_TEXT_CHARS_MAX)));
  if (found === undefined) return false;
  const { match, before, behind } = found;
  // Words were expected before a road: some of them may be part of what looks like its name.
  const open = match.form !== 'house' && match.form !== 'block';
  const certain = match.certain * (index > 0 && open ? 0.7 : 1);
  const tokens = tokenize(behind, 24);
  const hints = work.draft.hints;
  const tail = readTail(behind, tokens, 0, hints);
  const { address, form, crossStreets } = { ...match, address: match.text };
  const rest = targets.slice(index + 1);
  takeParts(work.draft, { address, form, crossStreets, certain }, work.sure);
  put(work.draft, 'apartment', rest.length < 2 ? tail.apartment : undefined, work.sure * 0.8);
  fillSlots(before, index > 0 ? targets.slice(0, index) : ['placeName'], work);
  fillSlots(behind, rest.length > 0 ? rest : ['narrative'], work);
  return true;
}

/** Streets in front, as far as the grammar goes: `ELM ST / OAK AVE FAIRVALE JOHN DOE`. */
function fillAroundCross(text: string, targets: readonly Target[], work: Work): boolean {
  if (targets[0] !== 'crossStreets') return false;
  const tokens = tokenize(text);
  const first = matchStreet(tokens, 0);
  if (first === undefined) return false;
  const next = passMarks(tokens, first.end);
  const second = next > first.end ? matchStreet(tokens, next) : undefined;
  const end = tokens[(second ?? first).end - 1]?.end ?? text.length;
  take(work.draft, 'crossStreets', text.slice(0, end), work.sure);
  fillSlots(text.slice(end), targets.slice(1), work);
  return true;
}

/** Two kinds of words side by side: a known town or call type, or the run of call-type words. */
function fillWords(text: string, targets: readonly Target[], work: Work): void {
  const [first, ...rest] = targets;
  if (first === undefined) return;
  const end =
    first === 'city' ? cityEnd(text, work) : first === 'nature' ? natureEnd(text, work) : 0;
  if (end > 0) {
    take(work.draft, first, text.slice(0, end), work.sure * 0.9);
    fillSlots(text.slice(end), rest, work);
    return;
  }
  if (first === 'nature' && !has(work.draft, 'nature')) {
    take(work.draft, first, text, work.sure * 0.6);
    return;
  }
  // Where the unknown town ends cannot be told.
  const doubtful = { ...work, sure: work.sure * (first === 'city' ? 0.6 : 1) };
  fillSlots(text, rest.length > 0 ? rest : ['narrative'], doubtful);
}

function cityEnd(text: string, work: Work): number {
  const upper = text.toUpperCase();
  for (const city of work.draft.hints.cities) {
    if (upper.startsWith(city) && !/[A-Z]/.test(upper[city.length] ?? ' ')) return city.length;
  }
  return 0;
}

function natureEnd(text: string, work: Work): number {
  const upper = text.toUpperCase();
  let best = 0;
  for (const nature of work.natures) {
    if (nature.length > best && upper.startsWith(nature)) best = nature.length;
  }
  return best > 0 ? best : runEnd(text) || shoutEnd(text);
}

/** `COVERAGE MOVE UP caller says`: words in capitals, then others. */
function shoutEnd(text: string): number {
  const found = /^[A-Z0-9][A-Z0-9 /&().-]{1,60}(?= [A-Z]?[a-z])/.exec(text);
  return found === null ? 0 : found[0].length;
}

/** Behind the first words that call types are made of. */
function runEnd(text: string): number {
  let end = 0;
  const shouted = /^[A-Z]{3}/.test(text);
  for (const match of matchesOf(WORD, text.slice(0, 200))) {
    // Words in capitals end where others begin: `STRUCTURE FIRE smoke showing`.
    if (!isNatureWord(match[0]) || (shouted && /^[A-Z]?[a-z]{2}/.test(match[0]))) break;
    if (!isJoiningWord(match[0])) end = match.index + match[0].length;
  }
  return end;
}
