import { z } from 'zod';
import { profile } from './cad-profile.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery, timestamp } from './primitives.ts';

export const profileId = profile.shape.id;

/** Ids that a path or a draft uses for something else. */
export const RESERVED_PROFILE_IDS = ['try', 'learn', 'schema', 'generic', 'none'] as const;

/** A profile as a department sends it. The service counts versions; a `version` in it is not used. */
export const profileDraft = profile.extend({ version: profile.shape.version.optional() });

const listed = {
  id: profileId,
  /** Of a department's own: 1 when it was made, one more with each change. */
  version: z.number().int().positive(),
  /** `built-in`: comes with the product and is only read. `own`: made by the department. */
  origin: z.enum(['built-in', 'own']),
  /** When this version was made; absent for a built-in one. */
  changedAt: timestamp.optional(),
  changedBy: z
    .strictObject({ type: z.string(), id: z.string(), name: z.string().optional() })
    .optional(),
};

export const listedProfile = z.strictObject(listed);
export type ListedProfile = z.infer<typeof listedProfile>;

export const cadProfile = z.strictObject({ ...listed, profile });
export type CadProfile = z.infer<typeof cadProfile>;

const params = z.strictObject({ id: profileId });
const readInside = {
  kind: 'none',
  because: 'how pages are read, seen inside its own department',
} as const;

export const createCadProfile = operation({
  name: 'cad-ingest.profile.create',
  summary: 'Keep a parse profile of the department; it reads nothing until a source activates it',
  http: { method: 'POST', path: '/v1/cad/profiles', status: 201 },
  body: profileDraft,
  output: cadProfile,
  problems: ['already-exists', 'conflict', 'too-large', 'idempotency-key-reused', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.profile.created', object: 'cad-profile' },
  idempotent: true,
  versioned: true,
});

export const listCadProfiles = operation({
  name: 'cad-ingest.profile.list',
  summary: 'List parse profiles: those of the department and the built-in ones',
  http: { method: 'GET', path: '/v1/cad/profiles', status: 200 },
  query: z.strictObject({ ...pageQuery, origin: listed.origin.optional() }),
  output: pageOf(listedProfile),
  problems: ['invalid-cursor'],
  permission: 'cad-profiles:read',
  audit: readInside,
});

export const readCadProfileSchema = operation({
  name: 'cad-ingest.profile.read-schema',
  summary: 'The JSON Schema of a parse profile',
  http: { method: 'GET', path: '/v1/cad/profiles/schema', status: 200 },
  output: z.record(z.string(), z.json()),
  problems: [],
  permission: 'cad-profiles:read',
  audit: { kind: 'none', because: 'the same for everybody, and part of the documentation' },
});

export const readCadProfile = operation({
  name: 'cad-ingest.profile.read',
  summary: 'Read a parse profile in its newest version',
  http: { method: 'GET', path: '/v1/cad/profiles/{id}', status: 200 },
  params,
  output: cadProfile,
  problems: ['not-found'],
  permission: 'cad-profiles:read',
  audit: readInside,
  versioned: true,
});

export const replaceCadProfile = operation({
  name: 'cad-ingest.profile.replace',
  summary: 'Keep a new version of a parse profile; sources stay at the version they activated',
  http: { method: 'PUT', path: '/v1/cad/profiles/{id}', status: 200 },
  params,
  body: profileDraft,
  output: cadProfile,
  problems: ['not-found', 'conflict', 'version-mismatch', 'too-large', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.profile.replaced', object: 'cad-profile' },
  versioned: true,
});

export const listCadProfileVersions = operation({
  name: 'cad-ingest.profile.list-versions',
  summary: 'Every version of a parse profile, oldest first',
  http: { method: 'GET', path: '/v1/cad/profiles/{id}/versions', status: 200 },
  params,
  query: z.strictObject(pageQuery),
  output: pageOf(listedProfile),
  problems: ['not-found', 'invalid-cursor'],
  permission: 'cad-profiles:read',
  audit: readInside,
});

export const readCadProfileVersion = operation({
  name: 'cad-ingest.profile.read-version',
  summary: 'Read one version of a parse profile',
  http: { method: 'GET', path: '/v1/cad/profiles/{id}/versions/{version}', status: 200 },
  params: z.strictObject({
    id: profileId,
    version: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  }),
  output: cadProfile,
  problems: ['not-found'],
  permission: 'cad-profiles:read',
  audit: readInside,
});

/** Which profile a source is read by; `null`: each mail tells by itself. */
export const profileChoice = {
  profile: z.union([profileId, z.null()], {
    error: 'must be the id of a profile, or null to let each mail tell by itself',
  }),
  /** Absent: the newest one. */
  version: z.number().int().positive().optional(),
};
