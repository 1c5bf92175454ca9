import {
  type CadDraft,
  type CadFieldKey,
  type CadFields,
  cadFieldKeys,
  cadFields,
} from '#contracts/cad-fields.ts';
import type { Draft } from './draft.ts';
import type { PageText } from './text/prepare.ts';
import { isSqueezed, squeeze } from './text/squeeze.ts';
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
const TEXTS = Object.entries(TEXT_CHARS_MAX) as [keyof typeof TEXT_CHARS_MAX, number][];

/** Brings what was read into the bounds of the contract; a value that cannot be fitted is left out. */
export function finishFields(draft: Draft): CadFields {
  const fields: { -readonly [Key in CadFieldKey]?: unknown } = { ...draft.fields };
  for (const [key, charsMax] of TEXTS) {
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
function valid(fields: { readonly [Key in CadFieldKey]?: unknown }): CadFields {
  const kept: { [Key in CadFieldKey]?: unknown } = {};
  for (const [key, schema] of SCHEMAS) {
    const value = fields[key];
    const empty =
      value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    if (empty) continue;
    const parsed = schema.safeParse(value);
    if (parsed.success) kept[key] = parsed.data;
  }
  return kept as CadFields;
}

/** Each field by itself: of the two dozen a page has some, and only those are looked at. */
const SCHEMAS = cadFieldKeys.map((key) => [key, cadFields.shape[key].unwrap()] as const);

function unitTimesOf(draft: Draft): CadDraft['fields']['unitTimes'] & {} {
  const rows = draft.unitTimes.slice(0, 99);
  // What a unit's own row says is not said again for the whole incident.
  const whole = [...draft.status].filter(
    ([status, time]) => !rows.some((row) => row[status] === time),
  );
  // When it was received says the time of the call, and nothing of a unit.
  if (whole.every(([status]) => status === 'received')) return rows;
  return [Object.fromEntries(whole), ...rows];
}

function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax && isSqueezed(text)) return text;
  return squeeze(text).slice(0, charsMax).toWellFormed().replaceAll('\uFFFD', '').trim();
}
