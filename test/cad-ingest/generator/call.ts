import type { Random } from './random.ts';
import {
  AGENCIES,
  BARE_STREETS,
  CITIES,
  FIRST_NAMES,
  HIGHWAYS,
  LAST_NAMES,
  NARRATIVES,
  NATURES,
  PLACES,
  STATES,
  STREET_NAMES,
  SUFFIXES,
  UNIT_PREFIXES,
} from './world.ts';

/** One invented call: what a perfect reader would find, and how the centre writes its address. */
export interface Call {
  readonly nature: string;
  readonly code: string;
  /** The truth: `A & B` for an intersection, a plain house number. */
  readonly address: string;
  /** As this centre writes it. */
  readonly written: string;
  readonly apartment: string;
  readonly city: string;
  readonly cityCode: string;
  readonly state: string;
  readonly zip: string;
  readonly place: string;
  readonly cross: readonly string[];
  readonly units: readonly string[];
  readonly number: string;
  readonly month: number;
  readonly day: number;
  readonly year: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly lat: number;
  readonly lon: number;
  readonly priority: string;
  readonly map: string;
  readonly box: string;
  readonly channel: string;
  readonly agency: string;
  readonly caller: string;
  readonly phone: string;
  readonly narrative: string;
}

/** How one centre writes: fixed for all its pages. */
export interface Habit {
  readonly crossMark: string;
  readonly houseStyle: 'plain' | 'decimal' | 'padded';
  readonly numberStyle: 'long' | 'dashed' | 'letter' | 'short';
  readonly lowerCase: boolean;
  readonly cityCodes: boolean;
  readonly state: string;
  readonly cities: readonly (readonly [string, string])[];
  readonly unitPrefixes: readonly string[];
  readonly year: number;
}

export function habitOf(random: Random): Habit {
  return {
    crossMark: random.pick([' / ', '/', ' & ', ' & ', ' @ ', '//', ' AND ']),
    houseStyle: random.chance(0.9) ? 'plain' : random.pick(['decimal', 'padded']),
    numberStyle: random.pick(['long', 'dashed', 'letter', 'short']),
    lowerCase: random.chance(0.2),
    cityCodes: random.chance(0.32),
    state: random.pick(STATES),
    cities: random.shuffle(CITIES).slice(0, 6),
    unitPrefixes: random.shuffle(UNIT_PREFIXES).slice(0, 4),
    year: random.int(2019, 2031),
  };
}

export function callOf(random: Random, habit: Habit): Call {
  const [nature, code] = random.pick(NATURES);
  const [city, cityCode] = random.pick(habit.cities);
  const place = addressOf(random, habit);
  const title = (text: string) => (habit.lowerCase ? titled(text) : text);
  return {
    nature,
    code,
    address: title(place.truth),
    written: title(place.written),
    apartment: random.chance(0.12) ? random.pick(['4', '2B', 'A', '12', '101']) : '',
    city: title(city),
    cityCode,
    state: habit.state,
    zip: `0${random.digits(4)}`,
    place: random.chance(0.25) ? title(random.pick(PLACES)) : '',
    cross: random.chance(0.8) ? [streetOf(random), streetOf(random)].map(title) : [],
    units: unitsOf(random, habit),
    number: numberOf(random, habit),
    year: habit.year,
    month: random.int(1, 12),
    day: random.int(1, 28),
    hour: random.int(0, 23),
    minute: random.int(0, 59),
    second: random.int(0, 59),
    lat: random.int(30_000_000, 45_000_000) / 1e6,
    lon: -random.int(75_000_000, 99_000_000) / 1e6,
    priority: random.pick(['1', '2', '3', 'P1']),
    map: random.pick(['7-C', '12', 'QX1', '4410', 'B-22']),
    box: random.digits(4),
    channel: random.pick(['OPS 3', 'TAC 2', 'FG 7']),
    agency: random.pick(AGENCIES),
    caller: `${random.pick(LAST_NAMES)}, ${random.pick(FIRST_NAMES)}`,
    phone: random.pick([`555${random.digits(7)}`, `(555) 555-01${random.digits(2)}`, '555-0142']),
    narrative: random.pick(NARRATIVES),
  };
}

export function streetOf(random: Random): string {
  if (random.chance(0.07)) return random.pick(HIGHWAYS);
  if (random.chance(0.03)) return random.pick(BARE_STREETS);
  const direction = random.chance(0.15) ? `${random.pick(['N', 'S', 'E', 'W'])} ` : '';
  const behind = random.chance(0.03) ? ` ${random.pick(['N', 'SW', 'EXT'])}` : '';
  return `${direction}${random.pick(STREET_NAMES)} ${weighted(random)}${behind}`;
}

function weighted(random: Random): string {
  const total = SUFFIXES.reduce((sum, [, share]) => sum + share, 0);
  let left = random.int(1, total);
  for (const [suffix, share] of SUFFIXES) {
    left -= share;
    if (left <= 0) return suffix;
  }
  return 'ST';
}

function addressOf(random: Random, habit: Habit): { truth: string; written: string } {
  const kind = random.next();
  if (kind < 0.1) return intersection(random, habit);
  if (kind < 0.14) {
    const road = random.pick(HIGHWAYS);
    const marked = `${road} ${random.pick(['NB', 'SB', 'N', 'W'])} MM ${random.int(1, 220)}`;
    return { truth: marked, written: marked };
  }
  if (kind < 0.17) {
    const block = `${random.int(1, 99)}00 ${random.pick(['BLK', 'BLOCK'])} ${streetOf(random)}`;
    return { truth: block, written: block };
  }
  const house = String(random.int(1, 12_000));
  const street = streetOf(random);
  return { truth: `${house} ${street}`, written: `${houseAs(house, habit)} ${street}` };
}

function intersection(random: Random, habit: Habit): { truth: string; written: string } {
  const [one, other] = [streetOf(random), streetOf(random)];
  return { truth: `${one} & ${other}`, written: `${one}${habit.crossMark}${other}` };
}

function houseAs(house: string, habit: Habit): string {
  if (habit.houseStyle === 'decimal') return `${house}.00`;
  return habit.houseStyle === 'padded' ? house.padStart(6, '0') : house;
}

function unitsOf(random: Random, habit: Habit): string[] {
  const count = random.int(1, 4);
  const units = Array.from(
    { length: count },
    () => `${random.pick(habit.unitPrefixes)}${random.int(1, 99)}`,
  );
  return [...new Set(units)];
}

function numberOf(random: Random, habit: Habit): string {
  const year = String(habit.year);
  switch (habit.numberStyle) {
    case 'long':
      return `${year}${random.digits(8)}`;
    case 'dashed':
      return `${year}-${random.digits(8)}`;
    case 'letter':
      return `${year.slice(2)}F${random.digits(4)}`;
    case 'short':
      return `${year.slice(2)}-${random.digits(6)}`;
    default:
      return habit.numberStyle satisfies never;
  }
}

function titled(text: string): string {
  return text
    .split(' ')
    .map((word) => (/^[A-Z]{3,}$/.test(word) ? word[0] + word.slice(1).toLowerCase() : word))
    .join(' ');
}

export function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

export function clock(call: Call): string {
  return `${pad(call.hour)}:${pad(call.minute)}:${pad(call.second)}`;
}

export function usDate(call: Call, yearDigits: 2 | 4 = 2): string {
  return `${pad(call.month)}/${pad(call.day)}/${String(call.year).slice(-yearDigits)}`;
}

export function twelveHour(call: Call): string {
  const half = call.hour < 12 ? 'AM' : 'PM';
  return `${call.hour % 12 || 12}:${pad(call.minute)}:${pad(call.second)} ${half}`;
}
