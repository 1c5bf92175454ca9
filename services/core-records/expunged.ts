/** What is left of a record of any kind, and of its history, by an order. Pure. */
import { type HistoryRow, historyRow } from '#contracts/records/incident.ts';
import type { Json, RowKey } from '#shared/ports/tables.ts';
import { jsonOf, laterOf, type RecordBase } from './record.ts';
import type { Stored } from './record-store.ts';

/** What an order takes: everything that a record says, or what it says in some fields. */
export interface Taking {
  readonly expungement: string;
  readonly fields?: readonly string[] | undefined;
  readonly at: string;
}

/** What expunging needs to know of a kind of record. */
export interface Expungeable<R extends RecordBase> extends Stored<R> {
  /** The next version: a tombstone, or the record without the fields. */
  left(record: R, taking: Taking): R;
  /** Mails that made or changed it. */
  messageIds(record: R): readonly string[];
  /** Rows of the kind's own with ids `<record id>/...` that hold what was said. */
  readonly own?: {
    readonly kind: string;
    /** What is left of a row; `undefined`: it goes. */
    left(value: Json, taking: Taking): Json | undefined;
    /** Mails that it tells of, also those that made no difference. */
    messageIds(value: Json): readonly string[];
    /** Rows elsewhere from which something that it says could be guessed. */
    traces(value: Json, taking: Taking): readonly RowKey[];
  };
}

export function isTaken({ expungedBy = [] }: RecordBase, expungement: string): boolean {
  return expungedBy.includes(expungement);
}

/** What every record is besides what it says, under its next version. */
export function expungedOf(record: RecordBase, { expungement, at }: Taking) {
  const { id, version, createdAt, updatedAt, expungedBy = [] } = record;
  return {
    id,
    version: version + 1,
    createdAt,
    updatedAt: laterOf(updatedAt, at),
    expungedBy: [...expungedBy, expungement],
  };
}

/** Who made a version and when stays; the values go, and of a whole record the words beside them. */
export function historyLeft(value: Json, { fields }: Taking): Json {
  const row = historyRow.parse(value);
  const { reason: _, ...bare } = row;
  if (fields === undefined) return jsonOf({ ...bare, changes: [] } satisfies HistoryRow);
  return jsonOf({ ...row, changes: row.changes.filter(({ field }) => !fields.includes(field)) });
}
