import type { Change, Json } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

const VERSION_DIGITS = 16;

/** What every record has, whatever its kind. */
export interface RecordBase {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly voidReason?: string | undefined;
  /** Expungements that destroyed values of it. */
  readonly expungedBy?: readonly string[] | undefined;
}

/** What a decision comes to: the next version, and rows of the kind's own that go with it. */
export interface Decision<R extends RecordBase> {
  readonly record: R;
  readonly rows?: readonly Change[];
  readonly reason?: string;
}

/** The record stays readable with its history; nothing can be changed in it any more. */
export function voidRecord<R extends RecordBase>(
  record: R,
  reason: string,
  at: string,
): Decision<R> {
  assertNotVoided(record);
  return {
    record: { ...successorOf(record, at), status: 'voided', voidReason: reason },
    reason,
  };
}

/** Throws Problem `conflict` for a record that can be changed no more: a voided or expunged one. */
export function assertNotVoided(record: RecordBase): void {
  if (record.status === 'expunged') {
    throw new Problem('conflict', {
      detail: 'What the record said was destroyed by order: it can be changed no more.',
    });
  }
  if (record.status !== 'voided') return;
  throw new Problem('conflict', {
    detail: 'The record is voided: it can be read, but not changed any more.',
  });
}

/** Throws Problem `version-mismatch` when the caller knows another version than the current one. */
export function assertVersion(
  { version }: Pick<RecordBase, 'version'>,
  ifMatch: number | undefined,
): void {
  if (ifMatch === undefined || ifMatch === version) return;
  throw new Problem('version-mismatch', {
    detail: `If-Match names version ${ifMatch}, it is at ${version}. Read it and decide anew.`,
  });
}

/** The record under its next version. Time never goes back inside of one record. */
export function successorOf<R extends RecordBase>(record: R, at: string): R {
  return { ...record, version: record.version + 1, updatedAt: laterOf(record.updatedAt, at) };
}

/** A version as text that sorts like the number: 16 digits hold every safe integer. */
export function sortableVersion(version: number): string {
  return String(version).padStart(VERSION_DIGITS, '0');
}

/** Both are UTC with milliseconds, so that their text sorts by time. */
export function laterOf(left: string, right: string): string {
  return left > right ? left : right;
}

/** The JSON of an object: keys that hold nothing are gone. */
export function jsonOf(value: object): { readonly [key: string]: Json } {
  return JSON.parse(JSON.stringify(value));
}
