/**
 * How far a sink has come in one tenant's log, and which process is at it. One row, under the tenant:
 * kind `sink`, id the sink's name. It changes only by its version, so that of two processes that
 * want to send the same entries one does, and the other waits until the first has gone quiet.
 */
import { z } from 'zod';
import type { AuditEvent } from '#contracts/audit-event.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { UNAUDITED } from '../log/store.ts';

const sinkRow = z.strictObject({
  v: z.literal(1),
  /** First entry that has not been taken yet. */
  next: z.number().int().nonnegative(),
  /** The process that sends, and until when (ms since the epoch) it is alone. */
  holder: z.string(),
  until: z.number().int().nonnegative(),
  /** Entries that went out since the last summary of that, and the first of them. */
  unreported: z.number().int().nonnegative(),
  unreportedFirst: z.number().int().nonnegative(),
  reportedAt: z.number().int().nonnegative(),
});
export type SinkState = z.infer<typeof sinkRow>;

export interface Cursor {
  readonly state: SinkState;
  readonly version: number;
}

export async function readCursor(tables: TenantTables, sink: string): Promise<Cursor> {
  const row = await tables.get({ kind: 'sink', id: sink });
  if (row !== undefined) return { state: sinkRow.parse(row.value), version: row.version };
  const state: SinkState = {
    v: 1,
    next: 0,
    holder: '',
    until: 0,
    unreported: 0,
    unreportedFirst: 0,
    reportedAt: 0,
  };
  return { state, version: 0 };
}

/** The cursor as it is then; `undefined` when another process has moved it meanwhile. */
export async function moveCursor(
  tables: TenantTables,
  sink: string,
  move: {
    readonly from: Cursor;
    readonly to: Partial<SinkState>;
    readonly event?: AuditEvent | undefined;
  },
): Promise<Cursor | undefined> {
  const { from, to, event } = move;
  const state = { ...from.state, ...to };
  const put = { put: { kind: 'sink', id: sink, value: state }, expect: from.version };
  const audit = event === undefined ? { events: [], unaudited: UNAUDITED } : { events: [event] };
  const result = await tables.write({ changes: [put], ...audit });
  return result.ok ? { state, version: from.version + 1 } : undefined;
}
