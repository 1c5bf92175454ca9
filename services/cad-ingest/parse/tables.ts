import type { Profile } from '#contracts/cad-profile.ts';
import type { Draft } from './draft.ts';

/** Puts the centre's words for its codes: `FRV` is Fairvale. What no table knows stays. */
export function applyTables(tables: Profile['tables'], draft: Draft): void {
  if (tables === undefined) return;
  const { fields } = draft;
  const { city, nature, source, units } = tables;
  fields.city = lookUp(city, fields.city);
  fields.source = lookUp(source, fields.source);
  if (units !== undefined && fields.units !== undefined) {
    fields.units = fields.units.map((unit) => lookUp(units, unit) ?? unit);
  }
  const code = fields.nature;
  const words = lookUp(nature, code ?? fields.code);
  if (words === undefined || words === code) return;
  fields.code ??= code;
  fields.nature = words;
  draft.certain.set('nature', Math.max(draft.certain.get('nature') ?? 0, 0.95));
}

function lookUp(
  table: Readonly<Record<string, string>> | undefined,
  value: string | undefined,
): string | undefined {
  if (table === undefined || value === undefined) return value;
  const upper = value.toUpperCase();
  const found = Object.entries(table).find(([code]) => code.toUpperCase() === upper);
  return found?.[1] ?? value;
}
