import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import type { Draft } from './draft.ts';

export type Tables = NonNullable<Profile['tables']>;

/** The codes as the page has them, by the field whose words now stand there. */
export type Translated = { [Key in CadFieldKey]?: string };

/** A value that a table of the centre knows is the field's, wherever it stood. */
const KNOWN_CODE = 0.95;

/**
 * Puts the centre's words for its codes: `FRV` is Fairvale. What no table knows stays. Of several
 * tables the first that knows a code counts.
 */
export function applyTables(tables: readonly (Tables | undefined)[], draft: Draft): Translated {
  const translated: Translated = {};
  for (const key of ['city', 'source'] as const) {
    const code = draft.fields[key];
    const words = lookUp(tables, key, code);
    if (code === undefined || words === undefined || words === code) continue;
    draft.fields[key] = words;
    sure(draft, key);
    translated[key] = code;
  }
  return { ...translated, ...unitsOf(tables, draft), ...natureOf(tables, draft) };
}

function unitsOf(tables: readonly (Tables | undefined)[], draft: Draft): Translated {
  const { units } = draft.fields;
  if (units === undefined) return {};
  const named = units.map((unit) => lookUp(tables, 'units', unit) ?? unit);
  if (named.every((unit, at) => unit === units[at])) return {};
  draft.fields.units = [...new Set(named)];
  return { units: units.join(', ') };
}

/** The code of a call type has a field of its own, where it stays. */
function natureOf(tables: readonly (Tables | undefined)[], draft: Draft): Translated {
  const { fields } = draft;
  const [code, words] = [fields.nature, fields.code]
    .map((each) => [each, lookUp(tables, 'nature', each)] as const)
    .find(([, found]) => found !== undefined) ?? [undefined, undefined];
  if (code === undefined || words === undefined || words === fields.nature) return {};
  fields.code ??= code;
  fields.nature = words;
  sure(draft, 'nature');
  return { nature: code };
}

function sure(draft: Draft, key: CadFieldKey): void {
  draft.certain.set(key, Math.max(draft.certain.get(key) ?? 0, KNOWN_CODE));
}

function lookUp(
  tables: readonly (Tables | undefined)[],
  name: keyof Tables,
  code: string | undefined,
): string | undefined {
  if (code === undefined) return undefined;
  const upper = code.toUpperCase();
  for (const each of tables) {
    const words = readyOf(each?.[name])?.get(upper);
    if (words !== undefined) return words;
  }
  return undefined;
}

type Table = NonNullable<Tables[keyof Tables]>;

/** Codes in capitals; tables of thousands of codes are made ready once, not for each value. */
const ready = new WeakMap<Table, ReadonlyMap<string, string>>();

function readyOf(table: Table | undefined): ReadonlyMap<string, string> | undefined {
  if (table === undefined) return undefined;
  const known = ready.get(table);
  if (known !== undefined) return known;
  const made = new Map(Object.entries(table).map(([code, words]) => [code.toUpperCase(), words]));
  ready.set(table, made);
  return made;
}
