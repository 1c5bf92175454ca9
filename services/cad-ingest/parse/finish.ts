import {
  type CadDraft,
  type CadFieldKey,
  type CadFields,
  cadFields,
} from '#contracts/cad-fields.ts';
import { type Draft, oneLine } from './draft.ts';
import type { PageText } from './text/prepare.ts';
import { readNarrative } from './values/narrative.ts';

/** Longest values of the contract, in characters. */
const TEXT_CHARS_MAX = {
  nature: 200,
  code: 40,
  address: 300,
  city: 100,
  state: 2,
  apartment: 60,
  placeName: 200,
  number: 200,
  priority: 40,
  map: 60,
  box: 60,
  channel: 60,
  source: 100,
  callerName: 120,
  callerPhone: 40,
} as const satisfies Partial<Record<CadFieldKey, number>>;

/** Brings what was read into the bounds of the contract; a value that cannot be fitted is left out. */
export function finishFields(draft: Draft): CadFields {
  const fields: { -readonly [Key in CadFieldKey]?: unknown } = { ...draft.fields };
  for (const [name, charsMax] of Object.entries(TEXT_CHARS_MAX)) {
    const key = name as keyof typeof TEXT_CHARS_MAX;
    const value = fields[key];
    if (typeof value === 'string') fields[key] = shorten(value, charsMax);
  }
  fields.narrative = readNarrative(draft.notes.join('\n'));
  fields.units = draft.fields.units?.map((unit) => shorten(unit, 40)).filter((unit) => unit !== '');
  const times = unitTimesOf(draft);
  if (times.length > 0) fields.unitTimes = times;
  return valid(fields);
}

/** A page on which nothing is dispatched is text and nothing else. */
export function finishText(page: PageText): CadFields {
  return valid({ narrative: readNarrative(page.body === '' ? page.subject : page.body) });
}

/** Keeps the keys whose value fits the contract. */
function valid(fields: Record<string, unknown>): CadFields {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const empty =
      value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    if (!empty && key in cadFields.shape) kept[key] = value;
  }
  const whole = cadFields.safeParse(kept);
  if (whole.success) return whole.data;
  for (const issue of whole.error.issues) {
    const key = issue.path[0];
    if (typeof key === 'string') delete kept[key];
  }
  return cadFields.parse(kept);
}

function unitTimesOf(draft: Draft): CadDraft['fields']['unitTimes'] & {} {
  const rows = draft.unitTimes.slice(0, 99);
  // What a unit's own row says is not said again for the whole incident.
  const whole = [...draft.status].filter(
    ([status, time]) => !rows.some((row) => row[status] === time),
  );
  return whole.length === 0 ? rows : [Object.fromEntries(whole), ...rows];
}

function shorten(text: string, charsMax: number): string {
  return oneLine(text).slice(0, charsMax).toWellFormed().replaceAll('\uFFFD', '').trim();
}
