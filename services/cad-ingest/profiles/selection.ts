import type { CodeTables } from '#contracts/cad-code-tables.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import type { CadProfile } from '#contracts/cad-profiles.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { SOURCE_KIND, type SourceRow, sourceRow } from '../source.ts';
import { codeTablesOf } from './code-tables.ts';
import { builtInProfile, getVersion } from './profile-row.ts';

/** What the mail of a source is read by, as it is given to the thread that reads. */
export interface Selection {
  /** Absent: each mail tells by itself which built-in profile it is of. */
  readonly profile?: Profile;
  /** Code tables of the centre. */
  readonly tables?: CodeTables;
}

export type Active = Pick<SourceRow, 'profile' | 'profileVersion'>;

/** How a source names a profile: a built-in one has no version of the department's. */
export function activeOf({ id, version, origin }: CadProfile): Active {
  return origin === 'own' ? { profile: id, profileVersion: version } : { profile: id };
}

/** What is active for a source now. */
export async function selectionOf(tables: TenantTables, sourceId: string): Promise<Selection> {
  const row = await tables.get({ kind: SOURCE_KIND, id: sourceId });
  return row === undefined ? {} : selected(tables, sourceId, sourceRow.parse(row.value));
}

/** The documents behind ids. Versions are never removed, so that an active one is always there. */
export async function selected(
  tables: TenantTables,
  sourceId: string,
  active: Active,
): Promise<Selection> {
  const [profile, codes] = await Promise.all([
    activeDocument(tables, active),
    codeTablesOf(tables, sourceId),
  ]);
  return { ...(profile && { profile }), tables: codes };
}

async function activeDocument(
  tables: TenantTables,
  { profile: id, profileVersion }: Active,
): Promise<Profile | undefined> {
  if (id === undefined) return undefined;
  const own =
    profileVersion === undefined ? undefined : await getVersion(tables, id, profileVersion);
  return own?.profile ?? builtInProfile(id);
}
