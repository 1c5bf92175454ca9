import type { AuditEvent } from '#contracts/audit-event.ts';
import type { TenantId } from '#contracts/primitives.ts';

/** JSON that a row can hold: no `undefined`, no dates, no numbers outside of JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export interface RowKey {
  /** Kind of row: `incident`, `history`. Lower-case words with hyphens. */
  readonly kind: string;
  /**
   * Sorts by UTF-8 bytes inside the kind: UUIDv7s and padded numbers sort by age. 1 to 512 bytes,
   * well-formed, without NUL.
   */
  readonly id: string;
}

export interface Row<Value = Json> extends RowKey {
  /** 1 at the first put, one more with each; 1 again for a row that is put anew after its removal. */
  readonly version: number;
  readonly value: Value;
  /** Bytes beside the value, for what is no JSON (the ledger's blocks). */
  readonly bytes?: Uint8Array;
}

/**
 * One change of a write. `expect` is the version that the row MUST have now, 0 when it must not
 * exist: there is no blind put, so a race is always noticed.
 */
export type Change =
  | {
      readonly put: RowKey & { readonly value: Json; readonly bytes?: Uint8Array };
      readonly expect: number;
    }
  | { readonly remove: RowKey; readonly expect: number }
  | { readonly check: RowKey; readonly expect: number };

/**
 * A row outside of any tenant that finds one: an e-mail address, a key id, a mail token. Its value
 * is the tenant and the row id, never content.
 */
export interface DirectoryEntry {
  readonly tenant: TenantId;
  readonly id: string;
}
export type DirectoryChange =
  | { readonly add: RowKey; readonly entry: DirectoryEntry }
  | { readonly drop: RowKey };

export interface Write {
  /** Each row at most once; what is to be written is copied before `write` gives back its promise. */
  readonly changes: readonly Change[];
  readonly directory?: readonly DirectoryChange[];
  /** The audit events of the change: put into the outbox in this order, in the same transaction. */
  readonly events: readonly AuditEvent[];
  /**
   * What this write removes or replaces MUST be in no file of the store any more when it resolves,
   * as far as the store decides that: keys are destroyed by it. A rejection may come after the
   * commit.
   */
  readonly erase?: true;
  /** Why a write has no event. Without events and without a reason the write is refused (a bug). */
  readonly unaudited?: string;
}

/**
 * `conflict` names the first key whose expectation did not hold, changes before directory; adding a
 * directory entry that is there already is one. Nothing at all was written.
 */
export type WriteResult = { readonly ok: true } | { readonly ok: false; readonly conflict: RowKey };

export interface ListRequest {
  readonly kind: string;
  /** Only ids that begin with this. */
  readonly prefix?: string;
  /** Only ids after this one, in the direction of the list; exclusive. There need be no such row. */
  readonly after?: string;
  /** 1 to LIST_ROWS_MAX. */
  readonly limit: number;
  /** Default is ascending by id. */
  readonly descending?: boolean;
}

/** Rows of one tenant. There is no reader across tenants. */
export interface TenantTables {
  /** The row as of some moment after the call began; after a write returned, never an older one. */
  get(key: RowKey): Promise<Row | undefined>;
  /** Rows in id order. Not a snapshot: rows written meanwhile may or may not be among them. */
  list(request: ListRequest): Promise<readonly Row[]>;
  /**
   * All or nothing, durable before it resolves: a `kill -9` right after MUST NOT lose it. At most
   * WRITE_ITEMS_MAX changes, directory changes and events together. A lost race is a result value.
   * Rejects with Problem `too-large` for a row over ROW_BYTES_MAX or rows and events over
   * WRITE_BYTES_MAX, and `unavailable` when the store cannot be had; nothing was written then. Any other rejection leaves that open: read first.
   */
  write(write: Write): Promise<WriteResult>;
}

/** An event waiting for the ledger. `position` grows with each write of this store. */
export interface OutboxEvent {
  readonly position: number;
  readonly event: AuditEvent;
}

export interface Tables extends AsyncDisposable {
  forTenant(tenant: TenantId): TenantTables;
  /** Finds the tenant of an e-mail, key id or token. The entry may be looked up by exact key only. */
  find(key: RowKey): Promise<DirectoryEntry | undefined>;
  /** Oldest first, from after `position`; events of one record stand in the order of its versions. */
  outbox(request: {
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly OutboxEvent[]>;
  /** Forgets events which the ledger has. Idempotent. After a power cut they may be there again. */
  outboxDone(positions: readonly number[]): Promise<void>;
  /** How many events wait, and since when the oldest does (ms since the epoch). */
  outboxDepth(): Promise<{ readonly events: number; readonly oldestAt: number | undefined }>;
}
