/**
 * How records stand in the tables. Rows of a record `R` of kind `K`:
 *
 * - `K`, id `R`: the record as it is now, without its version, which is the row's own.
 * - `history`, id `R/<version>`: who made that version, when, and what it changed.
 * - index rows of the kind, id `<what is looked for>/R`, without content.
 *
 * They change together with the audit event, in one transaction. Nothing is ever deleted but index
 * rows that no longer fit, and what an order destroys (expungements.ts).
 */
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { Caller } from '#contracts/caller.ts';
import { ROW_BYTES_MAX } from '#contracts/limits.ts';
import type { Operation } from '#contracts/operation.ts';
import { changesBetween } from '#shared/audit.ts';
import type { Change, Row, RowKey, TenantTables } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import type { Call, Committed, Reply } from '#shared/service.ts';
import { type Decision, jsonOf, type RecordBase, sortableVersion } from './record.ts';
import type { RecordKind } from './record-kind.ts';

export const HISTORY = 'history';

/** What storing needs to know of a kind. */
export type Stored<R extends RecordBase> = Pick<RecordKind<R>, 'type' | 'schema' | 'indexRows'>;

/** The record as it is now; `undefined` when the tenant has none with this id. */
export async function findRecord<R extends RecordBase>(
  kind: Stored<R>,
  tables: TenantTables,
  id: string,
): Promise<R | undefined> {
  const row = await tables.get({ kind: kind.type, id });
  return row && recordOf(kind, row);
}

/** The same; throws Problem `not-found`. */
export async function readRecord<R extends RecordBase>(
  kind: Stored<R>,
  tables: TenantTables,
  id: string,
): Promise<R> {
  const found = await findRecord(kind, tables, id);
  if (found !== undefined) return found;
  throw new Problem('not-found', { detail: `There is no ${kind.type} with this id.` });
}

/** Throws when the row does not fit the kind's schema: the store is damaged or older than we are. */
export function recordOf<R extends RecordBase>(kind: Stored<R>, { id, version, value }: Row): R {
  return kind.schema.parse({ ...Object(value), id, version });
}

/**
 * Writes what was decided, all or nothing: the record, its history row, its index rows, the kind's
 * own rows and the audit event. A lost race is a result. Throws Problem `too-large`.
 */
export async function commitRecord<Op extends Operation, R extends RecordBase>(request: {
  readonly kind: Stored<R>;
  readonly call: Call<Op>;
  /** The version that the decision was made on; absent for a new record. */
  readonly before?: R | undefined;
  readonly decision: Decision<R>;
  readonly reply: Reply<Op>;
}): Promise<Committed<Op>> {
  const { kind, call, before, decision, reply } = request;
  const { record, rows = [], reason } = decision;
  const { id, version, ...content } = record;
  const changes = changesBetween(before ? contentOf(before) : {}, contentOf(record));
  const event = call.event({ object: { type: kind.type, id, version }, changes, reason });
  assertFits(event);
  const made = { version, at: record.updatedAt, action: event.action, reason, changes };
  const history = { ...made, actor: authorOf(call.caller) };
  const historyId = `${id}/${sortableVersion(version)}`;
  return call.commit({
    changes: [
      { put: { kind: kind.type, id, value: jsonOf(content) }, expect: version - 1 },
      { put: { kind: HISTORY, id: historyId, value: jsonOf(history) }, expect: 0 },
      ...indexChanges(before ? kind.indexRows(before) : [], kind.indexRows(record)),
      ...rows,
    ],
    events: [event],
    reply,
  });
}

/** What stands in the event and the history row by itself is no change of content. */
function contentOf(record: RecordBase) {
  const { id, version, createdAt, updatedAt, ...content } = record;
  return jsonOf(content);
}

/** The person for whom a service acts, or else the caller itself. */
export function authorOf(caller: Caller) {
  return (caller.actingFor ?? caller).subject;
}

/** An index row is put once and has no content, so its version is always 1. */
export function indexChanges(before: readonly RowKey[], after: readonly RowKey[]): Change[] {
  const had = new Map(before.map((key) => [nameOf(key), key]));
  const has = new Map(after.map((key) => [nameOf(key), key]));
  const gone = [...had].filter(([name]) => !has.has(name));
  const come = [...has].filter(([name]) => !had.has(name));
  return [
    ...gone.map(([, key]) => ({ remove: key, expect: 1 })),
    ...come.map(([, key]) => ({ put: { ...key, value: null }, expect: 0 })),
  ];
}

function nameOf({ kind, id }: RowKey): string {
  return `${kind}/${id}`;
}

/** The event is a row of the outbox, with each changed value before and after in base64url. */
function assertFits(event: AuditEvent): void {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= ROW_BYTES_MAX) return;
  throw new Problem('too-large', {
    detail: `The change would have ${bytes} bytes, at most ${ROW_BYTES_MAX} can be kept. Shorten the longest text.`,
  });
}
