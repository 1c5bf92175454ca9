import type { Profile } from '../profile.ts';
import { labelProfiles } from './labels.ts';
import { lineProfiles } from './lines.ts';
import { reportProfiles } from './reports.ts';

/** The products of the field, those with the surest marks first. */
export const builtInProfiles: readonly Profile[] = [
  ...reportProfiles,
  ...labelProfiles,
  ...lineProfiles,
];
