import type { z } from 'zod';
import type { Operation } from '#contracts/operation.ts';
import type { HistoryRow } from '#contracts/records/incident.ts';
import type { RowKey } from '#shared/ports/tables.ts';
import type { Decision, RecordBase } from './record.ts';

/**
 * One kind of record: its declared operations and its decisions. Everything else (reading, paging,
 * history, versions, races, audit) is the same for all kinds and stands in records.ts.
 *
 * Decisions are pure. They give the next version, or throw Problem `conflict` when the state does
 * not allow the change.
 */
export interface RecordKind<
  R extends RecordBase,
  New = never,
  Patch = never,
  Query extends PageRequest = never,
> {
  /** Kind of its rows, and the object type of its audit events. */
  readonly type: string;
  readonly schema: Plain<R>;
  readonly operations: RecordOperations<R, New, Patch, Query>;
  create(input: New, made: { readonly id: string; readonly at: string }): Decision<R>;
  /** `undefined` when the patch says nothing that the record does not say already. */
  patch(record: R, patch: Patch, at: string): Decision<R> | undefined;
  /** Keys of the rows by which a list finds the record. Ids end in `/<record id>`. */
  indexRows(record: R): readonly RowKey[];
  listing(query: Query): Listing<R>;
}

/** Which rows a list goes over, and which of the records that they lead to it shows. */
export interface Listing<R> {
  /** Index rows `<prefix><record id>`; absent: the records themselves. */
  readonly index?: { readonly kind: string; readonly prefix: string };
  shows(record: R): boolean;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The six operations that every kind of record has. */
export interface RecordOperations<R, New, Patch, Query extends PageRequest> {
  readonly create: Operation<Any, Any, Parsed<New>, Plain<R>>;
  readonly read: Operation<ById, Any, Any, Plain<R>>;
  readonly list: Operation<Any, Parsed<Query>, Any, Plain<Page<R>>>;
  readonly update: Operation<ById, Any, Parsed<Patch>, Plain<R>>;
  readonly void: Operation<ById, Any, Parsed<{ readonly reason: string }>, Plain<R>>;
  readonly history: Operation<ById, Parsed<PageRequest>, Any, Plain<Page<HistoryRow>>>;
}

interface Page<Item> {
  items: Item[];
  next?: string | undefined;
}

type Any = z.ZodType;
type ById = Parsed<{ readonly id: string }>;
/** A schema by what it gives after parsing. */
type Parsed<Output> = z.ZodType<Output, unknown>;
/** A schema that neither transforms nor fills in. */
type Plain<Value> = z.ZodType<Value, Value>;
