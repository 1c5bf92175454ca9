import { type CadFieldKey, cadFieldKeys } from '#contracts/cad-fields.ts';

/**
 * What a piece of a page may mean: a field of the draft, a value that fills several, a status time,
 * or nothing (`skip`). `any` lets the value's own type decide.
 */
export const statusTargets = [
  'received',
  'dispatched',
  'enRoute',
  'onScene',
  'transporting',
  'atHospital',
  'available',
  'cleared',
] as const;
export type StatusTarget = (typeof statusTargets)[number];

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
  ...statusTargets,
];

/** A stretch of the page and what it may mean, the likeliest first; no roles: not known. */
export interface Piece {
  readonly text: string;
  readonly roles: readonly Target[];
  /** The label as it stands, where there is one. */
  readonly label?: string;
  /** 0..1: how surely the cut is right; the value's own evidence is weighed apart. */
  readonly sure: number;
}

const statuses: ReadonlySet<string> = new Set(statusTargets);

export function isStatusTarget(target: Target): target is StatusTarget {
  return statuses.has(target);
}
