import { z } from 'zod';

/**
 * What becomes of a page about a call that is an incident already. `update`: it adds to the incident.
 * `discard`: the first page counts, later ones change nothing. `passthrough`: each page is an
 * incident. Reports of times add to the incident in any case.
 */
export const updateAction = z.enum(['discard', 'update', 'passthrough']);

/**
 * How a page is known to be about the same call. `number`: a CAD number within 24 hours; a missing
 * one equals nothing. `location`: the same place within ten minutes. `locationAndNature`: the same
 * call type there. `numberElseLocation`: by number where both have one, else by location.
 */
export const updateMatch = z.enum([
  'number',
  'location',
  'locationAndNature',
  'numberElseLocation',
]);

export const updatePolicy = z.strictObject({ action: updateAction, match: updateMatch });
export type UpdatePolicy = z.infer<typeof updatePolicy>;

/** Fits most centres: nearly half of all pages carry no number. */
export const UPDATE_POLICY_DEFAULT: UpdatePolicy = {
  action: 'update',
  match: 'numberElseLocation',
};
