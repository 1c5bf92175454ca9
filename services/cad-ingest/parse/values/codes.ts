import { matchesOf } from '../text/matches.ts';
import type { Span } from './span.ts';

/** ProQA determinant: `17D04`, `29-B-1`, `6-D-1a`, `10C4P`. */
const DETERMINANT =
  /(?<![\w]|(?<![A-Za-z)]{3})-)(\d{1,2})-?([A-EO\u03A9])-?(\d{1,2})(-?[A-Za-z])?(?![\w-])/;
/** The protocols of medical, fire and police cards end at 139. */
const CARD_MAX = 139;

export function findDeterminant(text: string): Span<string> | undefined {
  if (!/\d/.test(text)) return undefined;
  const found = DETERMINANT.exec(text);
  if (found === null || Number(found[1]) > CARD_MAX || Number(found[1]) === 0) return undefined;
  return { value: found[0], start: found.index, end: found.index + found[0].length };
}

const PHONE =
  /(?<![\d-])(?:\+?1[ -]?)?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)|(?<![\d/-])\d{3}-\d{4}(?![\d-])|(?<![\d-])\d{10}(?![\d-])/g;

/** The end of every form. */
const PHONE_SIGNS = /\d{3}[-. ]\d{4}|\d{10}/;

export function phonesIn(text: string): Span<string>[] {
  if (!PHONE_SIGNS.test(text)) return [];
  return matchesOf(PHONE, text).map((match) => ({
    value: match[0].trim(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** The whole value is a phone number; ten digits that begin with a year are an incident number. */
export function isPhone(text: string): boolean {
  if (!/\d/.test(text)) return false;
  const bare = text.trim();
  if (/^20[0-4]\d{7}$/.test(bare) || bare.length > 24) return false;
  const digits = bare.replaceAll(/[\s().+x-]/gi, '');
  // `24-08837` is an incident number.
  if (digits.length === 7) return /^\d{3}[-. ]?\d{4}$/.test(bare);
  return /^1?\d{10}$|^1?\d{14}$/.test(digits) && /^[\d\s().+x-]+$/i.test(bare);
}

/**
 * Incident, event or run numbers: `2031-00000123`, `31-000123`, `31F0042`, `F310000123`,
 * `203100000042`. The year or a length of six digits and more tells them from house numbers.
 */
const NUMBER_FORMS = [
  /^#?\d{2,4}-\d{3,10}$/,
  /^#?\d{4}-\d{2}-\d{3,8}$/,
  /^#?[A-Z]{1,8}-?\d{2,4}-\d{2,10}$/,
  /^#?[A-Z]{1,8}-?\d{5,14}$/,
  /^#?\d{2}[A-Z]{1,5}-?\d{3,10}$/,
  /^#?\d{4}[A-Z]{1,5}-?\d{3,10}$/,
  /^#?\d{6,14}$/,
  /^#\d{1,14}$/,
  /^#?\d{2,4}-[A-Z]{1,5}-?\d{2,10}$/,
  /^#?\d{6}-\d{1,6}$/,
  /^#?[A-Z]{2,5}\d{6}-\d{2,6}$/,
];

/** The word looks like an incident number by itself. */
export function isIncidentNumber(text: string): boolean {
  if (!/\d/.test(text)) return false;
  const bare = text.trim().toUpperCase();
  const fits = bare.length >= 2 && bare.length <= 24;
  return fits && NUMBER_FORMS.some((form) => form.test(bare));
}

/** One or more numbers, comma or blank between. */
export function readNumbers(text: string): string {
  const parts = text
    .slice(0, 400)
    .replaceAll(/\[incident not yet created[^\]]*\]/gi, ' ')
    .replaceAll(/\[([\w-]{3,24})[^[\]]{0,40}\]/g, '$1')
    .split(/[,;\n\t]/)
    .map((part) =>
      part
        .trim()
        .replace(/^[#:\s]{1,6}/, '')
        .replace(/[:;.]{1,3}$/, ''),
    )
    .filter((part) => part !== '');
  return [...new Set(parts)].join(', ');
}
