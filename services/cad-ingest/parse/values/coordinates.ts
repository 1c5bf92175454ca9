import type { CadFields } from '#contracts/cad-fields.ts';
import { matchesOf } from '../text/matches.ts';
import type { Span } from './span.ts';

export type Coordinates = NonNullable<CadFields['coordinates']>;

/** The 50 states, Hawaii to Maine and Puerto Rico to Alaska. */
const LAT = { min: 15, max: 72 };
const LON = { min: 60, max: 180 };
/** Labels and signs may stand between the two numbers, a sentence may not. */
const GAP_CHARS_MAX = 28;
const MICRO = 1_000_000;
const NUMBER =
  /(?<![\d.:])([+-]?)(\d{1,3})(?:(\.\d{3,10})|:(\d{2}):(\d{2}\.\d{1,6})|(?:°|\s|:)\s{0,2}(\d{1,2}\.\d{2,6})(?!\d)['’]?|(?=\D|$))/g;
const INTEGER = /(?<![\d.,:/-])(-?)(\d{8,9})(?![\d.,:/-])/g;

interface Degrees {
  readonly size: number;
  readonly negative: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * The last pair of coordinates in the text: decimal, zero-padded with the longitude first, `geo:`,
 * degrees with decimal minutes, micro-degrees, in a maps URL or behind labels on one line or two.
 * `0,0` and `<UNKNOWN>` are no place.
 */
export function findCoordinates(text: string): Span<Coordinates> | undefined {
  return lastPair(text, decimals(text)) ?? lastPair(text, micros(text));
}

/** One number behind a label such as `Latitude:`. */
export function readDegrees(text: string): number | undefined {
  const first = decimals(text.slice(0, 60))[0] ?? micros(text.slice(0, 60))[0];
  return first === undefined ? undefined : first.size * (first.negative ? -1 : 1);
}

/** Two numbers as a place in the US, whichever stands first. */
export function placeOf(one: number, other: number): Coordinates | undefined {
  const [a, b] = [Math.abs(one), Math.abs(other)];
  if (within(a, LAT) && within(b, LON)) return { lat: round(a), lon: -round(b) };
  if (within(b, LAT) && within(a, LON)) return { lat: round(b), lon: -round(a) };
  return undefined;
}

function lastPair(text: string, numbers: readonly Degrees[]): Span<Coordinates> | undefined {
  for (let at = numbers.length - 1; at > 0; at -= 1) {
    const [one, other] = [numbers[at - 1], numbers[at]];
    if (one === undefined || other === undefined) continue;
    const value = placeOf(one.size, other.size);
    const between = text.slice(one.end, other.start);
    if (value && between.length <= GAP_CHARS_MAX && !/\d|\n\s*\n/.test(between)) {
      return { value, start: one.start, end: other.end };
    }
  }
  return undefined;
}

/** Every form has a point between digits; without one the pattern need not run. */
function decimals(text: string): Degrees[] {
  const found: Degrees[] = [];
  if (!/\d\.\d/.test(text)) return found;
  for (const match of matchesOf(NUMBER, text)) {
    const [whole, sign, degrees, fraction, minutes, seconds, decimalMinutes] = match;
    const minute = Number(minutes ?? decimalMinutes ?? 0) + Number(seconds ?? 0) / 60;
    if (fraction === undefined && minute === 0) continue;
    const size =
      fraction === undefined ? Number(degrees) + minute / 60 : Number(`${degrees}${fraction}`);
    const start = match.index;
    found.push({ size, negative: sign === '-', start, end: start + whole.length });
  }
  return found;
}

function micros(text: string): Degrees[] {
  if (!/\d{8}/.test(text)) return [];
  return matchesOf(INTEGER, text).map((match) => ({
    size: Number(match[2]) / MICRO,
    negative: match[1] === '-',
    start: match.index,
    end: match.index + match[0].length,
  }));
}

function within(value: number, range: { min: number; max: number }): boolean {
  return value >= range.min && value <= range.max;
}

function round(value: number): number {
  return Math.round(value * 1e7) / 1e7;
}
