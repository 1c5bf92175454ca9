import { z } from 'zod';
import { operation } from './operation.ts';
import {
  email,
  pageOf,
  pageQuery,
  personName,
  rowId,
  shortText,
  slug,
  stateCode,
  timestamp,
  timeZone,
} from './primitives.ts';
import { invitation } from './users.ts';

export const tenant = z.strictObject({
  id: rowId,
  slug,
  name: z.string(),
  /** The zone in which the department's dispatch centre tells the time. */
  timeZone,
  state: stateCode.optional(),
  createdAt: timestamp,
});
export type Tenant = z.infer<typeof tenant>;

export const createTenant = operation({
  name: 'gateway.tenant.create',
  summary: 'Make a department with its first administrator, who gets an invitation',
  http: { method: 'POST', path: '/v1/tenants', status: 201 },
  body: z.strictObject({
    slug,
    name: shortText(120),
    timeZone,
    state: stateCode.optional(),
    admin: z.strictObject({ email, name: personName }),
  }),
  output: z.strictObject({ ...tenant.shape, invitation }),
  problems: ['already-exists', 'ledger-behind'],
  permission: 'tenants:manage',
  audit: { kind: 'change', action: 'gateway.tenant.created', object: 'tenant' },
});

export const listTenants = operation({
  name: 'gateway.tenant.list',
  summary: 'List departments',
  http: { method: 'GET', path: '/v1/tenants', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(tenant),
  problems: ['invalid-cursor'],
  permission: 'tenants:manage',
  audit: { kind: 'none', because: 'names of departments, read by platform staff' },
});

export const readTenant = operation({
  name: 'gateway.tenant.read',
  summary: 'Read a department',
  http: { method: 'GET', path: '/v1/tenants/{id}', status: 200 },
  params: z.strictObject({ id: rowId }),
  output: tenant,
  problems: ['not-found'],
  permission: 'tenants:manage',
  audit: { kind: 'none', because: 'the name of a department, read by platform staff' },
});

const rescued = z.strictObject({ email });

/**
 * The way out when nobody is left in a department who could: all its administrators are locked out,
 * which any stranger who knows their addresses can bring about. It reads nothing of the department.
 */
export const unlockTenantUser = operation({
  name: 'gateway.tenant.unlock-user',
  summary: 'Release a locked account of a department that cannot do it itself',
  http: { method: 'POST', path: '/v1/tenants/{id}/unlock', status: 204 },
  params: z.strictObject({ id: rowId }),
  body: rescued,
  output: z.null(),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'tenants:manage',
  audit: { kind: 'change', action: 'gateway.user.unlocked', object: 'user' },
});

/** Only for an account that was never opened: a new token opens nothing that is in use. */
export const reinviteTenantUser = operation({
  name: 'gateway.tenant.reinvite-user',
  summary: 'Give a new invitation to an administrator whose first one has expired',
  http: { method: 'POST', path: '/v1/tenants/{id}/reinvite', status: 200 },
  params: z.strictObject({ id: rowId }),
  body: rescued,
  output: z.strictObject({ invitation }),
  problems: ['not-found', 'conflict', 'ledger-behind'],
  permission: 'tenants:manage',
  audit: { kind: 'change', action: 'gateway.user.invited', object: 'user' },
});
