import { squeeze } from '../text/squeeze.ts';
import { findDeterminant } from './codes.ts';
import { isPlainNatureWord } from './nature-words.ts';

export interface Nature {
  readonly nature?: string;
  readonly code?: string;
  /** The words only explain the code: `17D04 (Not alert)`. */
  readonly explained?: boolean;
}

const NATURE_CHARS_MAX = 200;
const CODE_CHARS_MAX = 12;
/** `FALL{2}`: the priority behind the call type. */
const PRIORITY = / ?\{[A-Z0-9]{1,2}\}$/;
/** Which service a page is for, in front of the call type. */
const SERVICE = /^\[(?:EMS|LAW|FIRE|MEDICAL|RESCUE)\] ?/i;
const CODE_THEN_WORDS = /^([A-Z0-9][A-Z0-9/_.-]{0,11})(?: +[-:>] +|>+|: +| - ?|- )(\S.*)$/;

/**
 * A call type as the page writes it. The determinant of a medical card and a code before a plain
 * mark (`FALRM - FIRE ALARM`) go to `code`; a word of the language before a dash stays.
 */
export function readNature(value: string): Nature {
  const bare = squeeze(value.slice(0, NATURE_CHARS_MAX * 2)).replace(SERVICE, '');
  const text = trimMarks(bare.replace(PRIORITY, ''));
  if (text === '') return {};
  return determined(text) ?? coded(text) ?? { nature: text.slice(0, NATURE_CHARS_MAX).trim() };
}

function determined(text: string): Nature | undefined {
  const found = findDeterminant(text);
  if (found === undefined) return undefined;
  const before = trimMarks(text.slice(0, found.start).replace(/\($/, ''));
  const behind = trimMarks(text.slice(found.end).replace(/^\)/, ''));
  if (before !== '' && behind !== '') return undefined;
  const words = before === '' ? behind : before;
  if (words === '') return { nature: found.value, code: found.value };
  return { nature: words.slice(0, NATURE_CHARS_MAX), code: found.value };
}

function coded(text: string): Nature | undefined {
  const twice = saidTwice(text) ?? numbered(text);
  if (twice !== undefined) return twice;
  const found = CODE_THEN_WORDS.exec(text);
  const code = found?.[1] ?? '';
  const words = trimMarks(found?.[2] ?? '');
  if (words === '' || code.length > CODE_CHARS_MAX || !/[A-Za-z]{2}/.test(words)) return undefined;
  // In `SICK > PUBLIC SERVICE` the mark parts a code from its words, whatever the code is.
  const parted = /^\S+ ?>/.test(text);
  const plainWord =
    !parted && !/\d/.test(code) && isPlainNatureWord(code) && !abbreviates(code, words);
  // `FIRE - STRUCTURE` is one phrase; `10-CHEST PAIN` is how the card itself is named.
  const short = /^(?:\d{1,3}|[A-Z])$/.test(code);
  return plainWord || short ? undefined : { nature: words, code };
}

/** `BREATH-BREATHING PROBLEM`, `PULL PULL STATION`, `PSERV Service Call`: words behind their code. */
function saidTwice(text: string): Nature | undefined {
  const wrapped = /^(.{3,}) \(([A-Z]{2,7})\)$/.exec(text);
  if (wrapped?.[1] !== undefined && wrapped[2] !== undefined) {
    const [, words, code] = wrapped;
    const own = words.toUpperCase().startsWith(code) || isDrawnFrom(code, words);
    return own ? { nature: words, code } : undefined;
  }
  const found = /^([A-Z]{2,7})([-/ ])(?=\S)(.+)$/.exec(text);
  const [, code = '', mark = '', words = ''] = found ?? [];
  if (found === null || !/[A-Za-z]{3}/.test(words)) return undefined;
  const titled = /^[A-Z][a-z]/.test(words) && code.length > 2 && !isPlainNatureWord(code);
  const named = mark === '/' && isPlainNatureWord(code);
  const again =
    !named &&
    words
      .toUpperCase()
      .split(/[^A-Z0-9&]+/)
      .includes(code);
  const drawn = abbreviates(code, words) || isDrawnFrom(code, words);
  const short = mark !== ' ' && !named && drawn;
  return titled || again || short ? { nature: trimMarks(words), code } : undefined;
}

/** `HRI` of `H&R INJ`, `OD` of `OVERDOSE`: its letters stand in the words in their order. */
function isDrawnFrom(code: string, words: string): boolean {
  const upper = words.toUpperCase().slice(0, 40);
  if (code.length > 5 || upper[0] !== code[0] || isPlainNatureWord(code)) return false;
  let at = -1;
  return [...code].every((letter) => {
    at = upper.indexOf(letter, at + 1);
    return at >= 0;
  });
}

/** `228-Traffic Incident`, `VEHICLE FIRE-264`: three digits that are no card's. */
function numbered(text: string): Nature | undefined {
  const front = /^(\d{3})(?:[-/]| ?[:>] ?| - )([A-Za-z].{2,})$/.exec(text);
  if (front?.[2] !== undefined) return { nature: trimMarks(front[2]), code: front[1] ?? '' };
  const behind = /^(.{3,}[A-Za-z)])(?: ?- ?| \()(\d{3})\)?$/.exec(text);
  return behind?.[1] === undefined
    ? undefined
    : { nature: behind[1].trim(), code: behind[2] ?? '' };
}

/** `ODOR - ODOR OF SMOKE`, `MVAI - MVA WITH INJURIES`: the words say again what the code says. */
function abbreviates(code: string, words: string): boolean {
  const upper = code.toUpperCase();
  const parts = words.toUpperCase().split(/[^A-Z0-9]+/);
  const first = parts[0] ?? '';
  if (parts.length > 1 && parts.map((part) => part[0]).join('') === upper) return true;
  if (parts.length === 1) return first !== upper && first.startsWith(upper) && upper.length > 1;
  return (
    parts.some((part) => part.startsWith(upper)) || (first.length > 2 && upper.startsWith(first))
  );
}

/** A code field may hold the words too: `FALRM - FIRE ALARM`. */
export function readCode(value: string): Nature {
  const text = trimMarks(squeeze(value.slice(0, NATURE_CHARS_MAX)));
  const found = CODE_THEN_WORDS.exec(text);
  if (found?.[1] !== undefined && found[2] !== undefined) {
    return { code: found[1], nature: trimMarks(found[2]) };
  }
  const determinant = findDeterminant(text);
  if (determinant !== undefined) {
    const behind = trimMarks(text.slice(determinant.end));
    const words = behind.replace(/^\((.*)\)$/, '$1');
    const explained = behind.startsWith('(');
    const nature = /[A-Za-z]{3}/.test(words) ? { nature: words, explained } : {};
    return { code: determinant.value, ...nature };
  }
  return text.length <= 40 && text !== '' ? { code: text } : {};
}

function trimMarks(text: string): string {
  return text
    .replace(/^[\s\-:;,.*<>|~=_/{]{1,8}/, '')
    .replace(/[\s\-:;,*<>|~=_@}]{1,8}$/, '')
    .replace(/^([^.]*)\.$/, '$1')
    .trim();
}
