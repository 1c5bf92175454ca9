import type { Token } from '../text/tokens.ts';
import {
  isBound,
  isWord,
  matchHighway,
  opensHighway,
  passMarker,
  type RoadMatch,
} from './highway.ts';
import {
  DIRECTIONALS,
  LEADING_TYPES,
  SHORT_DIRECTIONALS,
  SUFFIXES,
  UNIT_WORDS,
  WEAK_SUFFIXES,
  WHOLE_NAMES,
} from './words.ts';

const NAME_WORDS_MAX = 6;
/** A suffix that is as often a word of a name or of a town. */
const WEAK_CERTAIN = 0.6;
const NAME_WORD = /^[A-Z0-9][A-Z0-9'’.-]*$/;
/** Suffixes behind which no further one is looked for. */
const CORE = new Set(
  'ST STREET STR AV AVE AVENUE RD ROAD DR DRIVE LN LANE CT COURT CIR CIRCLE BLVD BOULEVARD PL PLACE WAY TER TERR TERRACE PKWY PARKWAY HWY HIGHWAY CRT DRV BLV WY PKY'.split(
    ' ',
  ),
);
/** Whole words that are as often part of the name: `PARK PLACE DR`, `KINGS WAY CT`. */
const NAMELIKE = new Set(['PLACE', 'WAY', 'COURT', 'PL', 'CIRCLE', 'PARKWAY', 'TERRACE', 'LANE']);
const BEHIND = new Set(['EXT', 'EXTN', 'EXTENSION', 'BYP', 'BYPASS', 'CONN', 'CONNECTOR', 'SPUR']);
const AMBIGUOUS = new Set(['ST', 'LA', 'CT', 'TR', 'PK', 'TE', 'HY']);

/** Words of sentences: a name does not go on over them. */
const SENTENCE = new Set(
  'NB SB EB WB AND ON IS HAS WAS WITH FROM CALLER FOR NEAR BETWEEN BTWN BTW AT IN TO X XST XS BY ADVISED STATES SAID REF RE PER AREA HER HIS THEY SHE HE'.split(
    ' ',
  ),
);

/** A street's name at this token up to its suffix and directional, or a numbered road. */
export function matchStreet(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const first = tokens[at];
  if (first === undefined || !NAME_WORD.test(first.upper)) return undefined;
  const afterDirection = DIRECTIONALS.has(first.upper) ? at + 1 : at;
  const road =
    matchHighway(tokens, at) ??
    (afterDirection > at ? matchHighway(tokens, afterDirection) : undefined) ??
    (first.upper === 'OLD' ? matchHighway(tokens, at + 1) : undefined);
  if (road !== undefined) return { ...road, end: passMarker(tokens, road.end) };
  const toll = tollRoad(tokens, at);
  if (toll !== undefined) return toll;
  const lettered = letteredAvenue(tokens, afterDirection);
  if (lettered !== undefined) return lettered;
  const named = namedStreet(tokens, at);
  if (named !== undefined && named.certain > WEAK_CERTAIN) return passBound(tokens, named);
  const other = leadingType(tokens, afterDirection) ?? gridStreet(tokens, at);
  return other ?? wholeName(tokens, at) ?? named;
}

/** `MOUNTAIN PKWY EB MM 38`: a road with a name may have a marker as well as one with a number. */
function passBound(tokens: readonly Token[], road: RoadMatch): RoadMatch {
  const bound = isBound(tokens[road.end]) ? road.end + 1 : road.end;
  const marked = passMarker(tokens, bound);
  return marked > bound && /^[ME]/.test(tokens[bound]?.upper ?? '')
    ? { ...road, end: marked }
    : { ...road, end: bound };
}

/** `GSP NB EXIT 99`: initials of a road, told by its direction and a marker. */
function tollRoad(tokens: readonly Token[], at: number): RoadMatch | undefined {
  if (!isBound(tokens[at + 1]) || !/^[A-Z]{2,4}$/.test(tokens[at]?.upper ?? '')) return undefined;
  const marked = passMarker(tokens, at + 2);
  return marked > at + 2 ? { end: marked, certain: 0.85 } : undefined;
}

const AVENUES = new Set(['AV', 'AVE', 'AVENUE']);

/** `AVENUE C`; not `AVENUE E ST`. */
function letteredAvenue(tokens: readonly Token[], at: number): RoadMatch | undefined {
  if (!AVENUES.has(tokens[at]?.upper ?? '')) return undefined;
  const letter = /^[A-Z]$/.test(tokens[at + 1]?.upper ?? '');
  const named = SUFFIXES.has(tokens[at + 2]?.upper ?? '');
  return letter && !named ? { end: at + 2, certain: 0.85 } : undefined;
}

/** `CALLE LUNA`, `CAMINO DEL SOL`. */
function leadingType(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const first = tokens[at]?.upper;
  const from = first === 'EL' || first === 'LA' ? at + 1 : at;
  const type = tokens[from]?.upper ?? '';
  if (!LEADING_TYPES.has(type) || AVENUES.has(type)) return undefined;
  let end = from + 1;
  while (/^(?:DE|DEL|LA|LAS|LOS|EL|SAN|SANTA)$/.test(tokens[end]?.upper ?? '')) end += 1;
  const last = tokens[end]?.upper ?? '';
  if (!/^[A-Z]{2,}$/.test(last) || SUFFIXES.has(last)) return undefined;
  return { end: end + 1, certain: isWord(tokens[end + 1]) ? 0.55 : 0.85 };
}

/** Utah: `S 500 W`, and Indiana: `E 300 N`. */
function gridStreet(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const start = SHORT_DIRECTIONALS.has(tokens[at]?.upper ?? '') ? at + 1 : at;
  if (!DIRECTIONALS.has(tokens[start + 1]?.upper ?? '')) return undefined;
  if (!/^\d{2,5}$/.test(tokens[start]?.upper ?? '')) return undefined;
  if (SUFFIXES.has(tokens[start + 2]?.upper ?? '')) return undefined;
  // Behind the house the first direction may be left out: `50 300 W`.
  const housed = start > at || /^\d{1,5}$/.test(tokens[at - 1]?.upper ?? '');
  return housed ? { end: start + 2, certain: 0.85 } : undefined;
}

function namedStreet(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const pre = DIRECTIONALS.has(tokens[at]?.upper ?? '') && isNameStart(tokens, at + 1);
  const from = pre ? at + 1 : at;
  if (!isName(tokens, from)) return undefined;
  const limit = nameLimit(tokens, from);
  let weak: RoadMatch | undefined;
  for (let index = from + 1; index < limit; index += 1) {
    const word = tokens[index]?.upper ?? '';
    if (weak !== undefined && index > weak.end + 2) break;
    if (SUFFIXES.has(word) && !isSaint(tokens, index, from)) {
      const end = extend(tokens, index, limit);
      return passDirection(tokens, end, { pre, certain: suffixCertain(tokens, end) });
    }
    if (WEAK_SUFFIXES.has(word)) weak = { end: index + 1, certain: WEAK_CERTAIN };
  }
  return weak === undefined ? undefined : passDirection(tokens, weak.end, { pre, ...weak });
}

/** A bare number is a name only right before its suffix: `33 ST`, `6 MILE RD`, not `11483 LINDEN LN`. */
function isName(tokens: readonly Token[], at: number): boolean {
  const word = tokens[at]?.upper ?? '';
  if (NO_NAME.test(word) || NOT_FIRST.has(word)) return false;
  if (!/^\d+[A-Z]?$/.test(word)) return true;
  const next = at + (tokens[at + 1]?.upper === 'MILE' ? 2 : 1);
  return word.length <= 3 && SUFFIXES.has(tokens[next]?.upper ?? '');
}

/** A unit such as `BC3`, an incident number, or a label with its dash, in front of a street. */
const NO_NAME =
  /^(?:[A-Z]{1,7}-?\d{1,12}[A-Z]?|\d{1,4}[A-Z]\d{1,3}|\d{2,10}-\d{1,12}|[A-Z]+-|[A-Z]{2,}FD)$/;
/** No street's name begins with one of these. */
const NOT_FIRST = new Set(
  'INTERSECTION NB SB EB WB BTW BTWN BETWEEN NEAR FROM LOC CALLER XST AT IN FOR TO OF AND BY WITH IS ON STREET RD BLVD'.split(
    ' ',
  ),
);

/** `BROADWAY`, `THE STRAND`: streets that have no suffix, unless one stands behind the name. */
function wholeName(tokens: readonly Token[], at: number): RoadMatch | undefined {
  const directed = DIRECTIONALS.has(tokens[at]?.upper ?? '') ? at + 1 : at;
  const from = tokens[directed]?.upper === 'THE' ? directed + 1 : directed;
  if (!WHOLE_NAMES.has(tokens[from]?.upper ?? '')) return undefined;
  const wordFollows = /^[A-Z]{2,}$/.test(tokens[from + 1]?.upper ?? '');
  return passDirection(tokens, from + 1, {
    pre: directed > at,
    certain: wordFollows ? 0.7 : 0.85,
  });
}

/** Behind a directional: a name follows, not the suffix of a street named `North` or `E`. */
function isNameStart(tokens: readonly Token[], at: number): boolean {
  const word = tokens[at]?.upper ?? '';
  if (!NAME_WORD.test(word)) return false;
  if (!SUFFIXES.has(word)) return true;
  const following = [tokens[at + 1], tokens[at + 2]].map((token) => token?.upper ?? '');
  return following.some(
    (next, index) =>
      (SUFFIXES.has(next) || WEAK_SUFFIXES.has(next)) && (index > 0 || word !== next),
  );
}

/** A number, a word of a sentence, or a numbered road: in `CHEST PAIN US HWY 12` no name is in front. */
function endsName(tokens: readonly Token[], at: number): boolean {
  const word = tokens[at]?.upper ?? '';
  return /^\d+$/.test(word) || SENTENCE.has(word) || NO_NAME.test(word) || opensHighway(tokens, at);
}

/** Names end at a mark, a label, a number inside, or after six words. */
function nameLimit(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length && at < from + NAME_WORDS_MAX + 2) {
    const word = tokens[at]?.upper ?? '';
    if (!NAME_WORD.test(word) || tokens[at + 1]?.text === ':') break;
    if (at > from && endsName(tokens, at)) break;
    at += 1;
  }
  return at;
}

/** `N ST CLAIR AVE`: the suffix of nothing, because only a directional stands before it. */
function isSaint(tokens: readonly Token[], at: number, from: number): boolean {
  if (tokens[at]?.upper !== 'ST') return false;
  const before = tokens[at - 1]?.upper ?? '';
  const lone = at - 1 === from && DIRECTIONALS.has(before) && before.length > 1;
  const nearSuffix = [tokens[at + 2], tokens[at + 3]].some((token) => CORE.has(token?.upper ?? ''));
  return lone && nearSuffix;
}

/** A whole-word suffix such as RUN may be part of the name of what stands behind it. */
function suffixCertain(tokens: readonly Token[], end: number): number {
  if (CORE.has(tokens[end - 1]?.upper ?? '')) return 1;
  const next = tokens[end]?.upper ?? '';
  const named = /^[A-Z]{2,}$/.test(next) && !UNIT_WORDS.has(next) && !isBound(tokens[end]);
  return named ? 0.6 : 0.85;
}

/** Goes on behind a suffix that is part of the name: `FOX RUN RD`, `PARK PLACE DR`, `MILL ST EXT`. */
function extend(tokens: readonly Token[], at: number, limit: number): number {
  let end = at + 1;
  while (end < limit && goesOn(tokens, end)) end += 1;
  return end;
}

function goesOn(tokens: readonly Token[], at: number): boolean {
  const word = tokens[at - 1]?.upper ?? '';
  const next = tokens[at]?.upper ?? '';
  if (BEHIND.has(next)) return true;
  // `TRACE RIDGE` is one name; in `TRL PORT ALDER` the town begins.
  const last = !/^[A-Z]{2,}/.test(tokens[at + 1]?.upper ?? '');
  if (!CORE.has(word)) return SUFFIXES.has(next) || (last && WEAK_SUFFIXES.has(next));
  return NAMELIKE.has(word) && CORE.has(next) && !AMBIGUOUS.has(next);
}

function passDirection(
  tokens: readonly Token[],
  end: number,
  match: { readonly pre: boolean; readonly certain: number },
): RoadMatch {
  const word = tokens[end]?.upper ?? '';
  if (!DIRECTIONALS.has(word)) return { end, certain: match.certain };
  const next = tokens[end + 1];
  // `SHADY LN E. DORSET`: the town is E. Dorset.
  if (tokens[end]?.text.endsWith('.') && isWord(next)) return { end, certain: match.certain };
  // `E 7TH NO INJURIES`
  if (/^[NS]O$/.test(word) && isWord(next)) return { end, certain: match.certain };
  const wordFollows =
    next !== undefined && /^[A-Z]{2,}$/.test(next.upper) && !UNIT_WORDS.has(next.upper);
  if (!wordFollows) return { end: end + 1, certain: match.certain };
  // `ELM ST WEST HAVEN`: the town; `ELM ST W FAIRVALE`: a directional, not so surely.
  if (/^[NS][EW]$/.test(word)) return { end: end + 1, certain: match.certain };
  if (!SHORT_DIRECTIONALS.has(word)) return { end, certain: match.certain };
  return { end: match.pre ? end : end + 1, certain: Math.min(match.certain, 0.7) };
}
