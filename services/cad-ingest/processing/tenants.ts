/** Which departments have sources: what rounds of background work go over. */
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Tables } from '#shared/ports/tables.ts';

/** One row per tenant that has sources, among the platform's own rows: there is no other list. */
export const TENANT_KIND = 'cad-tenant';

/** Makes the tenant known to the rounds. Idempotent. */
export async function enrolTenant(tables: Tables, tenant: TenantId): Promise<void> {
  const platform = tables.forTenant(PLATFORM_TENANT);
  const key = { kind: TENANT_KIND, id: tenant };
  if ((await platform.get(key)) !== undefined) return;
  await platform.write({
    // A lost race means that the row is there.
    changes: [{ put: { ...key, value: null }, expect: 0 }],
    events: [],
    unaudited: 'an index without content; the making of the source is the event',
  });
}

/** The ids behind a prefix, in order, read in parts. */
export async function* idsOf(
  tables: ReturnType<Tables['forTenant']>,
  { kind, prefix }: { readonly kind: string; readonly prefix: string },
): AsyncGenerator<string> {
  for await (const { id } of rowsOf(tables, { kind, prefix })) yield id.slice(prefix.length);
}
