/**
 * Who may do what: one table, roles across, permissions down. The guard, the documentation and the
 * cell-by-cell test are made from it. A pair that is not listed is refused.
 */
export const roles = [
  'platform',
  'admin',
  'supervisor',
  'officer',
  'quartermaster',
  'reviewer',
  'vendor',
  'job:gateway',
  'job:core-records',
  'job:files',
  'job:cad-ingest',
  'job:ledger',
] as const;
export type Role = (typeof roles)[number];

/** Roles that a department's administrator can give to a person. */
export const assignableRoles = [
  'admin',
  'supervisor',
  'officer',
  'quartermaster',
  'reviewer',
] as const satisfies readonly Role[];

const everyJob = [
  'job:gateway',
  'job:core-records',
  'job:files',
  'job:cad-ingest',
  'job:ledger',
] as const satisfies readonly Role[];

const staff = ['admin', 'supervisor', 'officer', 'quartermaster'] as const;

export const permissions = {
  'tenants:manage': ['platform'],
  'users:read': ['platform', 'admin', 'supervisor'],
  'users:manage': ['platform', 'admin'],
  'api-keys:manage': ['platform', 'admin'],
  'incidents:read': [...staff, 'reviewer'],
  'incidents:write': ['admin', 'supervisor', 'officer'],
  'incidents:void': ['admin', 'supervisor'],
  'incidents:propose': ['job:cad-ingest'],
  'records:authorize': ['job:files'],
  'records:expunge': ['job:ledger'],
  'retention:read': ['admin', 'reviewer'],
  'retention:manage': ['admin'],
  'retention:ask': ['job:ledger', 'job:cad-ingest'],
  'legal-holds:read': ['admin', 'reviewer'],
  'legal-holds:manage': ['admin'],
  'cad-sources:read': ['admin', 'supervisor'],
  'cad-sources:manage': ['admin'],
  'cad-profiles:read': ['admin', 'supervisor'],
  'cad-profiles:manage': ['admin'],
  'cad-messages:read': ['admin', 'supervisor'],
  'cad-messages:submit': ['admin', 'vendor'],
  'cad-messages:decide': ['admin', 'supervisor'],
  'files:read': [...staff, 'reviewer'],
  'files:write': ['admin', 'supervisor', 'officer'],
  'ledger:read': ['platform', 'admin', 'reviewer'],
  'ledger:disclose': ['platform', 'admin', 'reviewer'],
  'ledger:expunge': ['platform', 'admin'],
  'ledger:approve-expungement': ['platform', 'admin', 'reviewer'],
  'ledger:purge': ['admin'],
  'ledger:approve-purge': ['admin', 'reviewer'],
  'ledger:export': ['admin', 'reviewer'],
  'ledger:review': ['admin', 'reviewer'],
  'ledger:record-commands': ['admin', 'vendor'],
  'ledger:manage-mail': ['admin'],
  'ledger:rotate-keys': ['platform'],
  'ledger:append': everyJob,
  'notices:send': ['job:ledger'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof permissions;
export const permissionNames = Object.keys(permissions) as [Permission, ...Permission[]];

/** For people alone. Two keys can be in one person's hands, and what is expunged stays gone. */
const personal: readonly Permission[] = [
  'tenants:manage',
  'ledger:expunge',
  'ledger:approve-expungement',
  'ledger:purge',
  'ledger:approve-purge',
  'retention:manage',
  'legal-holds:manage',
];

/** Permissions that an API key can carry as scopes: all but those of services and of people alone. */
export const scopeNames = permissionNames.filter(
  (name) => !personal.includes(name) && permissions[name].some((role) => !role.startsWith('job:')),
) as [Permission, ...Permission[]];

/**
 * True when one of the roles holds the permission, and, for a caller limited by scopes (an API
 * key), the permission is among the scopes too. Scopes only ever take away.
 */
export function permits(
  who: { readonly roles: readonly Role[]; readonly scopes?: readonly Permission[] | undefined },
  permission: Permission,
): boolean {
  const holders: readonly Role[] = permissions[permission];
  if (!who.roles.some((role) => holders.includes(role))) return false;
  return who.scopes === undefined || who.scopes.includes(permission);
}
