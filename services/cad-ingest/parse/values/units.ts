import { SUFFIXES } from '../address/words.ts';
import { oncePerPage } from '../page-memo.ts';

/** Words that name a kind of unit or a station; the number stands behind them. */
const KIND_WORDS = new Set(
  'ENGINE ENG MEDIC AMBULANCE AMB STATION STA STN TRUCK LADDER TOWER TANKER TENDER RESCUE SQUAD BATTALION BATT CHIEF BRUSH UTILITY CAR UNIT COMPANY CO DIVISION DIV SQ QUINT HAZMAT BOAT DIST DISTRICT FIRE EMS ALS BLS FD VFD COUNTY PATROL SUPERVISOR COMMAND TRK CHF LAD LDR TNK TNKR TKR MED PARAMEDIC RES RSC SQD BAT TEN'.split(
    ' ',
  ),
);
const CODE =
  /^(?:[A-Z]{1,8}-?\d{1,5}[A-Z]{0,2}|\d{1,4}[A-Z]{1,6}\d{0,4}|\d{2,5}|[A-Z]{1,3}\d{1,3}[A-Z]{1,4}\d{0,3}|\d{1,3}-\d{1,4}[A-Z]?)$/;
const ROADS = /^(?:I|US|SR|CR|HWY|RT|RTE|FM|MM|SH|MP|EXIT|PR|PH|APT|LOT|RM|STE|ST)-?\d/;
const UNITS_MAX = 100;

/** The word is a unit's id: `E12`, `MED4`, `51C1`, `BC-2`; a road number such as `SR347` is none. */
export function isUnitCode(word: string): boolean {
  if (!/\d/.test(word)) return false;
  const upper = word.toUpperCase();
  if (upper.length > 10 || ROADS.test(upper)) return false;
  return CODE.test(upper) && !/^\d+(?:ST|ND|RD|TH)$/.test(upper);
}

/** How surely a value without a label is a list of units: 0 to 1. */
export const unitListScore = oncePerPage(scoreOf);

function scoreOf(text: string): number {
  // Every unit has a digit.
  if (text.length > 300 || !/\d/.test(text)) return 0;
  const words = splitUnits(text);
  if (words.length === 0) return 0;
  const codes = words.filter((word) => isUnitCode(word) || isNamedUnit(word));
  if (codes.length < words.length) {
    if (words.some((word) => isRoadWord(word.toUpperCase()))) return 0;
    // A town's name among unit codes is a company: `E91, FAIRVALE FD`.
    return codes.length / words.length >= 0.6 && /[,;\n]/.test(text) ? 0.6 : 0;
  }
  const digitsOnly = words.every((word) => /^\d+$/.test(word));
  if (digitsOnly) return words.length > 1 ? 0.35 : 0.1;
  return words.length > 1 ? 0.95 : 0.8;
}

/** In `82 ROUTE 9W, 05` the numbers are a house's and a road's. */
function isRoadWord(word: string): boolean {
  return SUFFIXES.has(word) || /^(?:HWY|HIGHWAY|ROUTE|RTE|RT|STATE|US)$/.test(word);
}

/** `Station STA15`, `ENGINE 5`, `County Sta 7`. */
export function isNamedUnit(text: string): boolean {
  if (!/\d/.test(text)) return false;
  const words = text.toUpperCase().split(/\s+/);
  const last = words.at(-1) ?? '';
  const kinds = words.slice(0, -1);
  const lastFits =
    (isUnitCode(last) && last !== '911') || (/^\d{1,4}[A-Z]?$/.test(last) && last !== '911');
  // `ENGINE 2 TRUCK 2` are two.
  if (kinds.some((kind) => /^\d+$/.test(kind))) return false;
  return kinds.length > 0 && kinds.length <= 3 && lastFits && KIND_WORDS.has(kinds.at(-1) ?? '');
}

/** The ids of a list behind a label such as `Units:`; repeated ones once, in their order. */
export function readUnits(text: string): string[] {
  const units = splitUnits(text)
    .map(bareUnit)
    .filter((unit) => unit !== '' && unit.length <= 40);
  return [...new Set(units)].slice(0, UNITS_MAX);
}

function splitUnits(text: string): string[] {
  const parts = text
    .slice(0, 2_000)
    .split(/[,;+\n\t|]| {2,}|\s[-&]\s/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.flatMap(splitWords);
}

/** Blank-separated codes part; `ENGINE 5` and `Fairvale Fire Dept` stay whole. */
function splitWords(part: string): string[] {
  const words = part.split(' ').filter((word) => word !== '');
  if (words.length < 2 || words.every((word) => /^[A-Za-z]+$/.test(word))) return [part];
  if (isNamedUnit(part) && !isUnitCode(words[0] ?? '')) return [part];
  const grouped: string[] = [];
  for (const word of words) {
    const last = grouped.at(-1);
    const opens = last !== undefined && KIND_WORDS.has(last.toUpperCase());
    if (opens && /^\d{1,4}[A-Z]?$/i.test(word)) grouped[grouped.length - 1] = `${last} ${word}`;
    else grouped.push(word);
  }
  return grouped;
}

/** Without brackets, a status in parentheses, or a closing mark. */
function bareUnit(part: string): string {
  return part
    .replaceAll(/[[\]{}<>"]/g, '')
    .replace(/\([^()]{0,60}\)?$/, '')
    .replace(/^[\s*:.#-]+/, '')
    .replace(/[\s*:.,-]{1,8}$/, '')
    .trim();
}
