/**
 * Which profile reads the mail of a source from now on. A version must have been tried against the
 * source's stored mail beside the one that is active now, and have done no worse; anything else takes
 * an explicit `force`. The way back to what was active before is always open. Each activation stands
 * in the ledger: who, from what, to what, and whether it was forced.
 */
import { activateCadProfile } from '#contracts/cad-sources.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Json, Row, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Committed, type Handling, handle, retryOnRace } from '#shared/service.ts';
import { SOURCE_KIND, type SourceRow, sourceOf, sourceRow } from '../source.ts';
import { findProfile } from './profile-row.ts';
import { type Active, activeOf } from './selection.ts';
import { getTrial, isSameActive, type Trial } from './trial-row.ts';

type Activate = typeof activateCadProfile;

export function activationHandlings({
  mailDomain,
}: {
  readonly mailDomain: string;
}): readonly Handling[] {
  return [handle(activateCadProfile, (call) => retryOnRace(() => activate(call, mailDomain)))];
}

async function activate(call: Call<Activate>, mailDomain: string): Promise<Committed<Activate>> {
  const { tables, params, body } = call;
  const row = await findSource(tables, params.id);
  assertSourceVersion(row, call.ifMatch);
  const before = sourceRow.parse(row.value);
  const to = await chosen(tables, body);
  if (isSameActive(before, to)) {
    return { ok: true, reply: { body: sourceOf(row, mailDomain), version: row.version } };
  }
  const trial = await getTrial(tables, row.id, to);
  const objection = objectionTo(trial, before, to);
  if (objection !== undefined && body.force !== true) {
    throw new Problem('conflict', {
      detail: `${objection} Try it by POST /v1/cad/profiles/try, or activate it with "force": true.`,
    });
  }
  return commitActive(call, { row, before, to, forced: objection !== undefined, mailDomain });
}

function commitActive(
  call: Call<Activate>,
  about: {
    readonly row: Row;
    readonly before: SourceRow;
    readonly to: Active;
    readonly forced: boolean;
    readonly mailDomain: string;
  },
): Promise<Committed<Activate>> {
  const { row, before, to, forced, mailDomain } = about;
  const { profile: _profile, profileVersion: _version, ...rest } = before;
  // JSON by its schema; zod's type lets absent keys be `undefined`.
  const value = JSON.parse(JSON.stringify({ ...rest, ...to, previous: named(before) })) as Json;
  const { kind, id } = row;
  const version = row.version + 1;
  const changes = changesBetween({ ...named(before) }, { ...named(to), ...(forced && { forced }) });
  return call.commit({
    changes: [{ put: { kind, id, value }, expect: row.version }],
    events: [
      call.event({
        object: { type: 'cad-source', id, version },
        reason: call.body.reason,
        changes,
      }),
    ],
    reply: { body: sourceOf({ ...row, value, version }, mailDomain), version },
  });
}

/** Why a version is not activated just so. */
function objectionTo(trial: Trial | undefined, active: SourceRow, to: Active): string | undefined {
  if (active.previous !== undefined && isSameActive(active.previous, to)) return undefined;
  if (trial === undefined) return 'It was never tried on the mail of this source.';
  if (!isSameActive(trial.against, active)) {
    return 'It was tried beside another profile than the one that is active now.';
  }
  if (!trial.worse) return undefined;
  return `It did worse than the active one: of ${trial.mails} mails it is sure of nature and address in ${trial.tried.sure}, the active one in ${trial.active.sure}.`;
}

async function chosen(tables: TenantTables, body: Call<Activate>['body']): Promise<Active> {
  if (body.profile === null) return {};
  return activeOf(await findProfile(tables, { id: body.profile, version: body.version }));
}

function named({ profile, profileVersion }: Active): Record<string, Json | undefined> {
  return { profile, profileVersion };
}

export async function findSource(tables: TenantTables, id: string): Promise<Row> {
  const row = await tables.get({ kind: SOURCE_KIND, id });
  if (row !== undefined) return row;
  throw new Problem('not-found', { detail: 'There is no such source.' });
}

/** Throws Problem `version-mismatch` when the caller knows another version than the current one. */
export function assertSourceVersion({ version }: Row, ifMatch: number | undefined): void {
  if (ifMatch === undefined || ifMatch === version) return;
  throw new Problem('version-mismatch', {
    detail: `If-Match names version ${ifMatch}, the source is at ${version}. Read it and decide anew.`,
  });
}
