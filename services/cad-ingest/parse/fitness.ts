import { isStatusTarget, type Target } from '#contracts/cad-targets.ts';
import { readAddress } from './address/address.ts';
import { isAgency } from './agency-name.ts';
import { ANY_DAY, datesIn, timesIn } from './values/clock.ts';
import { isIncidentNumber, isPhone } from './values/codes.ts';
import { findCoordinates, readDegrees } from './values/coordinates.ts';
import { natureScore } from './values/nature-words.ts';
import { unitListScore } from './values/units.ts';

const SHORT_CHARS_MAX = 40;
const CITY_CHARS_MAX = 60;
const VALUE_CHARS_MAX = 300;
const NATURE_WORDS_MAX = 14;

/**
 * How well a value fits what its label may mean: 0 (cannot be) to 1. Below a half another meaning of
 * the label is tried.
 */
export function fitness(target: Target, value: string): number {
  const text = value.trim().slice(0, VALUE_CHARS_MAX);
  if (text === '') return 0;
  if (isStatusTarget(target)) return hasTime(text);
  return (measures[target] ?? half)(text);
}

type Measure = (text: string) => number;

const measures: Partial<Record<Target, Measure>> = {
  address: addressFitness,
  placeName: (text) => (/[A-Za-z]{2}/.test(text) ? 0.6 : 0.1),
  crossStreets: (text) =>
    /[A-Za-z]{2}|\d(?:ST|ND|RD|TH)\b/i.test(text) && !readDegrees(text) ? 0.8 : 0.1,
  number: numberFitness,
  nature: natureFitness,
  units: (text) => Math.max(unitListScore(text), timesIn(text)[0] ? 0 : 0.55),
  city: (text) => (/[A-Za-z]/.test(text) && text.length <= CITY_CHARS_MAX ? 0.8 : 0.2),
  state: (text) => (/^[A-Za-z]{2}$/.test(text) ? 1 : 0.1),
  time: hasTime,
  date: (text) => (datesIn(text, ANY_DAY)[0] ? 1 : 0),
  dateTime: (text) => (datesIn(text)[0] || hasTime(text) ? 1 : 0),
  latitude: isDegrees,
  longitude: isDegrees,
  coordinates: (text) => (findCoordinates(text) ? 1 : 0),
  callerPhone: (text) => (/\d{3}/.test(text) ? 0.9 : 0.1),
  callerName: (text) => (/[A-Za-z]{2}/.test(text) ? 0.7 : 0.1),
  source: sourceFitness,
  map: short,
  box: short,
  priority: short,
  apartment: short,
  channel: short,
  code: short,
};

function half(): number {
  return 0.5;
}

function short(text: string): number {
  return text.length <= SHORT_CHARS_MAX ? 0.7 : 0.1;
}

function hasTime(text: string): number {
  return timesIn(text, { bare: true })[0] ? 1 : 0;
}

function isDegrees(text: string): number {
  return readDegrees(text) === undefined ? 0 : 1;
}

function addressFitness(text: string): number {
  const parts = readAddress(text);
  if (parts.form === 'plain') return 0.35;
  if (parts.form === 'bare' || parts.form === 'open') return 0.6;
  if (parts.form === 'none') return parts.coordinates === undefined ? 0.1 : 0.6;
  return 0.7 + parts.certain * 0.3;
}

/** Words of a call type are no agency, unless a service's name is among them. */
function sourceFitness(text: string): number {
  if (text.length > CITY_CHARS_MAX) return 0.1;
  return natureScore(text) >= 0.5 && !isAgency(text) ? 0.4 : 0.7;
}

/** `10-50 PI`: police radio, and no incident number. */
function isTenCode(text: string): boolean {
  return /^10-\d{2}(?: [A-Z]{1,3})?$/.test(text);
}

function numberFitness(text: string): number {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length > 12 || isPhone(text) || isTenCode(text)) return 0.1;
  if (words.some(isIncidentNumber)) return 1;
  return words.length <= 2 && /\d/.test(text) ? 0.7 : 0.1;
}

function natureFitness(text: string): number {
  if (/^\d{2,4}[A-Z]?$/.test(text)) return 0.5;
  if (text.split(' ').length > NATURE_WORDS_MAX) return 0.3;
  if (!/[A-Za-z]{2}/.test(text) && !/^\d{1,3}[-A-Z]/.test(text)) return 0.2;
  if (isIncidentNumber(text.split(/\s/)[0] ?? '') && !/[A-Za-z]{3}/.test(text)) return 0.1;
  return 0.6 + natureScore(text) * 0.4;
}
