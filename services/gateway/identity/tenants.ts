/**
 * Departments. A new one is made in two steps, because a write is in one tenant's tables alone:
 *
 * 1. A line in the platform's list of departments. By itself it means nothing.
 * 2. One transaction in the new department's tables: its own row, the administrator, the invitation,
 *    the directory, the events in both chains. This is the commit.
 *
 * A line without the department's own row is passed over by everybody who reads the list: that is
 * all that a crash between the steps leaves behind.
 */
import { randomUUIDv7 } from 'node:crypto';
import { PLATFORM_TENANT, type TenantId } from '#contracts/primitives.ts';
import { createTenant, listTenants, readTenant, type Tenant } from '#contracts/tenants.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage } from '#shared/pages.ts';
import type { Row, Tables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, type Reply } from '#shared/service.ts';
import type { HandlerParts } from './handler-parts.ts';
import { invited } from './invitation.ts';
import {
  addToDirectory,
  emailKey,
  getRow,
  putRow,
  type Stored,
  type TenantRow,
  type UserRow,
} from './rows.ts';
import { auditedFields } from './user.ts';

export function tenantHandlings({ tables }: HandlerParts): readonly Handling[] {
  return [
    handle(createTenant, (call) => create(tables, call)),
    handle(listTenants, async ({ operation, query }) => {
      const platform = tables.forTenant(PLATFORM_TENANT);
      const rows = { kind: 'department' };
      const itemOf = async ({ id }: Row) => {
        const tenant = await findTenant(tables, id);
        return tenant && tenantOf(tenant);
      };
      return {
        body: await listPage({ operation: operation.name, query, tables: platform, rows, itemOf }),
      };
    }),
    handle(readTenant, async (call) => {
      const tenant = await findTenant(tables, call.params.id);
      if (tenant === undefined) throw new Problem('not-found');
      return { body: tenantOf(tenant) };
    }),
  ];
}

async function create(
  all: Tables,
  call: Call<typeof createTenant>,
): Promise<Reply<typeof createTenant>> {
  const { admin, ...given } = call.body;
  await assertFree(all, call.body);
  const id = randomUUIDv7();
  const row: TenantRow = { ...given, createdAt: call.now.toISOString() };
  await all.forTenant(PLATFORM_TENANT).write({
    changes: [putRow('department', id, { createdAt: row.createdAt }, 0)],
    events: [],
    unaudited: 'a line of the list, which means nothing before the department has its own row',
  });
  const first = invited({ tenant: id, ...admin, roles: ['admin'], now: call.now });
  const result = await call.commit({
    tables: all.forTenant(id),
    changes: [putRow('tenant', id, row, 0), ...first.changes],
    directory: [addToDirectory(slugKey(given.slug), id, id), ...first.directory],
    events: creationEvents(call, id, first.user),
    reply: { body: { id, ...row, invitation: first.invitation } },
  });
  if (result.ok) return result.reply;
  // All ids are new: only slug or address can have been taken in the meantime.
  await assertFree(all, call.body);
  throw new Problem('conflict');
}

/** Problem `already-exists`, which names what is taken. */
async function assertFree(
  all: Tables,
  { slug, admin }: Call<typeof createTenant>['body'],
): Promise<void> {
  if ((await all.find(slugKey(slug))) !== undefined) {
    throw taken('#/body/slug', 'There is a department with this slug already.');
  }
  if ((await all.find(emailKey(admin.email))) !== undefined) {
    throw taken('#/body/admin/email', 'There is an account with this e-mail already.');
  }
}

/** The department's chain begins with who made it; the platform's own is told last. */
function creationEvents(call: Call<typeof createTenant>, id: TenantId, first: Stored<UserRow>) {
  const { admin: _person, ...fields } = call.body;
  const changes = changesBetween({}, fields);
  const object = { type: 'tenant', id };
  return [
    call.event({ tenant: id, object, changes }),
    call.event({
      tenant: id,
      action: 'gateway.user.invited',
      object: { type: 'user', id: first.id, version: first.version },
      changes: changesBetween({}, auditedFields(first.value)),
    }),
    call.event({ object, changes }),
  ] as const;
}

function findTenant(all: Tables, id: TenantId): Promise<Stored<TenantRow> | undefined> {
  return getRow(all.forTenant(id), 'tenant', id);
}

function tenantOf({ id, value }: Stored<TenantRow>): Tenant {
  return { id, ...value };
}

export function slugKey(slug: string) {
  return { kind: 'slug', id: slug };
}

function taken(pointer: string, detail: string): Problem {
  return new Problem('already-exists', { detail, errors: [{ pointer, detail: 'is taken' }] });
}
