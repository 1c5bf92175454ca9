import type { Profile } from '../profile.ts';

/** The products of the field, the more special before the more general. */
export const builtInProfiles: readonly Profile[] = [];
