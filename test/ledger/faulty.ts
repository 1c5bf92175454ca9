import type { Tables, TenantTables } from '#shared/ports/tables.ts';

/**
 * What becomes of one call. `unapplied`: it fails and nothing was done. `applied`: it is done, and
 * the answer is lost. `late`: the answer is an error now, and it is done some time afterwards.
 */
export type Fate = 'ok' | 'unapplied' | 'applied' | 'late';

/** Decides about each call, by the method and how often it was called before. */
export type FaultPlan = (method: keyof TenantTables, count: number) => Fate;

export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/** Real tables of which some calls go through the hands of a test. */
export function through(
  tables: Tables,
  change: (real: TenantTables) => Partial<TenantTables>,
): Tables {
  return {
    ...tables,
    forTenant(tenant) {
      const real = tables.forTenant(tenant);
      return { ...real, ...change(real) };
    },
  };
}

/** Real tables whose calls fail as the plan says. The caller cannot tell the kinds apart. */
export function faulty(tables: Tables, plan: FaultPlan): Tables {
  const counts = { get: 0, list: 0, write: 0 };

  async function meet<Result>(
    method: keyof TenantTables,
    call: () => Promise<Result>,
  ): Promise<Result> {
    const fate = plan(method, counts[method]);
    counts[method] += 1;
    if (fate === 'ok') return call();
    if (fate === 'applied') await call();
    if (fate === 'late') setTimeout(() => void call().catch(() => undefined), 5);
    throw new StoreFault(`${method} failed, ${fate}`);
  }

  return through(tables, (real) => ({
    get: (key) => meet('get', () => real.get(key)),
    list: (request) => meet('list', () => real.list(request)),
    write: (write) => meet('write', () => real.write(write)),
  }));
}

/** Real tables of which one write meets its fate, when the test says so. */
export function failingOnce(tables: Tables, fate: Fate) {
  let isDue = false;
  const plan: FaultPlan = (method) => {
    if (method !== 'write' || !isDue) return 'ok';
    isDue = false;
    return fate;
  };
  const failNextWrite = () => {
    isDue = true;
  };
  return { tables: faulty(tables, plan), failNextWrite };
}
