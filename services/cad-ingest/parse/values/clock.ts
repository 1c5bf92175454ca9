import { matchesOf } from '../text/matches.ts';
import { overlap, type Span } from './span.ts';

/** Always US order; a year of two digits is of this century. */
const SLASHED = /(?<![\d/.-])(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})(?![\d/])/g;
const DASHED = /(?<![\d/.-])(\d{1,2})-(\d{1,2})-(\d{4}|\d{2})(?![\d-])/g;
const DOTTED = /(?<![\d/.-])(\d{2})\.(\d{2})\.(\d{4}|\d{2})(?![\d.])/g;
const ISO = /(?<![\d-])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d-])/g;
const SHORT = /(?<![\d/.-])(\d{1,2})\/(\d{1,2})(?![\d/])/g;
/** `yymmdd hh:mm`. */
const PACKED = /(?<![\d/.-])(\d{2})(\d{2})(\d{2})(?= \d{1,2}:\d{2})/g;
const MONTH = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const NAMED = new RegExp(
  `(?<![A-Za-z])(${MONTH})[a-z]{0,6}\\.? (\\d{1,2})(?:st|nd|rd|th)?,? (\\d{4})(?!\\d)`,
  'gi',
);
const DAY_FIRST = new RegExp(
  `(?<!\\d)(\\d{1,2})[ -](${MONTH})[a-z]{0,6}[ -](\\d{4}|\\d{2})(?!\\d)`,
  'gi',
);
const MONTHS = MONTH.split('|');

const TIME =
  /(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d{1,6})?(?![\d:])(?: ?([AaPp])\.?[Mm]\b\.?)?/g;
/** `hh mm ss mm/dd/yyyy`. */
const SPACED = /(?<![\d:])(\d{2}) (\d{2}) (\d{2})(?= \d{2}\/\d{2}\/\d{4})/g;
/** Behind a label, or beside a date, four digits are a time. */
const BARE = /(?<![\d:/.-])([01]\d|2[0-3])([0-5]\d)(?:([0-5]\d))?(?![\d:/-])/g;

/** In every date with figures alone, and in every one with the name of a month. */
const FIGURES = /\d[-./]\d|\d{6} \d/;
const WITH_MONTH = new RegExp(`\\d[ -](?:${MONTH})|[a-z]\\.? \\d{1,2}[a-z]{0,2},? \\d{4}`, 'i');

/** A day of a leap year: with it in place of the receipt `datesIn` tells whether `m/d` is any date. */
export const ANY_DAY = '2032-01-01';

/** Dates as `YYYY-MM-DD`, in the order of the text. `m/d` is the one nearest to the day `received`. */
export function datesIn(text: string, received?: string): Span<string>[] {
  const figures = FIGURES.test(text);
  const named = WITH_MONTH.test(text) ? monthDates(text) : [];
  if (!figures) return firstOnes(named);
  const found = [
    ...spans(text, ISO, ([y, m, d]) => date(y, m, d)),
    ...spans(text, SLASHED, ([m, d, y]) => date(y, m, d)),
    ...spans(text, DASHED, ([m, d, y]) => date(y, m, d)),
    ...spans(text, DOTTED, ([m, d, y]) => date(y, m, d)),
    ...spans(text, PACKED, ([y, m, d]) => date(y, m, d)),
    ...named,
  ];
  const short =
    received === undefined ? [] : spans(text, SHORT, ([m, d]) => nearest(received, m, d));
  return firstOnes([...found, ...short]);
}

function monthDates(text: string): Span<string>[] {
  return [
    ...spans(text, NAMED, ([m, d, y]) => date(y, month(m), d)),
    ...spans(text, DAY_FIRST, ([d, m, y]) => date(y, month(m), d)),
  ];
}

/** In every time that is not bare: most values of a page have neither. */
const CLOCK = /\d:\d|\d \d\d \d/;

/** Times as `HH:MM` or `HH:MM:SS`, 24 hours. `bare`: four or six digits count as well. */
export function timesIn(text: string, options: { readonly bare?: boolean } = {}): Span<string>[] {
  const found = CLOCK.test(text)
    ? [
        ...spans(text, TIME, ([h, m, s, half]) => clock(h, m, s, half)),
        ...spans(text, SPACED, ([h, m, s]) => clock(h, m, s)),
      ]
    : [];
  if (!options.bare || found.length > 0) return firstOnes(found);
  if (!/\d{4}/.test(text)) return found;
  const dates = datesIn(text);
  const bare = spans(text, BARE, ([h, m, s]) => clock(h, m, s));
  return firstOnes(bare.filter((span) => !dates.some((day) => overlap(day, span))));
}

export interface Moment {
  readonly date?: string;
  readonly time?: string;
}

/** The first date and the first time of a value such as `04:05:06 01/02/31`. */
export function readMoment(text: string, received?: string): Moment {
  const near = text.slice(0, 120);
  const day = datesIn(near, received)[0];
  const time = timesIn(near, { bare: true }).find((span) => !day || !overlap(day, span));
  return {
    ...(day === undefined ? {} : { date: day.value }),
    ...(time === undefined ? {} : { time: time.value }),
  };
}

type Groups = readonly (string | undefined)[];

function spans(
  text: string,
  pattern: RegExp,
  read: (groups: Groups) => string | undefined,
): Span<string>[] {
  const found: Span<string>[] = [];
  for (const match of matchesOf(pattern, text)) {
    const value = read(match.slice(1));
    if (value !== undefined) {
      found.push({ value, start: match.index, end: match.index + match[0].length });
    }
  }
  return found;
}

function firstOnes(found: Span<string>[]): Span<string>[] {
  if (found.length < 2) return found;
  const sorted = found.sort((one, other) => one.start - other.start || other.end - one.end);
  const kept: Span<string>[] = [];
  for (const span of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !overlap(last, span)) kept.push(span);
  }
  return kept;
}

function month(name: string | undefined): string {
  return String(MONTHS.indexOf((name ?? '').slice(0, 3).toLowerCase()) + 1);
}

function date(y?: string, m?: string, d?: string): string | undefined {
  const year = (y ?? '').length === 2 ? 2000 + Number(y) : Number(y);
  const [monthOfYear, day] = [Number(m), Number(d)];
  const real = new Date(Date.UTC(year, monthOfYear - 1, day));
  const valid = monthOfYear >= 1 && monthOfYear <= 12 && real.getUTCDate() === day;
  if (!valid || year < 1970 || year > 2100) return undefined;
  return `${year}-${pad(monthOfYear)}-${pad(day)}`;
}

/**
 * Of the years around the receipt the one that brings the day nearest to it: a page of 12/31 that
 * comes on January 1 is of the year before. Half a year away, the zone of the centre changes nothing.
 */
function nearest(received: string, m?: string, d?: string): string | undefined {
  const year = Number(received.slice(0, 4));
  const distance = (day: string) => Math.abs(Date.parse(day) - Date.parse(received));
  const days = [year - 1, year, year + 1].map((each) => date(`${each}`, m, d));
  return days
    .filter((day) => day !== undefined)
    .toSorted((one, other) => distance(one) - distance(other))[0];
}

function clock(h?: string, m?: string, s?: string, half?: string): string | undefined {
  const hour = hourOf(Number(h), half?.toLowerCase());
  if (hour === undefined || hour > 23 || Number(m) > 59 || Number(s ?? 0) > 59) return undefined;
  return `${pad(hour)}:${m}${s === undefined ? '' : `:${s}`}`;
}

/** `12:05 AM` is five past midnight. `13:05 PM`, as some centres print, is five past one. */
function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined || hour > 12) return hour;
  if (hour === 0) return half === 'a' ? 0 : 12;
  return (hour % 12) + (half === 'p' ? 12 : 0);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
