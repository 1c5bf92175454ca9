/** The six operations that every kind of record has, made from the kind's decisions. */
import { randomUUIDv7 } from 'node:crypto';
import { historyRow } from '#contracts/records/incident.ts';
import { listPage } from '#shared/pages.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import {
  type Call,
  type Committed,
  type Handling,
  handle,
  type Reply,
  retryOnRace,
} from '#shared/service.ts';
import type { Turns } from '#shared/turns.ts';
import { assertVersion, type Decision, type RecordBase, voidRecord } from './record.ts';
import type { PageRequest, RecordKind, RecordOperations } from './record-kind.ts';
import {
  commitRecord,
  findRecord,
  HISTORY,
  readRecord,
  recordOf,
  type Stored,
} from './record-store.ts';

/** Binds a kind's operations to handlers. */
export function recordHandlings<R extends RecordBase, New, Patch, Query extends PageRequest>(
  kind: RecordKind<R, New, Patch, Query>,
  turns: Turns,
): readonly Handling[] {
  const { create, read, list, update, void: void_, history } = kind.operations;
  return [
    handle(create, (call) => {
      const made = { id: randomUUIDv7(), at: call.now.toISOString() };
      const decision = kind.create(call.body, made);
      const reply = { body: decision.record, version: decision.record.version };
      return retryOnRace(() => commitRecord({ kind, call, decision, reply }));
    }),
    handle(read, async ({ tables, params }) => {
      const body = await readRecord(kind, tables, params.id);
      return { body, version: body.version };
    }),
    handle(list, (call) => listRecords(kind, call.tables, call.query)),
    handle(update, (call) => {
      const at = call.now.toISOString();
      const decide = (record: R) => kind.patch(record, call.body, at);
      return changeRecord({ kind, turns, call, decide, id: call.params.id });
    }),
    handle(void_, (call) => {
      const at = call.now.toISOString();
      const decide = (record: R) => voidRecord(record, call.body.reason, at);
      return changeRecord({ kind, turns, call, decide, id: call.params.id });
    }),
    handle(history, ({ tables, params, query }) =>
      listHistory(kind, tables, { ...params, ...query }),
    ),
  ];
}

/**
 * Reads, decides and commits; again when somebody else was faster. With `If-Match` the other's
 * change makes the version stale, and that is the answer; without it the decision is made anew.
 */
function changeRecord<R extends RecordBase, New, Patch, Query extends PageRequest>(change: {
  readonly kind: RecordKind<R, New, Patch, Query>;
  readonly turns: Turns;
  readonly call: Call<Changing<R>>;
  readonly id: string;
  readonly decide: (record: R) => Decision<R> | undefined;
}): Promise<Reply<Changing<R>>> {
  const { kind, turns, call, id, decide } = change;
  const attempt = async (): Promise<Committed<Changing<R>>> => {
    const before = await readRecord(kind, call.tables, id);
    assertVersion(before, call.ifMatch);
    const decision = decide(before);
    const body = decision?.record ?? before;
    const reply = { body, version: body.version };
    if (decision === undefined) return { ok: true, reply };
    return commitRecord({ kind, call, before, decision, reply });
  };
  return turns.take(`${call.caller.tenant}/${kind.type}/${id}`, () => retryOnRace(attempt));
}

/** An update, or a void: both answer the record. */
type Changing<R> = RecordOperations<R, unknown, unknown, PageRequest>['read'];

/** Newest first. */
async function listRecords<R extends RecordBase, New, Patch, Query extends PageRequest>(
  kind: RecordKind<R, New, Patch, Query>,
  tables: TenantTables,
  query: Query,
) {
  const { index, shows } = kind.listing(query);
  const body = await listPage({
    operation: kind.operations.list.name,
    query,
    tables,
    rows: { kind: kind.type, ...index, descending: true },
    itemOf: async (row) => {
      const record = await recordBehind(kind, tables, row);
      return record !== undefined && shows(record) ? record : undefined;
    },
  });
  return { body };
}

/** An index row is found a moment before its record, which may have changed by then. */
async function recordBehind<R extends RecordBase>(
  kind: Stored<R>,
  tables: TenantTables,
  row: Row,
): Promise<R | undefined> {
  if (row.kind === kind.type) return recordOf(kind, row);
  return findRecord(kind, tables, row.id.slice(row.id.lastIndexOf('/') + 1));
}

/** Oldest first. */
async function listHistory<R extends RecordBase, New, Patch, Query extends PageRequest>(
  kind: RecordKind<R, New, Patch, Query>,
  tables: TenantTables,
  query: PageRequest & { readonly id: string },
) {
  const { id } = await readRecord(kind, tables, query.id);
  const body = await listPage({
    operation: kind.operations.history.name,
    query,
    tables,
    rows: { kind: HISTORY, prefix: `${id}/` },
    itemOf: async ({ value }) => historyRow.parse(value),
  });
  return { body };
}
