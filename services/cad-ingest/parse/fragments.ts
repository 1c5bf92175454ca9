import { type Found, findAddress, isTold } from './address/find.ts';
import { passMarks } from './address/place.ts';
import { matchStreet } from './address/street.ts';
import { agencyLength } from './agency-name.ts';
import { classify, type Fragment } from './classify.ts';
import { delimiterOf, piecesOf } from './delimiter.ts';
import { isWhole, natureRun, SAID } from './nature-run.ts';
import { FREE_TEXT_CHARS_MAX } from './text/limits.ts';
import { tokenize } from './text/tokens.ts';
import { unitsApart } from './units-apart.ts';
import { firmSpans, valueSpans } from './value-spans.ts';
import { shedStamps } from './values/narrative.ts';
import { isNatureWord, isStrongNatureWord } from './values/nature-words.ts';
import { isPlaceName } from './values/place-words.ts';

const FRAGMENTS_MAX = 80;
/** Free text shows less surely than a delimiter where an address ends. */
const IN_TEXT = 0.85;
/** Where nothing of it could be read in another way. */
const PLAIN_IN_TEXT = 0.95;

/** Cuts text without labels into fragments: at lines, at the page's delimiter, around values. */
export function cutFragments(text: string): Fragment[] {
  return cutFragmentsAt(text, delimiterOf(shedStamps(text).split('\n')));
}

/** The same where the delimiter is known. */
export function cutFragmentsAt(text: string, mark: string | undefined): Fragment[] {
  const lines = shedStamps(text)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const parts = lines.flatMap(patientsApart);
  const pieces = parts.flatMap((part) =>
    mark === undefined || isPatient(part) ? [part] : splitAt(part, mark),
  );
  const whole = mark === '/' || mark === ' - ' ? rejoin(pieces, mark) : pieces;
  return whole
    .slice(0, FRAGMENTS_MAX)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .flatMap(divide);
}

/** Sentences that medical protocols print: `58-year-old, Male, Conscious, Breathing.` */
const PATIENT =
  /(\d{1,3}[- ](?:year|month|week|day)s?[- ]old,? (?:fe)?male[^.\n]{0,80}\.?|You are responding to a patient[^\n]{0,160}? is (?:conscious|not conscious|unconscious)[^.\n]{0,40}\.)/i;

/** The sentence is one piece, whatever marks and words of call types stand in it. */
function patientsApart(line: string): string[] {
  return line.split(PATIENT);
}

function isPatient(piece: string): boolean {
  return PATIENT.test(piece.slice(0, 300));
}

/** A slash between digits is a date's. */
function splitAt(line: string, mark: string): string[] {
  const parts = mark === '/' ? line.split(/(?<!\d)\/|\/(?!\d)/) : piecesOf(line, mark);
  return parts.slice(0, FRAGMENTS_MAX + 1);
}

/** These marks also stand inside call types: `Falls/Back Injuries`, `Fire Alarm - Commercial`. */
function rejoin(pieces: readonly string[], mark: string): string[] {
  const joined: string[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last !== undefined && isHalf(last) && isHalf(piece)) {
      joined[joined.length - 1] = `${last}${mark}${piece}`;
    } else joined.push(piece);
  }
  return joined;
}

/** A few words of a call type, not a sentence. */
function isHalf(piece: string): boolean {
  const words = piece.trim().split(' ');
  const short =
    words.length <= 3 &&
    !/[.,;\d]|^[a-z]/.test(piece.trim()) &&
    !SAID.test(words[0] ?? '') &&
    !/^(?:POSS|POSSIBLE|ONE|NO)$/i.test(words[0] ?? '');
  return short && classify(piece).kind === 'nature';
}

/** A fragment that holds several values is cut around them. */
function divide(piece: string): Fragment[] {
  if (isPatient(piece)) return [{ text: piece, kind: 'text', score: 0.5 }];
  const whole = classify(piece);
  if (whole.kind !== 'text' && whole.kind !== 'words' && whole.kind !== 'nature') return [whole];
  const town = titledTown(piece);
  if (town !== undefined) return town.flatMap(divide);
  const parts = aroundAddress(piece) ?? (placeBehind(piece) ?? [piece]).flatMap(aroundValues);
  return parts.length > 1 ? parts : [whole];
}

function aroundAddress(piece: string): Fragment[] | undefined {
  const found = findAddress(piece, firmSpans(piece.slice(0, FREE_TEXT_CHARS_MAX)));
  if (found === undefined) return undefined;
  const lead = shedBrackets(found.before)
    .flatMap(placeApart)
    .flatMap(aroundValues)
    .flatMap(agencyApart)
    .flatMap(withoutSaid);
  const named = lead.some(({ kind, score }) => kind === 'nature' && score > 0.5);
  const { apartment, rest } = shedApartment(found.behind);
  const behind = (named ? [rest] : partReason(rest)).flatMap(townApart);
  const tail = behind.flatMap((part) =>
    aroundValues(part).flatMap((each) => (named ? [each] : aroundNature(each))),
  );
  const worded =
    lead.some(({ kind }) => kind === 'nature' || kind === 'text' || kind === 'words') ||
    tail.some((each) => each.kind === 'nature');
  const told = isTold(found.before);
  const address = addressOf(found, worded).map((each) => (told ? { ...each, told } : each));
  return [...lead, ...address, ...apartment, ...tail.map(later)];
}

/** `Vehicle Fire at Quick Chek, 12 Mill Rd`: the place behind the call type. */
function placeApart(before: string): string[] {
  return placeBehind(before) ?? [before];
}

const AT_CHARS_MAX = 120;
const AT_PLACE = /^(.{3,60}?) at (\S+(?: \S+){0,4})$/i;
const NO_PLACE = /^(?:THIS|TIME|NIGHT|SCENE|HOME|LEAST|WORK|AGE|REST)$/i;

function placeBehind(before: string): string[] | undefined {
  const [, called = '', place = ''] = AT_PLACE.exec(before.slice(0, AT_CHARS_MAX).trim()) ?? [];
  const named =
    /^[A-Z0-9]/.test(place) &&
    !place.split(' ').some((word) => NO_PLACE.test(word) || isStrongNatureWord(word));
  return named && classify(called).kind === 'nature' ? [called, place] : undefined;
}

/** `WHITLOW FIRE NOSE BLEED`: whom the page is for, in front of the call type. */
function agencyApart(fragment: Fragment): Fragment[] {
  if (!['nature', 'text', 'words'].includes(fragment.kind)) return [fragment];
  const words = fragment.text.split(' ');
  const end = agencyLength(words);
  if (end === 0) return [fragment];
  const agency: Fragment = { text: words.slice(0, end).join(' '), kind: 'agency', score: 0.7 };
  return [agency, classify(words.slice(end).join(' '))];
}

/** `ABDOMINAL PAIN 63 YOF GOING IN AND OUT`, `MAN DOWN MTH`: the call type in front is a piece. */
function withoutSaid(fragment: Fragment): Fragment[] {
  if (!['nature', 'text', 'words'].includes(fragment.kind)) return [fragment];
  const words = fragment.text.split(' ');
  const { start, end } = natureRun(words);
  if (start > 0 && end === words.length && isTownBefore(words, start)) {
    return [words.slice(0, start), words.slice(start)].map((part) => classify(part.join(' ')));
  }
  const rest = words.slice(end);
  if (rest[0] === '>') return [fragment];
  const code = rest.length === 1 && /^[A-Z]{2,4}$/.test(rest[0] ?? '');
  const said = SAID.test(rest[0] ?? '') || rest.length > SAID_WORDS_MIN;
  // `FULL ARREST COUNTY JAIL`: words of no call type behind a whole one name the place.
  const whole = end > 1 && isWhole(words[end - 1] ?? '');
  const named = (whole || isPlaceName(rest.join(' '))) && !rest.some(isNatureWord);
  if (start !== 0 || rest.length === 0 || !(code || said || named)) return [fragment];
  return [words.slice(0, end), rest].map((part) => classify(part.join(' ')));
}

/** `Kessridge TRANSPORT`, `PINES AT MERROW CODE BLUE`: a name in front of the call type. */
function isTownBefore(words: readonly string[], start: number): boolean {
  const shouted = words.slice(start).every((word) => word === word.toUpperCase());
  const titled = words.slice(0, start).every((word) => /^[A-Z][a-z]/.test(word));
  return (shouted && titled) || words.length - start > 1;
}

/** So many words behind a call type are a sentence. */
const SAID_WORDS_MIN = 3;

/** Behind the likeliest address of a piece, another house is one that the narrative tells of. */
function later(fragment: Fragment): Fragment {
  return fragment.parts?.form === 'house' ? { ...fragment, told: true } : fragment;
}

/** `NETTBURG pt is 67 ...`, `FAIRVALE 22 YOF ...`, `Fairvale. Caller says ...`: the town in front of what somebody says. */
function townApart(rest: string): string[] {
  const found =
    /^\s{0,3}(?:[A-Z][A-Z.'-]{2,} ){1,3}(?=[a-z]{2}|\d{1,3} ?(?:YO|Y\/O|YR|YEAR|M |F )|(?:PT|CALLER|MALE|FEMALE) )/.exec(
      rest.slice(0, 80),
    );
  if (found !== null) return [found[0], rest.slice(found[0].length)];
  return titledTown(rest) ?? [rest];
}

/** `Fairvale. Caller says ...`. */
function titledTown(rest: string): string[] | undefined {
  const found = /^[\s,]{0,3}((?:[A-Z][a-z'-]+ ){0,3}[A-Z][a-z'-]+)\. (?=[A-Z])/.exec(
    rest.slice(0, 80),
  );
  return found?.[1] === undefined ? undefined : [found[1], rest.slice(found[0].length)];
}

/** The address as a fragment; a first word that is no street's where nothing else names the call. */
function addressOf({ match, shorter, plain }: Found, worded: boolean): Fragment[] {
  const coded = !worded && shorter !== undefined;
  const place = coded ? shorter.match : match;
  const certain = place.certain * (plain ? PLAIN_IN_TEXT : IN_TEXT) * (coded ? 0.7 : 1);
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
  const found =
    /^\s{0,3}(?:\[([^[\]]{1,40})\]|\*\*([^*\n]{1,40})\*\*|<([^<>\n]{1,40})>)\s{0,3}-?/.exec(before);
  const rest = before
    .slice(found?.[0].length ?? 0)
    .replace(TYPE_WORD, '$1')
    .replace(NEEDED, '')
    .replace(OPENING, ' ')
    .replace(CLOSING, '');
  const boxed = BOXED.exec(rest);
  if (boxed?.[1] !== undefined) return [boxed[1], rest.slice(boxed[0].length)];
  const wrapped = found?.[1] ?? found?.[2] ?? found?.[3] ?? '';
  return [wrapped, rest].filter((part) => part.trim() !== '');
}

/** `BOX 12-3 STRUCTURE FIRE`: the alarm box stands in front of the call type. */
const BOXED = /^\s{0,3}((?:STILL |FIRE )?BOX(?: ALARM)? ?#?:? ?\d[\w-]{0,7})[\s,:-]{1,3}(?=[A-Z])/i;

/** `TYPE STANDBY AT 12 MILL RD`: a label of the call type without its mark. */
const TYPE_WORD = /^(.{0,24}[\s\d])?(?:CALL ?TYPE|TYPE|NATURE|PROBLEM)(?: OF CALL)? (?=[A-Z])/;

/** Words between a call type and its address that belong to neither. */
const OPENING =
  /(?<![A-Za-z])(?:please )?(?:respond|responding|dispatched|report|proceed|copy)(?: to)?(?= *$| +(?:a|an|for)? *$)|(?<![A-Za-z])you have a call\b|^(?:dispatch|toning|paging|attn|attention)(?: [A-Z0-9-]{2,8},?){0,6} to(?= *$)/i;
/** `Fire Dept Needed For a FALL At`. */
const NEEDED = /^.{0,30}(?<![A-Za-z])(?:needed|requested|paged|toned(?: out)?) for (?:an? )?/i;
const CLOSING =
  /[\s,;:@.(-]{1,6}$|(?<![A-Za-z])(?:at|to|for|loc|location|address|addr|in|on)[\s:.@-]{0,4}$/i;

/** `... 14TH ST 2B FAIRVALE`: a short token with a digit right behind the street. */
function shedApartment(behind: string): { apartment: Fragment[]; rest: string } {
  const found =
    /^[\s,]{0,3}((?:(?:APT|UNIT|STE|SUITE|LOT|RM|ROOM|BLDG|TRLR)\.? ?#?|#)[A-Z0-9-]{1,6}|\d{1,3}[A-Z]?|[A-Z])(?=\s|,|$)(?!\s?[-/:])/i.exec(
      behind.slice(0, 40),
    );
  const text = found?.[1];
  const town = /^\s?,\s{0,3}[TVC] [A-Z]{3,}/i.test(behind.slice(0, 40));
  if (found === null || text === undefined || /^[NSEWX]$/i.test(text) || town) {
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
  const stop = /[.;](?:\s|$)/.exec(reason.slice(0, 90))?.index ?? callLength(reason);
  return [rest.slice(0, found.index), reason.slice(0, stop), reason.slice(stop + 1)];
}

/** Where no mark ends the reason: behind the words of its call type, if it begins with them. */
function callLength(reason: string): number {
  const words = reason.split(' ');
  const { start, end } = natureRun(words);
  return start === 0 ? words.slice(0, end).join(' ').length : reason.length;
}

/** `MAYFIELD STRUCTURE FIRE caller sees smoke`: the run of call-type words is a fragment. */
function aroundNature(fragment: Fragment): Fragment[] {
  if (!['nature', 'text', 'words'].includes(fragment.kind)) return [fragment];
  const words = fragment.text.split(' ');
  const { start, end } = natureRun(words);
  if (start < 0) return [fragment];
  const parts = [words.slice(0, start), words.slice(start, end), words.slice(end)];
  return parts
    .map((part) =>
      part
        .join(' ')
        .replace(/ [/,-]$/, '')
        .trim(),
    )
    .filter((part) => part !== '')
    .map(classify);
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

/** How far the streets behind a mark go: to the end where they are not understood. */
function crossLength(text: string): number {
  const mark = CROSS_MARK.exec(text)?.[0].length ?? 0;
  const from = mark + (/^[:\s]{1,4}/.exec(text.slice(mark))?.[0].length ?? 0);
  return from + streetsEnd(text.slice(from));
}

/** Where one or two streets end that a text begins with; its length where there is none. */
export function streetsEnd(text: string): number {
  const tokens = tokenize(text, 40);
  const first = matchStreet(tokens, 0);
  if (first === undefined) return text.length;
  const next = passMarks(tokens, first.end);
  const second = next > first.end ? matchStreet(tokens, next) : undefined;
  return tokens[(second ?? first).end - 1]?.end ?? text.length;
}

/** Words between values; units at either end, and cross streets behind their word, stand apart. */
function pushWords(fragments: Fragment[], text: string): void {
  const mark = CROSS_MARK.exec(text)?.index ?? text.length;
  const end = mark + crossLength(text.slice(mark));
  for (const part of [text.slice(0, mark), text.slice(mark, end), text.slice(end)]) {
    const bare = part
      .replace(/^[\s,;:.-]{1,8}/, '')
      .replace(/[\s,;:-]{1,8}$/, '')
      .trim();
    if (bare !== '') fragments.push(...unitsApart(bare).map(classify));
  }
}
