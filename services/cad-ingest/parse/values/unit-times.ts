import type { CadFields } from '#contracts/cad-fields.ts';
import { isStatusTarget, type StatusTarget } from '#contracts/cad-targets.ts';
import { rolesOf, UNIT_LABEL_WORD } from '../dictionary.ts';
import { findLabels } from '../labels.ts';
import { matchesOf } from '../text/matches.ts';
import { timesIn } from './clock.ts';
import { isNamedUnit, isUnitCode } from './units.ts';

type UnitTime = NonNullable<CadFields['unitTimes']>[number];
type Draft = { -readonly [Key in keyof UnitTime]: UnitTime[Key] };

const UNITS_MAX = 99;
const LINES_MAX = 400;
/** Words of status columns and logs. */
const STATUS: readonly (readonly [RegExp, StatusTarget])[] = [
  [/^(?:rcvd|received|rec)$/i, 'received'],
  [/^(?:dispatched|dsp|disp|dispatch|dp|paged|ds|dispatchd)$/i, 'dispatched'],
  [/^(?:en-?route|enr|enrt|er|en route|responding|resp)$/i, 'enRoute'],
  [/^(?:on-?scene|on scene|arrived|arv|arr|arrvd|arrive|os|at scene|ons|ar|arrival)$/i, 'onScene'],
  [/^(?:transporting|transport|trans|tr|leaving scene|dpt|depart|enr hosp)$/i, 'transporting'],
  [
    /^(?:at hospital|hospital|hosp|ta|arrived hospital|at dest|at[- ]?hosp|arr hosp)$/i,
    'atHospital',
  ],
  [/^(?:available|avail|av|in service|aq|in quarters|qtr|avl)$/i, 'available'],
  [/^(?:cleared|clear|clr|completed|cmplt|complete|cl)$/i, 'cleared'],
];

/**
 * Status times per unit: `Unit: E91 DSP: 04:05 ENR: ...`, rows of a `Unit Status Time` table and log
 * lines `04:05:06 E91:Enroute`. The first time of a status counts.
 */
export function readUnitTimes(text: string): UnitTime[] {
  const units = new Map<string, Draft>();
  let columns: Columns | undefined;
  for (const line of text.split('\n').slice(0, LINES_MAX)) {
    if (!/\d{1,2}:\d{2}/.test(line)) {
      columns = columnsOf(line) ?? (line.trim() === '' ? columns : undefined);
      continue;
    }
    if (columns !== undefined && readColumns(line, columns, units)) continue;
    readLabelled(line, units);
    readRun(line, units);
    if (line.length > ROW_CHARS_MAX || line.includes(';')) readLog(line, units);
    else readRow(line, units);
  }
  return [...units.values()].slice(0, UNITS_MAX);
}

/** The status of each column, the units' own first. */
type Columns = readonly (StatusTarget | undefined)[];

/** `Unit  Dispatched  Enroute  On Scene  Clear`: the head of a table with two times and more. */
function columnsOf(line: string): Columns | undefined {
  if (!/\bunits?\b/i.test(line.slice(0, 40)) || line.length > ROW_CHARS_MAX) return undefined;
  const [first = '', ...others] = cellsOf(line);
  const columns = others.map((cell) => STATUS.find(([form]) => form.test(cell))?.[1]);
  const told = columns.filter((status) => status !== undefined).length;
  return /^units?(?: id)?$/i.test(first) && told > 1 ? columns : undefined;
}

/** Cells are parted by tabs, bars, or two blanks and more. */
function cellsOf(line: string): string[] {
  return line
    .trim()
    .split(/ *[\t|] *| {2,}/)
    .map((cell) => cell.trim());
}

/** A row with as many cells as the head has. */
function readColumns(line: string, columns: Columns, units: Map<string, Draft>): boolean {
  const [unit = '', ...cells] = cellsOf(line);
  if (cells.length !== columns.length || !(isUnitCode(unit) || isNamedUnit(unit))) return false;
  for (const [at, status] of columns.entries()) {
    if (status !== undefined) keep(units, unit, status, cells[at] ?? '');
  }
  return true;
}

const LABELLED_CHARS_MAX = 600;
/** Behind the unit's label and behind that of a time stands a sign that is not within a time. */
const FIRST_SIGN = /[=#\t-]|:(?!\d)|(?<!\d):/;
const LATER_SIGN = /[=#\t]|:(?!\d)|(?<!\d):/;

/** `Unit: X  Dispatched at: …  Enroute at: …`. */
function readLabelled(line: string, units: Map<string, Draft>): void {
  const near = line.slice(0, LABELLED_CHARS_MAX);
  if (!UNIT_LABEL_WORD.test(near)) return;
  const first = near.search(FIRST_SIGN);
  if (first < 0 || !LATER_SIGN.test(near.slice(first + 1))) return;
  const marks = findLabels(near, { lookup: rolesOf, unknownInside: false });
  let unit: string | undefined;
  for (const [index, mark] of marks.entries()) {
    const value = line.slice(mark.valueStart, marks[index + 1]?.start ?? line.length).trim();
    const role = mark.roles?.[0];
    const named = /^\S{1,12}$/.test(value) || isNamedUnit(value);
    if (role === 'units' && named) unit = value;
    if (unit === undefined || role === undefined || !isStatusTarget(role)) continue;
    keep(units, unit, role, value);
  }
}

/** `Unit: E91 ... Disp: 04:05`: the label says whose times they are. */
const HAS_UNIT = /(?<![A-Za-z])Unit(?: ID)?: ?\S/i;
/** A status and its time, and the word in front, which is the unit's where the first status is told. */
const TOLD =
  /(?:(?<![\w:])([A-Z0-9][A-Z0-9-]{1,9})(?: {1,3}- | {1,3}))?(?<![A-Za-z])(Disp(?:atched)?|DISP(?:ATCHED)?|ENR(?:OUTE)?|ARRIVED|ON SCENE|AVAIL(?:ABLE)?|CLEAR(?:ED)?|TRANSPORTING|DSP|DP|Enr(?:oute)?|En[ -]Route|ENRT|ER|On[ -]?Scene|Arr(?:ived)?|ARV|AR|OS|Transporting|Enr Hosp|Arr Hosp|At Hospital|TR|TA|Avail(?:able)?|AV|AQ|Clear(?:ed)?|CLR|Clr)(?:: {0,2}| {1,3}(?=\d))(?:(\d{1,2}:\d{2}(?::\d{2})?)(?![\d:])|(?=[A-Z]))/g;
const TOLD_MIN = 2;
const TWO_TIMES = /\d:\d\d.*\D\d{1,2}:\d\d/;

/** `E91 Disp: 04:05:06 Enr: 04:06:10  M4 Disp: ...`, `E91 DP 04:05 ER 04:06`, one unit behind the other. */
function readRun(line: string, units: Map<string, Draft>): void {
  if (
    !TWO_TIMES.test(line) ||
    !/\b(?:Disp|DISP|DSP|DP)/.test(line) ||
    HAS_UNIT.test(line.slice(0, LABELLED_CHARS_MAX))
  )
    return;
  const told = matchesOf(TOLD, line.slice(0, LOG_CHARS_MAX));
  if (told.length < TOLD_MIN) return;
  let unit: string | undefined;
  for (const [, word, status = '', time] of told) {
    const target = STATUS.find(([form]) => form.test(status))?.[1];
    if (target === 'dispatched') unit = word !== undefined && isOwner(word) ? word : undefined;
    if (unit !== undefined && target !== undefined && time !== undefined) {
      keep(units, unit, target, time);
    }
  }
}

/** A unit's id, or the short name of a company: `ARLFD`; a label such as `TIME` is none. */
function isOwner(word: string): boolean {
  return /\d/.test(word) ? isUnitCode(word) : word.length > 2 && rolesOf(word) === undefined;
}

/** A longer line is no row of a table. */
const ROW_CHARS_MAX = 120;
const LOG_CHARS_MAX = 4_000;
const LOGGED =
  /(?<![\d:])(\d{1,2}:\d{2}(?::\d{2})?) ([A-Z0-9-]{2,10}) ([A-Za-z]{2,12})(?=[;,]|\s*$)/g;

/** Many of them in one line: `04:05:06 E91 DISPATCHED; 04:06:10 E91 ENROUTE;`. */
function readLog(line: string, units: Map<string, Draft>): void {
  const entries = matchesOf(LOGGED, line.slice(0, LOG_CHARS_MAX));
  for (const [, time = '', unit = '', status = ''] of entries) {
    const target = STATUS.find(([form]) => form.test(status))?.[1];
    if (target !== undefined && isUnitCode(unit)) keep(units, unit, target, time);
  }
}

/** `E91  Enroute  04:05:06`, `04:05:06 E91:Enroute`, `04:05:06 01/02/31 E91 ENRT`. */
function readRow(line: string, units: Map<string, Draft>): void {
  const time = timesIn(line)[0];
  if (time === undefined) return;
  const rest = `${line.slice(0, time.start)} ${line.slice(time.end)}`
    .replaceAll(/\d{1,2}\/\d{1,2}\/\d{2,4}/g, ' ')
    .replaceAll(/[:\t|,-](?=\D)|[|\t]/g, ' ')
    .trim();
  const words = rest.split(/\s+/);
  const unit = words[0] ?? '';
  const named = isUnitCode(unit) || isNamedUnit(unit);
  if (!named || words.length < 2 || words.length > 4) return;
  const status = words.slice(1).join(' ');
  const target = STATUS.find(([form]) => form.test(status))?.[1];
  if (target !== undefined) keep(units, unit, target, time.value);
}

function keep(units: Map<string, Draft>, unit: string, target: StatusTarget, text: string): void {
  const time = timesIn(text, { bare: true })[0]?.value;
  if (time === undefined) return;
  const known = units.get(unit) ?? { unit };
  known[target] ??= time;
  units.set(unit, known);
}
