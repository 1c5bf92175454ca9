import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verification } from '#contracts/ledger.ts';
import { PLATFORM_TENANT } from '#contracts/primitives.ts';
import { openHost } from '#shared/open.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Tables } from '#shared/ports/tables.ts';
import { findOpaqueId } from './log/store.ts';
import { verifyTenant } from './verify/verification.ts';

export interface StoresReport {
  readonly ok: boolean;
  readonly tenants: readonly ({ readonly tenant: string } & Verification)[];
}

/**
 * `watchdesk ledger verify`: the stores of a stopped server, every tenant's log or one. Throws a
 * sentence when there is nothing to verify.
 */
export async function verifyStores(about: {
  readonly dataDir: string;
  readonly tenant?: string;
}): Promise<StoresReport> {
  const { dataDir, tenant } = about;
  await assertLedger(dataDir);
  // Nothing is asked of the network: no URL is signed here.
  const publicOrigin = () => 'http://localhost';
  await using host = await openHost({ dataDir, publicOrigin, clock: Date.now });
  const tables = await host.tables('ledger');
  const { blobs: checkpoints } = await host.blobs('checkpoints');
  const parts = { tables, vault: host.vault, checkpoints };
  const tenants: StoresReport['tenants'][number][] = [];
  for (const each of tenant === undefined ? await allTenants(tables) : [tenant]) {
    if (tenant !== undefined) await assertLog(tables, tenant);
    tenants.push({ tenant: each, ...(await verifyTenant(parts, each)) });
  }
  return { ok: tenants.every(({ ok }) => ok), tenants };
}

/** Opening a store makes one where there is none; a typing error must not look like an empty one. */
async function assertLedger(dataDir: string): Promise<void> {
  const file = join(dataDir, 'ledger', 'tables.sqlite');
  await access(file).catch(() => {
    throw new Error(`There is no ledger in ${dataDir}: ${file} is missing. Give --data DIR.`);
  });
}

async function assertLog(tables: Tables, tenant: string): Promise<void> {
  const isListed = (await findOpaqueId(tables, tenant)) !== undefined;
  const [block] = await tables.forTenant(tenant).list({ kind: 'block', limit: 1 });
  if (isListed || block !== undefined) return;
  throw new Error(`There is no log of the tenant ${tenant} here.`);
}

/** By the ids of their rows as they are: an altered one is a log whose blocks cannot be found. */
async function allTenants(tables: Tables): Promise<string[]> {
  const rows = await Array.fromAsync(rowsOf(tables.forTenant(PLATFORM_TENANT), { kind: 'log' }));
  return rows.map(({ id }) => id);
}
