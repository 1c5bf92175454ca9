import { type CadFieldKey, cadFieldKeys, unitStatuses } from './cad-fields.ts';

/**
 * What a piece of a page may mean: a field of the draft, a value that fills several, a status time,
 * or nothing (`skip`). `any` lets the value's own type decide.
 */
export type StatusTarget = (typeof unitStatuses)[number];

const compoundTargets = ['dateTime', 'latitude', 'longitude', 'unitLog', 'skip', 'any'] as const;

const fieldTargets = cadFieldKeys.filter((key) => key !== 'unitTimes') as Exclude<
  CadFieldKey,
  'unitTimes'
>[];

export type Target =
  | (typeof fieldTargets)[number]
  | (typeof compoundTargets)[number]
  | StatusTarget;
export const targets: readonly [Target, ...Target[]] = [
  'any',
  ...fieldTargets,
  ...compoundTargets.filter((target) => target !== 'any'),
  ...unitStatuses,
];

const statuses: ReadonlySet<string> = new Set(unitStatuses);

export function isStatusTarget(target: Target): target is StatusTarget {
  return statuses.has(target);
}
