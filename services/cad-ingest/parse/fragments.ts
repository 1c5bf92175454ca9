import { type Found, findAddress } from './address/find.ts';
import { classify, type Fragment } from './classify.ts';
import { delimiterOf } from './delimiter.ts';
import { FREE_TEXT_CHARS_MAX } from './text/limits.ts';
import { firmSpans, isLetteredUnit, valueSpans } from './value-spans.ts';
import { shedStamps } from './values/narrative.ts';
import {
  isAmbiguousNatureWord,
  isJoiningWord,
  isLeadingWord,
  isNatureWord,
  isStrongNatureWord,
} from './values/nature-words.ts';
import { isNamedUnit } from './values/units.ts';

const FRAGMENTS_MAX = 80;
/** A town has at most so many words in front of the call type. */
const RUN_START_MAX = 5;
const RUN_WORDS_MAX = 8;
/** Free text shows less surely than a delimiter where an address ends. */
const IN_TEXT = 0.85;

/** Cuts text without labels into fragments: at lines, at the page's delimiter, around values. */
export function cutFragments(text: string): Fragment[] {
  return cutFragmentsAt(text, delimiterOf(shedStamps(text).split('\n')));
}

/** The same where the delimiter is known. */
export function cutFragmentsAt(text: string, mark: string | undefined): Fragment[] {
  const lines = shedStamps(text)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const pieces = lines.flatMap((line) => (mark === undefined ? [line] : splitAt(line, mark)));
  const whole = mark === '/' ? rejoin(pieces) : pieces;
  return whole
    .slice(0, FRAGMENTS_MAX)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .flatMap(divide);
}

/** A slash between digits is a date's. */
function splitAt(line: string, mark: string): string[] {
  const parts = mark === '/' ? line.split(/(?<!\d)\/|\/(?!\d)/) : line.split(mark);
  return parts.slice(0, FRAGMENTS_MAX + 1);
}

/** A slash also stands inside call types: `Falls/Back Injuries` is one field. */
function rejoin(pieces: readonly string[]): string[] {
  const joined: string[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last !== undefined && isHalf(last) && isHalf(piece)) {
      joined[joined.length - 1] = `${last}/${piece}`;
    } else joined.push(piece);
  }
  return joined;
}

/** A few words of a call type, not a sentence. */
function isHalf(piece: string): boolean {
  const words = piece.trim().split(' ');
  const short = words.length <= 3 && !/[.,;]|^[a-z]/.test(piece.trim());
  return short && classify(piece).kind === 'nature';
}

/** A fragment that holds several values is cut around them. */
function divide(piece: string): Fragment[] {
  const whole = classify(piece);
  if (whole.kind !== 'text' && whole.kind !== 'words' && whole.kind !== 'nature') return [whole];
  const parts = aroundAddress(piece) ?? aroundValues(piece);
  return parts.length > 1 ? parts : [whole];
}

function aroundAddress(piece: string): Fragment[] | undefined {
  const found = findAddress(piece, firmSpans(piece.slice(0, FREE_TEXT_CHARS_MAX)));
  if (found === undefined) return undefined;
  const lead = shedBrackets(found.before).flatMap(aroundValues);
  const named = lead.some(({ kind, score }) => kind === 'nature' && score > 0.5);
  const { apartment, rest } = shedApartment(found.behind);
  const tail = (named ? [rest] : partReason(rest)).flatMap((part) =>
    aroundValues(part).flatMap((each) => (named ? [each] : aroundNature(each))),
  );
  const worded = lead.length > 0 || tail.some((each) => each.kind === 'nature');
  const told = TELLING.test(found.before.slice(-60));
  const address = addressOf(found, worded).map((each) => (told ? { ...each, told } : each));
  return [...lead, ...address, ...apartment, ...tail];
}

/** Words of a sentence in front of an address that is part of it. */
const TELLING =
  /(?<![A-Za-z])(?:caller|is|was|lives?|states?|stated|advise[sd]?|said|says|near|from|by|towards?|behind|past|subj|came|went|seen|parked|she|he|they|his|her|their)(?![A-Za-z])[^.;]{0,30}$/i;

/** The address as a fragment; a first word that is no street's where nothing else names the call. */
function addressOf({ match, shorter }: Found, worded: boolean): Fragment[] {
  const coded = !worded && shorter !== undefined;
  const place = coded ? shorter.match : match;
  const certain = place.certain * IN_TEXT * (coded ? 0.7 : 1);
  const { text, form, crossStreets } = place;
  const address: Fragment = {
    text,
    kind: form === 'road' ? 'road' : 'address',
    score: certain,
    parts: { address: text, form, certain, crossStreets },
  };
  return coded ? [classify(shorter.word), address] : [address];
}

/** `[STA 12] CHEST PAIN @`: what stands in brackets is a piece of its own. */
function shedBrackets(before: string): string[] {
  const found = /^\s{0,3}\[([^[\]]{1,40})\]\s{0,3}-?/.exec(before);
  const rest = before
    .slice(found?.[0].length ?? 0)
    .replace(OPENING, ' ')
    .replace(CLOSING, '');
  return [found?.[1] ?? '', rest].filter((part) => part.trim() !== '');
}

/** Words between a call type and its address that belong to neither. */
const OPENING =
  /(?<![A-Za-z])(?:please )?(?:respond|responding|dispatched|report|proceed|copy)(?: to)?(?= *$| +(?:a|an|for)? *$)|(?<![A-Za-z])you have a call\b|^(?:dispatch|toning|paging|attn)(?: [A-Z0-9-]{2,8},?){0,6} to(?= *$)/i;
const CLOSING =
  /[\s,;:@.(-]{1,6}$|(?<![A-Za-z])(?:at|to|for|loc|location|address|addr|in|on)[\s:.@-]{0,4}$/i;

/** `... 14TH ST 2B FAIRVALE`: a short token with a digit right behind the street. */
function shedApartment(behind: string): { apartment: Fragment[]; rest: string } {
  const found =
    /^[\s,]{0,3}((?:(?:APT|UNIT|STE|SUITE|LOT|RM|ROOM|BLDG|TRLR)\.? ?#?|#)[A-Z0-9-]{1,6}|\d{1,3}[A-Z]?|[A-Z])(?=\s|,|$)(?!\s?[-/:])/i.exec(
      behind.slice(0, 40),
    );
  const text = found?.[1];
  if (found === null || text === undefined || /^[NSEWX]$/i.test(text)) {
    return { apartment: [], rest: behind };
  }
  return {
    apartment: [{ text, kind: 'apartment', score: 0.6 }],
    rest: behind.slice(found[0].length),
  };
}

/** `FAIRVALE FOR CHEST PAIN. 58 YOM`: the call type stands between `FOR` and the full stop. */
function partReason(rest: string): string[] {
  const found = /(?<![A-Za-z])(?:FOR|REF|REFERENCE|RE)(?: AN?)? /i.exec(rest.slice(0, 60));
  if (found === null) return [rest];
  const reason = rest.slice(found.index + found[0].length);
  const stop = /[.;](?:\s|$)/.exec(reason.slice(0, 90))?.index ?? reason.length;
  return [rest.slice(0, found.index), reason.slice(0, stop), reason.slice(stop + 1)];
}

/** `MAYFIELD STRUCTURE FIRE caller sees smoke`: the run of call-type words is a fragment. */
function aroundNature(fragment: Fragment): Fragment[] {
  if (fragment.kind === 'nature' && fragment.score === 1) return [fragment];
  if (!['nature', 'text', 'words'].includes(fragment.kind)) return [fragment];
  const words = fragment.text.split(' ');
  const { start, end } = natureRun(words);
  if (start < 0) return [fragment];
  const parts = [words.slice(0, start), words.slice(start, end), words.slice(end)];
  return parts
    .map((part) => part.join(' ').trim())
    .filter((part) => part !== '')
    .map(classify);
}

function natureRun(words: readonly string[]): { start: number; end: number } {
  const strong = words.findIndex((_, at) => opensNature(words, at));
  if (strong < 0 || strong > RUN_START_MAX) return { start: -1, end: -1 };
  let start = strong;
  while (start > 0 && isLeadingWord(words[start - 1] ?? '')) start -= 1;
  const limit = Math.min(words.length, start + RUN_WORDS_MAX);
  let end = strong + 1;
  while (end < limit && runsOn(words[end - 1] ?? '', words[end] ?? '')) end += 1;
  while (end > start && isJoiningWord(words[end - 1] ?? '')) end -= 1;
  return { start, end };
}

/** A word that also names places (`FALLS CHURCH`) opens a call type only with others of its kind. */
function opensNature(words: readonly string[], at: number): boolean {
  if (!isStrongNatureWord(words[at] ?? '')) return false;
  const next = words[at + 1];
  return !isAmbiguousNatureWord(words[at] ?? '') || next === undefined || isNatureWord(next);
}

/** A full stop ends the call type, and so does a word in another case: `FIRE smoke showing`. */
function runsOn(word: string, next: string): boolean {
  if (/[.;]$/.test(word) || !isNatureWord(next)) return false;
  return !(/^[A-Z]{3}/.test(word) && /^[A-Z]?[a-z]{2}/.test(next));
}

/** Numbers, times, phones and coordinates are taken out; what is between them stays in order. */
function aroundValues(piece: string): Fragment[] {
  const near = piece.slice(0, FREE_TEXT_CHARS_MAX);
  const fragments: Fragment[] = [];
  let from = 0;
  for (const span of valueSpans(near)) {
    pushWords(fragments, near.slice(from, span.start));
    fragments.push(classify(near.slice(span.start, span.end)));
    from = span.end;
  }
  pushWords(fragments, piece.slice(from));
  return fragments;
}

const CROSS_MARK =
  /(?<![A-Za-z])(?:XS|XST|X-ST|BTWN|BETWEEN|C\/S|CROSS STS?|CROSS STREETS?)(?![A-Za-z])/i;

/** Words between values; units at either end, and cross streets behind their word, stand apart. */
function pushWords(fragments: Fragment[], text: string): void {
  const mark = CROSS_MARK.exec(text)?.index ?? text.length;
  for (const part of [text.slice(0, mark), text.slice(mark)]) {
    const bare = part
      .replace(/^[\s,;:.-]{1,8}/, '')
      .replace(/[\s,;:-]{1,8}$/, '')
      .trim();
    if (bare !== '') fragments.push(...unitsApart(bare).map(classify));
  }
}

/** Behind the unit ids, of one word or two, that a text begins with: `STA 8 BC3 E17`. */
function passUnits(words: readonly string[]): number {
  let at = /^ATTN:?$/.test(words[0] ?? '') ? 1 : 0;
  while (at < words.length) {
    if (isLetteredUnit(words[at] ?? '')) at += 1;
    else if (isNamedUnit(`${words[at]} ${words[at + 1]}`)) at += 2;
    else break;
  }
  return at;
}

/** `VASKA M26 CAR20` and `R96 R48 Fall Victim`: unit ids in front of words or behind them. */
function unitsApart(text: string): string[] {
  const words = text.split(' ');
  if (words.length < 2 || words.length > 40) return [text];
  const start = passUnits(words);
  let end = words.length;
  while (end > start && isLetteredUnit(words[end - 1] ?? '')) end -= 1;
  if (start === words.length) return [text];
  const parts = [words.slice(0, start), words.slice(start, end), words.slice(end)];
  return parts.map((part) => part.join(' ').replace(/^- /, '')).filter((part) => part !== '');
}
