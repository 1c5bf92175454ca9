import { z } from 'zod';
import { operation } from './operation.ts';
import { assignableRoles, roles } from './permissions.ts';
import { email, pageOf, pageQuery, personName, rowId, timestamp } from './primitives.ts';

/** Shown once, to the person who invites. Whoever holds the token sets the account's password. */
export const invitation = z.strictObject({ token: z.string(), expiresAt: timestamp });

export const user = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  email: z.string(),
  name: z.string(),
  roles: z.array(z.enum(roles)),
  status: z.enum(['invited', 'active', 'deactivated']),
  /** Too many wrong passwords: an administrator has to unlock the account. */
  locked: z.boolean(),
  createdAt: timestamp,
  lastSignInAt: timestamp.optional(),
  /** A reviewer with an account of another house, who was granted to read here. */
  elsewhere: z.literal(true).optional(),
});
export type User = z.infer<typeof user>;

const params = z.strictObject({ id: rowId });

/** `platform` only among the platform's own people: see the handler. */
const givableRoles = [...assignableRoles, 'platform'] as const;
const givenRoles = z
  .array(z.enum(givableRoles))
  .min(1)
  .max(givableRoles.length)
  .refine((list) => new Set(list).size === list.length, { error: 'must not repeat a role' });

/** NIST SP 800-63B: length counts, composition rules do not. At most 1,024 characters. */
export const newPassword = z
  .string()
  .min(12, { error: 'must have at least 12 characters' })
  .max(1_024);

export const inviteUser = operation({
  name: 'gateway.user.create',
  summary: 'Invite a person into the department',
  http: { method: 'POST', path: '/v1/users', status: 201 },
  body: z.strictObject({ email, name: personName, roles: givenRoles }),
  output: z.strictObject({ ...user.shape, invitation }),
  problems: ['already-exists', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.user.invited', object: 'user' },
  versioned: true,
});

export const grantReviewer = operation({
  name: 'gateway.reviewer.create',
  summary: 'Let a compliance reviewer of another house read here; deactivating the account ends it',
  http: { method: 'POST', path: '/v1/reviewers', status: 201 },
  body: z.strictObject({ email, name: personName }),
  output: user,
  // Whether there is such an account elsewhere is not told.
  problems: ['already-exists', 'conflict', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.reviewer.granted', object: 'user' },
  versioned: true,
});

export const listUsers = operation({
  name: 'gateway.user.list',
  summary: 'List the people of the department',
  http: { method: 'GET', path: '/v1/users', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(user),
  problems: ['invalid-cursor'],
  permission: 'users:read',
  audit: { kind: 'none', because: 'a plain read of records inside their own department' },
});

export const readUser = operation({
  name: 'gateway.user.read',
  summary: 'Read a person of the department',
  http: { method: 'GET', path: '/v1/users/{id}', status: 200 },
  params,
  output: user,
  problems: ['not-found'],
  permission: 'users:read',
  audit: { kind: 'none', because: 'a plain read of a record inside its own department' },
  versioned: true,
});

export const updateUser = operation({
  name: 'gateway.user.update',
  summary: "Change a person's name or roles; takes effect at the next request",
  http: {
    method: 'PATCH',
    path: '/v1/users/{id}',
    status: 200,
    accepts: 'application/merge-patch+json',
  },
  params,
  body: z
    .strictObject({ name: personName.optional(), roles: givenRoles.optional() })
    .refine((patch) => Object.keys(patch).length > 0, { error: 'give name or roles' }),
  output: user,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.user.updated', object: 'user' },
  versioned: true,
});

export const unlockUser = operation({
  name: 'gateway.user.unlock',
  summary: 'Release an account that too many wrong passwords have locked',
  http: { method: 'POST', path: '/v1/users/{id}/unlock', status: 200 },
  params,
  output: user,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.user.unlocked', object: 'user' },
  versioned: true,
});

export const deactivateUser = operation({
  name: 'gateway.user.deactivate',
  summary: 'End an account; its sessions and keys are refused from the next request on',
  http: { method: 'POST', path: '/v1/users/{id}/deactivate', status: 200 },
  params,
  output: user,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'users:manage',
  audit: { kind: 'change', action: 'gateway.user.deactivated', object: 'user' },
  versioned: true,
});

export const acceptInvitation = operation({
  name: 'gateway.invitation.accept',
  summary: 'Set the password of an invited account; the token works once',
  http: { method: 'POST', path: '/v1/invitations/{token}/accept', status: 200 },
  params: z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{20,200}$/) }),
  body: z.strictObject({ password: newPassword }),
  output: user,
  problems: ['not-found', 'gone', 'conflict', 'ledger-behind'],
  permission: 'anyone',
  audit: { kind: 'change', action: 'gateway.invitation.accepted', object: 'user' },
});
