import { randomUUIDv7 } from 'node:crypto';
import {
  createCadSource,
  hasVoucher,
  listCadSources,
  NETWORK_WANTED,
  readCadSource,
  updateCadSource,
} from '#contracts/cad-sources.ts';
import { changesBetween } from '#shared/audit.ts';
import { listPage } from '#shared/pages.ts';
import type { Json, Tables, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Call, type Handling, handle, type Reply, retryOnRace } from '#shared/service.ts';
import { healthOf } from './health/health.ts';
import { builtInProfiles } from './parse/profiles/built-in.ts';
import { enrolTenant } from './processing/tenants.ts';
import { assertSourceVersion, findSource } from './profiles/activation.ts';
import { findProfile } from './profiles/profile-row.ts';
import { type Active, activeOf } from './profiles/selection.ts';
import {
  newToken,
  SOURCE_KIND,
  type SourceRow,
  sourceOf,
  sourceRow,
  TOKEN_KIND,
} from './source.ts';

/** The operations on sources. */
export function sourceHandlings(parts: {
  readonly tables: Tables;
  readonly mailDomain: string;
}): readonly Handling[] {
  const { tables, mailDomain } = parts;
  return [
    handle(createCadSource, async (call) => {
      const { caller, body, now } = call;
      // Before the first mail can come: a sweep must know of every tenant that may have some.
      await enrolTenant(tables, caller.tenant);
      const { profile: _named, ...rest } = body;
      const active = await activeAtFirst(call.tables, body.profile);
      const settings = { ...rest, ...active, createdAt: now.toISOString() };
      return retryOnRace(() => {
        const id = randomUUIDv7();
        const token = newToken();
        const source: SourceRow = { ...settings, token, timeZone: caller.timeZone };
        // JSON by its schema; zod's type lets absent keys be `undefined`.
        const value = JSON.parse(JSON.stringify(source)) as Json;
        const row = { kind: SOURCE_KIND, id, version: 1, value };
        const object = { type: 'cad-source', id, version: 1 };
        return call.commit({
          changes: [{ put: row, expect: 0 }],
          directory: [
            { add: { kind: TOKEN_KIND, id: token }, entry: { tenant: caller.tenant, id } },
          ],
          // The token is a key, and stays out of the ledger.
          events: [call.event({ object, changes: changesBetween({}, settings) })],
          reply: { body: sourceOf(row, mailDomain), version: 1 },
        });
      });
    }),
    handle(listCadSources, async (call) => {
      const body = await listPage({
        operation: call.operation.name,
        query: call.query,
        tables: call.tables,
        rows: { kind: SOURCE_KIND },
        itemOf: async (row) => sourceOf(row, mailDomain),
      });
      return { body };
    }),
    handle(readCadSource, async (call) => {
      const row = await findSource(call.tables, call.params.id);
      const health = await healthOf(call.tables, row.id, call.now.getTime());
      return { body: { ...sourceOf(row, mailDomain), health }, version: row.version };
    }),
    handle(updateCadSource, (call) => update(call, mailDomain)),
  ];
}

function update(
  call: Call<typeof updateCadSource>,
  mailDomain: string,
): Promise<Reply<typeof updateCadSource>> {
  return retryOnRace(async () => {
    const before = await findSource(call.tables, call.params.id);
    assertSourceVersion(before, call.ifMatch);
    const value = patched(sourceRow.parse(before.value), call.body);
    const row = { ...before, version: before.version + 1, value };
    const { token: _old, ...was } = Object(before.value);
    const { token: _token, ...is } = value;
    const changes = changesBetween(was, is);
    // What the source is already is no change.
    if (changes.length === 0) {
      return { ok: true, reply: { body: sourceOf(before, mailDomain), version: before.version } };
    }
    const object = { type: 'cad-source', id: before.id, version: row.version };
    return call.commit({
      changes: [{ put: { kind: SOURCE_KIND, id: before.id, value }, expect: before.version }],
      events: [call.event({ object, changes })],
      reply: { body: sourceOf(row, mailDomain), version: row.version },
    });
  });
}

/** `null` takes a setting away; the JSON of the row that results. */
function patched(
  before: SourceRow,
  patch: Call<typeof updateCadSource>['body'],
): { readonly [key: string]: Json } {
  const merged = Object.entries({ ...before, ...patch }).filter(([, each]) => each !== null);
  const value = sourceRow.parse(Object.fromEntries(merged));
  if (!hasVoucher(value)) {
    throw new Problem('validation', {
      detail: 'Mend #/body/networks, or set another trust.',
      errors: [{ pointer: '#/body/networks', detail: NETWORK_WANTED }],
    });
  }
  return JSON.parse(JSON.stringify(value));
}

/** A profile that is not there would read nothing, and nobody would notice. */
async function activeAtFirst(tables: TenantTables, id: string | undefined): Promise<Active> {
  if (id === undefined) return {};
  const found = await findProfile(tables, { id }).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'not-found') return undefined;
    throw error;
  });
  if (found !== undefined) return activeOf(found);
  const known = builtInProfiles.map((each) => each.id).join(', ');
  throw new Problem('validation', {
    detail:
      'Mend #/body/profile and send it again, or leave it out: then each mail tells by itself.',
    errors: [
      { pointer: '#/body/profile', detail: `must be one of your own profiles, or of: ${known}` },
    ],
  });
}
