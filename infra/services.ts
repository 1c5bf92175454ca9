/**
 * The five services as the machines see them. `tasks` is how many run at least: two of each, in two
 * zones, so that one can end at any time.
 */
export const SERVICE_NAMES = ['gateway', 'core-records', 'files', 'ledger', 'cad-ingest'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface ServiceSize {
  readonly name: ServiceName;
  /** 1,024 are one processor. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  readonly tasksMin: number;
  readonly tasksMax: number;
  /** One more task for about this many departments; measured by `npm run bench -- gateway`. */
  readonly departmentsPerTask: number;
}

export const SERVICES: readonly ServiceSize[] = [
  size('gateway', { cpuUnits: 512, memoryMiB: 1_024, departmentsPerTask: 500 }),
  size('core-records', { cpuUnits: 512, memoryMiB: 1_024, departmentsPerTask: 500 }),
  size('files', { cpuUnits: 256, memoryMiB: 512, departmentsPerTask: 2_000 }),
  size('ledger', { cpuUnits: 512, memoryMiB: 1_024, departmentsPerTask: 500 }),
  size('cad-ingest', { cpuUnits: 512, memoryMiB: 1_024, departmentsPerTask: 1_000 }),
];

/** Tasks of a service that are always there for so many departments. */
export function tasksFor(service: ServiceSize, departments: number): number {
  const wanted = Math.ceil(departments / service.departmentsPerTask);
  return Math.min(service.tasksMax, Math.max(service.tasksMin, wanted));
}

function size(
  name: ServiceName,
  rest: Pick<ServiceSize, 'cpuUnits' | 'memoryMiB' | 'departmentsPerTask'>,
): ServiceSize {
  return { name, tasksMin: 2, tasksMax: 40, ...rest };
}
