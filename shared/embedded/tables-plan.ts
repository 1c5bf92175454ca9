import type { AuditEvent } from '#contracts/audit-event.ts';
import {
  LIST_ROWS_MAX,
  ROW_BYTES_MAX,
  WRITE_BYTES_MAX,
  WRITE_ITEMS_MAX,
} from '#contracts/limits.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type {
  Change,
  DirectoryChange,
  DirectoryEntry,
  Json,
  ListRequest,
  RowKey,
  Write,
} from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

const KIND = /^[a-z][a-z0-9-]{0,63}$/;
const ID_BYTES_MAX = 512;
const TENANT_CHARS_MAX = 64;
const CODE_POINT_MAX = 0x10ffff;
const SURROGATES_FIRST = 0xd800;
const SURROGATES_LAST = 0xdfff;
/** SQLite sorts every blob behind every text: the bound that holds nothing back. */
const NO_BOUND = Uint8Array.of(0);

export interface PlannedRow extends RowKey {
  readonly tenant: TenantId;
  readonly value: string;
  readonly bytes: Uint8Array | null;
  readonly version: number;
}

/** A write as text and bytes: nothing in it can fail any more but an expectation. */
export interface WritePlan {
  readonly tenant: TenantId;
  readonly expectations: readonly { readonly key: RowKey; readonly version: number }[];
  readonly puts: readonly PlannedRow[];
  readonly removes: readonly RowKey[];
  readonly adds: readonly { readonly key: RowKey; readonly entry: DirectoryEntry }[];
  readonly drops: readonly RowKey[];
  readonly events: readonly string[];
}

/** Throws Problem `too-large` over ROW_BYTES_MAX or WRITE_BYTES_MAX; any other fault is a bug and an Error. */
export function planWrite(tenant: TenantId, write: Write): WritePlan {
  const { changes, directory = [], events, unaudited } = write;
  if (events.length === 0 && !unaudited) {
    throw new Error('a write needs its audit events, or the reason why it has none');
  }
  const items = changes.length + directory.length + events.length;
  if (items > WRITE_ITEMS_MAX) {
    throw new Error(`a write has at most ${WRITE_ITEMS_MAX} items, not ${items}`);
  }
  assertDistinct(changes.map(keyOf));
  assertDistinct(directory.map(directoryKeyOf));
  const puts = changes.flatMap((change) => ('put' in change ? [plannedRow(tenant, change)] : []));
  const eventTexts = events.map(eventText);
  assertWriteBytes(puts, eventTexts);
  return {
    tenant,
    expectations: changes.map((change) => expectationOf(change)),
    puts,
    removes: changes.flatMap((change) => ('remove' in change ? [change.remove] : [])),
    adds: directory.flatMap((each) =>
      'add' in each ? [{ key: each.add, entry: each.entry }] : [],
    ),
    drops: directory.flatMap((each) => ('drop' in each ? [each.drop] : [])),
    events: eventTexts,
  };
}

/**
 * Bounds of a list: `from` is inclusive, `after` exclusive and set only where an ascending list
 * goes on behind the beginning of its prefix, `before` is exclusive.
 */
export function planList({ kind, prefix = '', after, limit, descending }: ListRequest) {
  assertKind(kind);
  if (prefix !== '') assertId(prefix);
  if (after !== undefined && after !== '') assertId(after);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_ROWS_MAX) {
    throw new Error(`a list has a limit from 1 to ${LIST_ROWS_MAX}, not ${limit}`);
  }
  const end = successorOf(prefix);
  const base = { kind, limit, from: prefix, before: end ?? NO_BOUND, after: undefined };
  if (after === undefined) return base;
  if (descending) {
    return { ...base, before: end === undefined || isBefore(after, end) ? after : end };
  }
  return isBefore(after, prefix) ? base : { ...base, after };
}

export function assertTenant(tenant: string): void {
  if (tenant.length >= 1 && tenant.length <= TENANT_CHARS_MAX && isStorable(tenant)) return;
  throw new Error('a tenant is known by 1 to 64 characters');
}

export function assertKey({ kind, id }: RowKey): void {
  assertKind(kind);
  assertId(id);
}

function assertKind(kind: string): void {
  if (!KIND.test(kind)) throw new Error(`a kind is a lower-case word with hyphens, not ${kind}`);
}

function assertId(id: string): void {
  const bytes = Buffer.byteLength(id);
  if (bytes >= 1 && bytes <= ID_BYTES_MAX && isStorable(id)) return;
  throw new Error(`an id has 1 to ${ID_BYTES_MAX} bytes of UTF-8 without NUL`);
}

/** UTF-8 has no lone surrogates: two different ids would become the same replacement character. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** DynamoDB allows one operation on an item per transaction; two would also hide which one wins. */
function assertDistinct(keys: readonly RowKey[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    assertKey(key);
    const name = `${key.kind}/${key.id}`;
    if (seen.has(name)) throw new Error(`a write names each row once, not ${key.kind} twice`);
    seen.add(name);
  }
}

function keyOf(change: Change): RowKey {
  if ('put' in change) return change.put;
  return 'remove' in change ? change.remove : change.check;
}

function directoryKeyOf(change: DirectoryChange): RowKey {
  return 'add' in change ? change.add : change.drop;
}

function expectationOf(change: Change): { readonly key: RowKey; readonly version: number } {
  const { kind, id } = keyOf(change);
  if (!Number.isSafeInteger(change.expect) || change.expect < 0) {
    throw new Error(`a change expects version 0 or more, not ${change.expect}`);
  }
  return { key: { kind, id }, version: change.expect };
}

function plannedRow(tenant: TenantId, change: Extract<Change, { put: unknown }>): PlannedRow {
  const { kind, id, bytes } = change.put;
  const value = jsonText(change.put.value);
  const size = rowBytes(id, value, bytes);
  if (size > ROW_BYTES_MAX) {
    throw new Problem('too-large', {
      detail: `The record would have ${size} bytes; at most ${ROW_BYTES_MAX} can be kept.`,
    });
  }
  // A copy: the caller may use its buffer again before the commit.
  const kept = bytes === undefined ? null : Uint8Array.from(bytes);
  return { tenant, kind, id, value, bytes: kept, version: change.expect + 1 };
}

function assertWriteBytes(puts: readonly PlannedRow[], events: readonly string[]): void {
  const rows = puts.map((row) => rowBytes(row.id, row.value, row.bytes));
  const sizes = [...rows, ...events.map((event) => Buffer.byteLength(event))];
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (size <= WRITE_BYTES_MAX) return;
  throw new Problem('too-large', {
    detail: `The change would have ${size} bytes; at most ${WRITE_BYTES_MAX} can be kept at once.`,
  });
}

function rowBytes(id: string, value: string, bytes: Uint8Array | null | undefined): number {
  return Buffer.byteLength(id) + Buffer.byteLength(value) + (bytes?.byteLength ?? 0);
}

function eventText(event: AuditEvent): string {
  // Plain data by its schema.
  return jsonText(event as unknown as Json);
}

function jsonText(value: Json): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new Error('a row holds JSON, and undefined is none');
  return text;
}

/** The least text behind all that begin with this one; `undefined` when there is none. */
function successorOf(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === CODE_POINT_MAX) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  const next = last + 1 === SURROGATES_FIRST ? SURROGATES_LAST + 1 : last + 1;
  return String.fromCodePoint(...points, next);
}

/** In the order of UTF-8 bytes, which is not the order of JavaScript's comparison. */
function isBefore(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
}
