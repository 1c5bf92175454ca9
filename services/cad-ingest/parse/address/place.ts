import { squeeze } from '../text/squeeze.ts';
import { type Token, textOf } from '../text/tokens.ts';
import { isNatureWord } from '../values/nature-words.ts';
import { isBound, passMarker, type RoadMatch } from './highway.ts';
import { matchHouse } from './house.ts';
import { matchStreet } from './street.ts';
import { DIRECTIONALS, INTERSECTION_MARKS } from './words.ts';

/**
 * `house` and `block` have a number and a street with a suffix; `mile` is a road with a marker or an
 * exit; `road` is a street alone.
 */
export type AddressForm = 'house' | 'block' | 'intersection' | 'mile' | 'road';

/** An address inside a text: which tokens it takes, and how it is written. */
export interface PlaceMatch {
  readonly start: number;
  readonly end: number;
  readonly form: AddressForm;
  /** 0..1: how surely it is an address, and ends here. */
  readonly certain: number;
  readonly text: string;
  readonly crossStreets: readonly string[];
}

interface Source {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** An address that begins at this token. */
export function matchPlace(source: Source, at: number): PlaceMatch | undefined {
  return (
    housePlace(source, at) ??
    ruralPlace(source, at) ??
    markerFirst(source, at) ??
    roadPlace(source, at)
  );
}

function housePlace(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  const house = matchHouse(tokens, at);
  const street = house && matchStreet(tokens, house.end);
  if (house === undefined || street === undefined) return undefined;
  const cross = crossAt(source, street.end);
  return {
    start: at,
    end: cross?.end ?? street.end,
    form: house.block ? 'block' : 'house',
    certain: street.certain,
    text: `${house.text} ${squeeze(textOf(text, tokens, house.end, street.end))}`,
    crossStreets: cross === undefined ? [] : [cross.text],
  };
}

const ROUTES = new Set(['RR', 'RFD', 'HC']);

/** `RR 2 BOX 45`: the post's rural route. */
function ruralPlace(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  if (!ROUTES.has(tokens[at]?.upper ?? '')) return undefined;
  const words = tokens.slice(at + 1, at + 4).map((token) => token.upper);
  const [number = '', box = '', house = ''] = words;
  const rural = /^\d{1,3}[A-Z]?$/.test(number);
  if (!rural || box !== 'BOX' || !/^\d{1,5}[A-Z]?$/.test(house)) return undefined;
  return {
    start: at,
    end: at + 4,
    form: 'house',
    certain: 0.95,
    text: squeeze(textOf(text, tokens, at, at + 4)),
    crossStreets: [],
  };
}

/** `MM 120 I65 NB`: the marker stands in front. */
function markerFirst(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  const end = passMarker(tokens, at);
  // In `GA 400 NB EXIT 35 AL HWY 9` the marker is of the road in front.
  if (end === at || isBound(tokens[at - 1])) return undefined;
  const road = matchStreet(tokens, end);
  if (road === undefined) return undefined;
  return {
    start: at,
    end: road.end,
    form: 'mile',
    certain: road.certain * 0.9,
    text: squeeze(textOf(text, tokens, at, road.end)),
    crossStreets: [],
  };
}

function roadPlace(source: Source, at: number): PlaceMatch | undefined {
  const { text, tokens } = source;
  const street = matchStreet(tokens, at);
  if (street === undefined) return undefined;
  const one = squeeze(textOf(text, tokens, at, street.end));
  const cross = crossAt(source, street.end);
  if (cross !== undefined) {
    return {
      start: at,
      end: cross.end,
      form: 'intersection',
      certain: Math.min(street.certain, cross.certain),
      text: `${one} & ${cross.text}`,
      crossStreets: [],
    };
  }
  const mile = MARKED.test(one);
  return {
    start: at,
    end: street.end,
    form: mile ? 'mile' : 'road',
    certain: street.certain * (mile ? 0.95 : 0.85),
    text: one,
    crossStreets: [],
  };
}

const MARKED = /\b(?:MM|MP|MILE ?MARKER|MILE ?POST|MILE|EXIT) ?-?\d/i;

/** The other street of an intersection, behind `/`, `&`, `@`, `AND`, `//`. */
function crossAt(
  source: Source,
  at: number,
): { text: string; end: number; certain: number } | undefined {
  const { text, tokens } = source;
  const from = passMarks(tokens, at);
  const other = from > at ? (matchStreet(tokens, from) ?? openName(tokens, at, from)) : undefined;
  if (other === undefined) return undefined;
  const written = squeeze(textOf(text, tokens, from, other.end));
  return { text: written, end: other.end, certain: other.certain };
}

/** `OSAGE ST/S CEDAR`: behind a slash one name without a suffix, and a mark or nothing behind it. */
function openName(tokens: readonly Token[], at: number, from: number): RoadMatch | undefined {
  if (!/^[/&]$/.test(tokens[at]?.text ?? '')) return undefined;
  const name = DIRECTIONALS.has(tokens[from]?.upper ?? '') ? from + 1 : from;
  const word = tokens[name]?.text ?? '';
  const named =
    /^(?:[A-Z][A-Za-z'-]{2,}|\d{1,3}(?:ST|ND|RD|TH))$/i.test(word) && !isNatureWord(word);
  const ends = tokens[name + 1] === undefined || /^[,;)|]$/.test(tokens[name + 1]?.text ?? '');
  return named && ends ? { end: name + 1, certain: OPEN_CERTAIN } : undefined;
}

const OPEN_CERTAIN = 0.65;

/** The index behind the marks of an intersection, or `at` where there are none. */
export function passMarks(tokens: readonly Token[], at: number): number {
  let next = at;
  while (next < at + 2 && INTERSECTION_MARKS.has(tokens[next]?.upper ?? '')) next += 1;
  return next;
}
