import { z } from 'zod';
import { operation } from './operation.ts';
import { roles, scopeNames } from './permissions.ts';
import { email, rowId, slug, tenantId, timestamp, timeZone } from './primitives.ts';

/** Who the caller is: a person with a session, or an API key. */
export const identity = z.strictObject({
  tenant: z.strictObject({ id: tenantId, slug, name: z.string(), timeZone }),
  user: z.strictObject({ id: rowId, email: z.string(), name: z.string() }).optional(),
  key: z.strictObject({ id: z.string(), name: z.string() }).optional(),
  roles: z.array(z.enum(roles)),
  scopes: z.array(z.enum(scopeNames)).optional(),
  session: z
    .strictObject({
      id: rowId,
      createdAt: timestamp,
      /** The session ends here whatever happens. */
      expiresAt: timestamp,
      /** It ends earlier after this many seconds without a request. */
      idleTimeoutSeconds: z.number().int().positive(),
    })
    .optional(),
});
export type Identity = z.infer<typeof identity>;

export const signIn = operation({
  name: 'gateway.session.create',
  summary: 'Sign in with e-mail and password; the answer sets the session cookie',
  http: { method: 'POST', path: '/v1/sessions', status: 201 },
  body: z.strictObject({
    email,
    password: z.string().min(1).max(1_024),
    /** Second factor, for accounts that have one. */
    code: z.string().max(64).optional(),
    /** Short name of the department to sign in to, for reviewers whom another house has granted it. */
    tenant: slug.optional(),
  }),
  output: identity,
  // A locked account answers `bad-credentials` too: strangers must not learn that there is one.
  problems: ['bad-credentials', 'ledger-behind'],
  permission: 'anyone',
  audit: { kind: 'change', action: 'gateway.session.created', object: 'session' },
});

export const currentSession = operation({
  name: 'gateway.session.read',
  summary: 'Who am I',
  http: { method: 'GET', path: '/v1/sessions/current', status: 200 },
  output: identity,
  problems: [],
  permission: 'signed-in',
  audit: { kind: 'none', because: 'a caller reading its own identity' },
});

export const signOut = operation({
  name: 'gateway.session.end',
  summary: 'Sign out; the session is refused from the next request on',
  http: { method: 'DELETE', path: '/v1/sessions/current', status: 204 },
  output: z.null(),
  problems: ['not-found', 'ledger-behind'],
  permission: 'signed-in',
  audit: { kind: 'change', action: 'gateway.session.ended', object: 'session' },
});
