import { z } from 'zod';
import { trialCounts } from '#contracts/cad-trials.ts';
import { timestamp } from '#contracts/primitives.ts';
import type { Change, Json, TenantTables } from '#shared/ports/tables.ts';
import { sourceRow } from '../source.ts';
import type { Active } from './selection.ts';

/** What came of trying a version on the mail of a source: one row to each, the last trial counts. */
const TRIAL_KIND = 'cad-trial';

const active = sourceRow.pick({ profile: true, profileVersion: true });

const trial = z.strictObject({
  at: timestamp,
  mails: z.number().int().nonnegative(),
  /** What was active when it was tried. */
  against: active,
  active: trialCounts,
  tried: trialCounts,
  worse: z.boolean(),
});
export type Trial = z.infer<typeof trial>;

export async function getTrial(
  tables: TenantTables,
  sourceId: string,
  tried: Active,
): Promise<Trial | undefined> {
  const row = await tables.get(keyOf(sourceId, tried));
  return row && trial.parse(row.value);
}

/** The change that keeps a trial; it takes the place of an earlier one. */
export async function trialChange(
  tables: TenantTables,
  about: { readonly sourceId: string; readonly tried: Active; readonly trial: Trial },
): Promise<Change> {
  const key = keyOf(about.sourceId, about.tried);
  const earlier = await tables.get(key);
  // JSON by its schema; zod's type lets absent keys be `undefined`.
  const value = JSON.parse(JSON.stringify(about.trial)) as Json;
  return { put: { ...key, value }, expect: earlier?.version ?? 0 };
}

export function isSameActive(one: Active, other: Active): boolean {
  return one.profile === other.profile && one.profileVersion === other.profileVersion;
}

function keyOf(sourceId: string, { profile = '', profileVersion = 0 }: Active) {
  return { kind: TRIAL_KIND, id: `${sourceId}/${profile}/${profileVersion}` };
}
