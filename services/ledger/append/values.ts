/**
 * The values of events: sealed under a key for each record, the key sealed by the vault in a row of
 * its own. Removing that row expunges the record's values, and no hash changes.
 *
 * A key's row is put in the write of the first block that uses it, and MUST be removed only in the
 * write of a block too: then whoever has the key in memory learns of the removal before they can
 * write again, because their next block needs the slot that was taken.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Change, Row, TenantTables } from '#shared/ports/tables.ts';
import type { Vault } from '#shared/ports/vault.ts';
import { KEY_BYTES, KEY_ID_BYTES, keyIdOf, type RecordKey } from '../chain/seal.ts';
import { openGroup } from '../chain/seal-block.ts';
import type { SealedEntry } from '../log/blocks.ts';
import { openLru } from '../log/lru.ts';
import { UNAUDITED } from '../log/store.ts';
import { type Kept, keptParts, partsOf, readKept } from './kept-values.ts';

/** Keys in memory, for each log that is open. */
const KEYS_KEPT_MAX = 4_096;

/** Which key: after an expungement a record may get another one. */
const keyId = z.string().regex(/^[0-9a-f]{16}$/);

export const keyRow = z.discriminatedUnion('v', [
  z.strictObject({ v: z.literal(1), keyId }),
  /** After an order about fields: with what was left of older values, in so many parts. */
  z.strictObject({ v: z.literal(2), keyId, parts: z.number().int().nonnegative() }),
]);

/** Parts of kept values that go into the write of the block; more are written before it. */
const PARTS_TOGETHER_MAX = 8;
/** Older parts that are removed with it; what is left of more nobody can open. */
const PARTS_REMOVED_MAX = 40;

export interface NewKey {
  readonly key: RecordKey;
  /** Goes into the write of the block whose values it seals. */
  readonly change: Change;
}

export interface RecordKeys {
  /** The keys that there are. */
  find(records: readonly string[]): Promise<Map<string, RecordKey>>;
  make(record: string): Promise<NewKey>;
  /** The write with the new key is committed. */
  keep(record: string, key: RecordKey): void;
  /** The changes that destroy the key, for the write of a block; `undefined` when there is none. */
  removal(record: string): Promise<readonly Change[] | undefined>;
  /**
   * The changes that put a new key in the place of the old one, and keep these values under it, for
   * the write of a block; `undefined` when there is no key.
   */
  replacement(record: string, kept: readonly Kept[]): Promise<readonly Change[] | undefined>;
  /** A block of another process may have removed or made any of them. */
  forget(): void;
  /** Disclosures of an event; `undefined` when they were expunged. Throws when bytes were altered. */
  open(
    values: SealedEntry & { readonly record: string; readonly seq: number },
  ): Promise<string[] | undefined>;
}

export function openRecordKeys(about: {
  readonly tenant: string;
  readonly tables: TenantTables;
  readonly vault: Vault;
}): RecordKeys {
  const { tenant, tables, vault } = about;
  const known = openLru<RecordKey>(KEYS_KEPT_MAX);
  /** Counts `forget`: a key that was being read meanwhile is not kept. */
  let generation = 0;
  // Bound to its id as well: values sealed under a wrong id would look as if they were expunged.
  const contextOf = (record: string, keyId: string) => ({
    tenant,
    purpose: 'record-key',
    record,
    keyId,
  });

  async function read(record: string): Promise<RecordKey | undefined> {
    const row = await tables.get({ kind: 'record-key', id: record });
    if (row?.bytes === undefined) return undefined;
    const { keyId } = keyRow.parse(row.value);
    const key = createSecretKey(await vault.open(contextOf(record, keyId), row.bytes));
    return { id: Buffer.from(keyId, 'hex'), key };
  }

  async function make(record: string) {
    const bytes = randomBytes(KEY_BYTES);
    const key = { id: randomBytes(KEY_ID_BYTES), key: createSecretKey(bytes) };
    const keyId = key.id.toString('hex');
    const value = { v: 1, keyId };
    const sealed = await vault.seal(contextOf(record, keyId), bytes);
    const put = { kind: 'record-key', id: record, value, bytes: sealed };
    return { key, change: { put, expect: 0 } };
  }

  return {
    async find(records) {
      const startedIn = generation;
      const found = await Promise.all(
        records.map(async (record) => [record, known.get(record) ?? (await read(record))] as const),
      );
      for (const [record, key] of startedIn === generation ? found : []) {
        if (key !== undefined) known.put(record, key);
      }
      return new Map(found.flatMap(([record, key]) => (key === undefined ? [] : [[record, key]])));
    },
    make,
    async replacement(record, kept) {
      const row = await tables.get({ kind: 'record-key', id: record });
      if (row === undefined) return undefined;
      const { key, change } = await make(record);
      if (!('put' in change)) throw new Error('a new key is put');
      const parts = keptParts({ tenant, record, key }, kept, randomBytes);
      const before = parts.slice(0, Math.max(0, parts.length - PARTS_TOGETHER_MAX));
      for (const each of before) {
        await tables.write({ changes: [each], events: [], unaudited: UNAUDITED });
      }
      const value = { v: 2, keyId: key.id.toString('hex'), parts: parts.length };
      return [
        { put: { ...change.put, value }, expect: row.version },
        ...parts.slice(before.length),
        ...(await olderParts(tables, row)),
      ];
    },
    keep: (record, key) => known.put(record, key),
    async removal(record) {
      const key = { kind: 'record-key', id: record };
      const row = await tables.get(key);
      return row && [{ remove: key, expect: row.version }, ...(await olderParts(tables, row))];
    },
    forget() {
      generation += 1;
      known.clear();
    },
    async open({ record, seq, sealed, eventIds, index }) {
      // Never from memory: another process may have expunged the record.
      const key = await read(record);
      if (key === undefined) return undefined;
      if (!key.id.equals(keyIdOf(sealed))) return readKept(tables, { tenant, record, key }, seq);
      return openGroup({ key, tenant, record, eventIds, sealed })[index];
    },
  };
}

/** Removes what was kept under the key in the row. */
async function olderParts(tables: TenantTables, { value }: Row): Promise<Change[]> {
  const key = keyRow.parse(value);
  if (key.v === 1) return [];
  const parts = await partsOf(tables, { id: Buffer.from(key.keyId, 'hex') });
  return parts
    .slice(0, PARTS_REMOVED_MAX)
    .map(({ kind, id, version }) => ({ remove: { kind, id }, expect: version }));
}
