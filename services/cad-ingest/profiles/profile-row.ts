/**
 * A department's own profiles as rows. The head of a profile counts its versions: its row version is
 * the number of the newest one. Each version is a row of its own that is never changed.
 */
import { z } from 'zod';
import { type Profile, profile } from '#contracts/cad-profile.ts';
import { type CadProfile, cadProfile, type ListedProfile } from '#contracts/cad-profiles.ts';
import type { Change, Json, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { builtInProfiles } from '../parse/profiles/built-in.ts';

export const PROFILE_KIND = 'cad-profile';
export const PROFILE_VERSION_KIND = 'cad-profile-version';

/** Digits of a version in a row id, so that versions sort. */
const VERSION_DIGITS = 12;

const head = z.strictObject({
  changedAt: cadProfile.shape.changedAt.unwrap(),
  changedBy: cadProfile.shape.changedBy.unwrap(),
});
type Head = z.infer<typeof head>;
/** A version of a department's own profile: it was made by somebody. */
export type OwnProfile = CadProfile & Head;
const versionRow = z.strictObject({ ...head.shape, profile });

const builtIn = new Map(builtInProfiles.map((each) => [each.id, each]));

export function builtInProfile(id: string): Profile | undefined {
  return builtIn.get(id);
}

export function versionRowId(id: string, version: number): string {
  return `${id}/${String(version).padStart(VERSION_DIGITS, '0')}`;
}

/** The changes that keep a version; `before` is the number of the newest one until now. */
export function versionChanges(
  { id, version, profile: document, changedAt, changedBy }: OwnProfile,
  before: number,
): readonly Change[] {
  const made: Head = { changedAt, changedBy };
  // JSON by its schema; zod's type lets absent keys be `undefined`.
  const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as Json;
  const kept = { kind: PROFILE_VERSION_KIND, id: versionRowId(id, version) };
  return [
    { put: { kind: PROFILE_KIND, id, value: json(made) }, expect: before },
    { put: { ...kept, value: json({ ...made, profile: document }) }, expect: 0 },
  ];
}

/** The number of the newest version of an own profile. */
export async function newestVersion(tables: TenantTables, id: string): Promise<number | undefined> {
  return (await tables.get({ kind: PROFILE_KIND, id }))?.version;
}

/**
 * A profile in one version, the newest unless one is named: the department's own, or a built-in one.
 * Problem `not-found` for any other.
 */
export async function findProfile(
  tables: TenantTables,
  { id, version }: { readonly id: string; readonly version?: number | undefined },
): Promise<CadProfile> {
  // Own ones first: a later release may bring a built-in one under the same id.
  const wanted = version ?? (await newestVersion(tables, id));
  const own = wanted === undefined ? undefined : await getVersion(tables, id, wanted);
  if (own !== undefined) return own;
  const fixed = builtInProfile(id);
  if (fixed !== undefined && (version === undefined || version === fixed.version)) {
    return { id, version: fixed.version, origin: 'built-in', profile: fixed };
  }
  throw new Problem('not-found', { detail: 'There is no such profile, or not in this version.' });
}

export async function getVersion(
  tables: TenantTables,
  id: string,
  version: number,
): Promise<CadProfile | undefined> {
  const row = await tables.get({ kind: PROFILE_VERSION_KIND, id: versionRowId(id, version) });
  if (row === undefined) return undefined;
  return { id, version, origin: 'own', ...versionRow.parse(row.value) };
}

/** What a list shows of a row of either kind. */
export function listedOf(id: string, version: number, value: Json): ListedProfile {
  const { changedAt, changedBy } = head.loose().parse(value);
  return { id, version, origin: 'own', changedAt, changedBy };
}
