import { hash } from 'node:crypto';
import { z } from 'zod';
import {
  type CadProfile,
  createCadProfile,
  type ListedProfile,
  listCadProfiles,
  listCadProfileVersions,
  profileDraft,
  RESERVED_PROFILE_IDS,
  readCadProfile,
  readCadProfileSchema,
  readCadProfileVersion,
  replaceCadProfile,
} from '#contracts/cad-profiles.ts';
import { LIST_ROWS_MAX } from '#contracts/limits.ts';
import { changesBetween } from '#shared/audit.ts';
import { cursorAfter, rowIdIn, scopeOf } from '#shared/cursor.ts';
import { listPage } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import {
  type Call,
  type Committed,
  type Handling,
  handle,
  type Reply,
  retryOnRace,
} from '#shared/service.ts';
import { builtInProfiles } from '../parse/profiles/built-in.ts';
import {
  builtInProfile,
  findProfile,
  listedOf,
  newestVersion,
  type OwnProfile,
  PROFILE_KIND,
  PROFILE_VERSION_KIND,
  versionChanges,
} from './profile-row.ts';

/** A department with more has made one per mail; the list is read as a whole. */
export const PROFILES_MAX = 500;

/** The operations on profiles that need nothing but rows. */
export function profileHandlings(): readonly Handling[] {
  const schema = z.record(z.string(), z.json()).parse(z.toJSONSchema(profileDraft));
  return [
    handle(createCadProfile, (call) => retryOnRace(() => create(call))),
    handle(replaceCadProfile, (call) => retryOnRace(() => replace(call))),
    handle(listCadProfiles, async (call) => ({ body: await list(call) })),
    handle(readCadProfileSchema, async () => ({ body: schema })),
    handle(readCadProfile, async ({ tables, params }) => shown(await findProfile(tables, params))),
    handle(readCadProfileVersion, async ({ tables, params }) => ({
      body: await findProfile(tables, params),
    })),
    handle(listCadProfileVersions, (call) => listVersions(call)),
  ];
}

function shown(body: CadProfile): { readonly body: CadProfile; readonly version: number } {
  return { body, version: body.version };
}

type Changing = typeof createCadProfile | typeof replaceCadProfile;

async function create(
  call: Call<typeof createCadProfile>,
): Promise<Committed<typeof createCadProfile>> {
  const { tables, body } = call;
  assertFree(body.id);
  if ((await newestVersion(tables, body.id)) !== undefined) throw taken(body.id);
  await assertRoom(tables);
  return commitVersion(call, { document: body, before: undefined });
}

async function replace(
  call: Call<typeof replaceCadProfile>,
): Promise<Committed<typeof replaceCadProfile>> {
  const { tables, params, body, ifMatch } = call;
  const before = await findProfile(tables, { id: params.id });
  if (before.origin === 'built-in') {
    throw new Problem('conflict', {
      detail: 'A built-in profile is only read. Keep a copy of it under an id of your own.',
    });
  }
  if (body.id !== params.id) {
    throw invalid('#/body/id', `must be ${params.id}, as in the path`);
  }
  if (ifMatch !== undefined && ifMatch !== before.version) {
    throw new Problem('version-mismatch', {
      detail: `If-Match names version ${ifMatch}, the profile is at ${before.version}. Read it and decide anew.`,
    });
  }
  return commitVersion(call, { document: body, before });
}

function commitVersion<Op extends Changing>(
  call: Call<Op>,
  about: {
    readonly document: z.output<typeof profileDraft>;
    readonly before: CadProfile | undefined;
  },
): Promise<Committed<Op>> {
  const { caller, now } = call;
  const { document, before } = about;
  const { id } = document;
  const version = (before?.version ?? 0) + 1;
  const made: OwnProfile = {
    id,
    version,
    origin: 'own',
    changedAt: now.toISOString(),
    changedBy: caller.subject,
    profile: { ...document, version },
  };
  const changes = changesBetween(
    before === undefined ? {} : { version: before.version, sha256: hashOf(before.profile) },
    { version, sha256: hashOf(made.profile) },
  );
  return call.commit({
    changes: versionChanges(made, before?.version ?? 0),
    events: [call.event({ object: { type: 'cad-profile', id, version }, changes })],
    // Both operations answer the profile.
    reply: shown(made) as Reply<Op>,
  });
}

/** The document is too long for an event; its hash says which one it was. */
function hashOf(document: CadProfile['profile']): string {
  return hash('sha256', JSON.stringify(document), 'hex');
}

/** Own and built-in profiles in one order, by id. */
async function list({ operation, query, tables }: Call<typeof listCadProfiles>) {
  const scope = scopeOf(operation.name, query);
  const after = rowIdIn(scope, query.cursor) ?? '';
  const rows = await tables.list({ kind: PROFILE_KIND, limit: LIST_ROWS_MAX });
  const own = rows.map(({ id, version, value }) => listedOf(id, version, value));
  const fixed = builtInProfiles.map(
    ({ id, version }): ListedProfile => ({ id, version, origin: 'built-in' }),
  );
  const left = [...own, ...fixed]
    .filter(({ id, origin }) => id > after && (query.origin ?? origin) === origin)
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const items = left.slice(0, query.limit);
  const last = items.at(-1);
  return last === undefined || items.length === left.length
    ? { items }
    : { items, next: cursorAfter(scope, last.id) };
}

async function listVersions(
  call: Call<typeof listCadProfileVersions>,
): Promise<Reply<typeof listCadProfileVersions>> {
  const { operation, query, tables, params } = call;
  const newest = await findProfile(tables, params);
  if (newest.origin === 'built-in') {
    const { profile: _document, ...listed } = newest;
    return { body: { items: [listed] } };
  }
  const prefix = `${params.id}/`;
  const body = await listPage({
    operation: `${operation.name} ${params.id}`,
    query,
    tables,
    rows: { kind: PROFILE_VERSION_KIND, prefix },
    itemOf: async ({ id, value }) => listedOf(params.id, Number(id.slice(prefix.length)), value),
  });
  return { body };
}

function assertFree(id: string): void {
  if (builtInProfile(id) !== undefined) throw taken(id);
  if (RESERVED_PROFILE_IDS.some((each) => each === id)) {
    throw invalid('#/body/id', `must not be one of: ${RESERVED_PROFILE_IDS.join(', ')}`);
  }
}

async function assertRoom(tables: TenantTables): Promise<void> {
  const rows = await tables.list({ kind: PROFILE_KIND, limit: PROFILES_MAX });
  if (rows.length < PROFILES_MAX) return;
  throw new Problem('conflict', {
    detail: `A department keeps at most ${PROFILES_MAX} profiles. Make a new version of one.`,
  });
}

function taken(id: string): Problem {
  return new Problem('already-exists', {
    detail: `There is a profile ${id}. Take another id, or make a new version of it by PUT.`,
  });
}

function invalid(pointer: string, detail: string): Problem {
  return new Problem('validation', {
    detail: `Mend ${pointer} and send it again.`,
    errors: [{ pointer, detail }],
  });
}
