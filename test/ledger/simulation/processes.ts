/** The processes of a run: real logs, whose every call to the world waits in `calls`. */

import { openBlockCache } from '#services/ledger/log/blocks.ts';
import { type Log, type LogParts, openLog } from '#services/ledger/log/log.ts';
import { openTileCache } from '#services/ledger/log/nodes.ts';
import type { Tables, TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import type { Calls, Process } from './calls.ts';
import { blobsOf, plainBlobs, tablesOf, vaultOf } from './ports.ts';
import type { Variant } from './variants.ts';

export interface Instance extends Process {
  /** Absent while it opens its log. */
  log: Log | undefined;
  /** The tables as this process has them. */
  readonly tables: TenantTables;
}

export interface Surroundings {
  readonly seed: number;
  readonly tenant: string;
  readonly tables: Tables;
  readonly store: Map<string, Buffer>;
  readonly vault: Vault;
  readonly calls: Calls;
  readonly variant: Variant;
  readonly clock: () => number;
  readonly forked: () => void;
  readonly refuse: (error: unknown) => void;
}

export function openInstance(around: Surroundings, name: string): Instance {
  const { tenant, calls, variant, store } = around;
  const process: Process = { name, alive: true };
  const tables = variant.tables(tablesOf(process, calls, around.tables));
  const instance: Instance = Object.assign(process, {
    log: undefined,
    tables: tables.forTenant(tenant),
  });
  const opening = openLog({
    ...logParts(around, name),
    tables,
    vault: variant.vault(vaultOf(instance, calls, around.vault)),
    checkpoints: variant.blobs(blobsOf(instance, calls, store), store),
  });
  opening.then(
    (log) => {
      instance.log = log;
    },
    (error: unknown) => {
      instance.alive = false;
      around.refuse(error);
    },
  );
  return instance;
}

/** A process to which nothing happens. */
export function openUndisturbed(around: Surroundings): Promise<Log> {
  const { tables, vault, store } = around;
  const parts = logParts(around, 'before');
  return openLog({ ...parts, tables, vault, checkpoints: plainBlobs(store) });
}

function logParts(
  { seed, tenant, clock, forked }: Surroundings,
  name: string,
): Omit<LogParts, 'tables' | 'vault' | 'checkpoints'> {
  return {
    tenant,
    host: () => 'ledger.example',
    clock,
    writer: `${name}-${seed}-${clock()}`,
    freshOpaqueId: () => tenant.replaceAll('-', ''),
    tiles: openTileCache(),
    blocks: openBlockCache(),
    warn: () => undefined,
    forked,
  };
}
