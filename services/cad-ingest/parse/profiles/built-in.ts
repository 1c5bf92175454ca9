import type { Profile } from '#contracts/cad-profile.ts';
import { labelLineProfiles } from './label-lines.ts';
import { labelProfiles } from './labels.ts';
import { lineProfiles } from './lines.ts';
import { newWorldProfiles } from './new-world.ts';
import { premierOneProfiles } from './premier-one.ts';
import { reportProfiles } from './reports.ts';

/** The products of the field, those with the surest marks first. */
export const builtInProfiles: readonly Profile[] = [
  ...reportProfiles,
  ...newWorldProfiles,
  ...labelProfiles,
  ...premierOneProfiles,
  ...labelLineProfiles,
  ...lineProfiles,
];
