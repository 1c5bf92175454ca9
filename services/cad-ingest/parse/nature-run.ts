import {
  isAmbiguousNatureWord,
  isJoiningWord,
  isLeadingWord,
  isNatureWord,
  isStrongNatureWord,
} from './values/nature-words.ts';

/** A town has at most so many words in front of the call type. */
const RUN_START_MAX = 5;
const RUN_WORDS_MAX = 8;

/** The first words of a text that make a call type; both are -1 where there are none. */
export function natureRun(words: readonly string[]): { start: number; end: number } {
  const strong = words.findIndex((_, at) => opensNature(words, at));
  if (strong < 0 || strong > RUN_START_MAX) return { start: -1, end: -1 };
  let start = strong;
  while (start > 0 && isLeadingWord(words[start - 1] ?? '')) start -= 1;
  let end = runEnd(words, start, strong + 1);
  while (end > start && isJoint(words[end - 1] ?? '')) end -= 1;
  return { start, end };
}

function runEnd(words: readonly string[], start: number, from: number): number {
  const limit = Math.min(words.length, start + RUN_WORDS_MAX);
  let end = from;
  while (end < limit && runsOn(words[end - 1] ?? '', words[end] ?? '')) {
    const joined = isJoint(words[end - 1] ?? '');
    if (!joined && opensSentence(words, end)) break;
    if (!joined && isNewStart(words.slice(start, end), words[end] ?? '')) break;
    end += 1;
  }
  return end;
}

/** `Diabetic Emergency Hit head on the floor`: small letters behind a word that has a capital. */
function opensSentence(words: readonly string[], at: number): boolean {
  const [before = '', word = '', next = ''] = words.slice(at - 1, at + 2);
  if (!/^[A-Z][a-z]/.test(word) || !/^[A-Z]/.test(before)) return false;
  return /^[a-z]{2}/.test(next) && !(isJoiningWord(next) && !/^(?:out|up|off|no)$/.test(next));
}

/** Between two words of a call type, and never its last one. */
function isJoint(word: string): boolean {
  return word === '-' || (isJoiningWord(word) && !/^(?:UP|OUT|OFF|OTHER)$/i.test(word));
}

/** `STRUCTURE FIRE SMOKE SHOWING`: behind a whole call type these begin what the caller says. */
function isNewStart(before: readonly string[], next: string): boolean {
  // `RUBBISH FIRE` is one call type; `STRUCTURE FIRE FIRE IN ATTIC` is said twice.
  if (/^FIRES?$/i.test(next)) return before.some((word) => /^(?:FIRES?|ALARM)$/i.test(word));
  return STARTS.test(next) && before.some((word) => WHOLE.test(word));
}

const STARTS =
  /^(?:SMOKE|SMELLS?|WIRES?|VEHICLE|VEH|WATER|GENERAL|CHILD|ARCING|CAR|TREE|PATIENT|SUBJECT|PERSON|POWER|FLAMES|ODOR|FIRE|TRAILER|TRUCK|HELICOPTER|CARDIAC|KEYHOLDER|DRIVER|HOUSE|AIRBAGS|BLOCKING|SPREADING|FULLY)$/i;
/** What a call type is whole with. */
const WHOLE =
  /(?:FIRES?|ALARM|ROLLOVER|ACCIDENT|ASSIST|PAIN|PROBLEMS?|INJ|INJURY|INJURIES|SMOKE|LEAK|SPILL|SCARE|ODOR|RUBBISH|STANDBY|DOWN|COLLISION|CRASH|ILLNESS|FALL|ENTRAPMENT|INVESTIGATION|EXPLOSION|ACTIVATION|ARREST|BLEED|BLEEDING|STROKE|SEIZURES?|OVERDOSE|EMERGENCY)$/i;

export function isWhole(word: string): boolean {
  return WHOLE.test(word);
}

/** A word that also names places (`FALLS CHURCH`) opens a call type only with others of its kind. */
function opensNature(words: readonly string[], at: number): boolean {
  if (!isStrongNatureWord(words[at] ?? '')) return false;
  const next = words[at + 1];
  if (!isAmbiguousNatureWord(words[at] ?? '') || next === undefined) return true;
  return isNatureWord(next) || SAID.test(next);
}

/** Words that what the caller says begins with. */
export const SAID =
  /^(?:PT|PATIENT|CALLER|MALE|FEMALE|RP|UNK|REPORTED|DRIVER|KEYHOLDER|WIFE|HUSBAND|ELDERLY|FULLY|SPREADING|WIND|MEET|\d{2,6}|[a-z].*)$/;

/** A full stop ends the call type, and so does a word in another case: `FIRE smoke showing`. */
function runsOn(word: string, next: string): boolean {
  if (/[.;]$/.test(word) || !(isNatureWord(next) || next === '-')) return false;
  if (/^[A-Z][a-z]/.test(word) && /^[a-z]{3}/.test(next)) return isJoiningWord(next);
  return !(/^[A-Z]{3}/.test(word) && /^[A-Z]?[a-z]{2}/.test(next));
}
