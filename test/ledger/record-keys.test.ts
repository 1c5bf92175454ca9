/** Keys of records, and the values that an order about fields left: below any log, on real tables. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  KEPT_VALUES,
  type Kept,
  type KeptOwner,
  keptParts,
  partsOf,
  readKept,
} from '#services/ledger/append/kept-values.ts';
import { type NewKey, openRecordKeys, type RecordKeys } from '#services/ledger/append/values.ts';
import { NONCE_BYTES, sealDisclosures } from '#services/ledger/chain/seal.ts';
import type { Change, TenantTables } from '#shared/ports/tables.ts';
import { type Fixture, openFixture } from './fixture.ts';

const RECORD = 'incident/i-1';
const ROW = { kind: 'record-key', id: RECORD };
/** Of one part: two entries of this length fill it to the last character. */
const PART_CHARS_MAX = 256 * 1024;
const HALF = PART_CHARS_MAX / 2 - 17 - 1;

const tablesOf = ({ tables, tenant }: Fixture): TenantTables => tables.forTenant(tenant);
const keysOf = (fixture: Fixture, tables = tablesOf(fixture)): RecordKeys =>
  openRecordKeys({ tenant: fixture.tenant, tables, vault: fixture.host.host.vault });

async function write(tables: TenantTables, changes: readonly Change[]): Promise<void> {
  const result = await tables.write({ changes, events: [], unaudited: 'a test' });
  expect(result).toEqual({ ok: true });
}

async function madeIn(fixture: Fixture, record = RECORD): Promise<NewKey> {
  const made = await keysOf(fixture).make(record);
  await write(tablesOf(fixture), [made.change]);
  return made;
}

/** Values of one event, sealed by the key. */
function sealedBy({ key }: NewKey, { tenant }: Fixture, disclosures = ['WyJzIiwiYSIsMV0']) {
  const subject = { tenant, eventId: 'e', record: RECORD };
  return sealDisclosures({ key, nonce: randomBytes(NONCE_BYTES), subject, disclosures });
}

const opening = (sealed: Uint8Array, seq = 0) => ({
  record: RECORD,
  seq,
  sealed,
  eventIds: ['e'],
  index: 0,
});

describe('the key of a record', () => {
  test('is there once its row is, and opens what it has sealed', async () => {
    await using fixture = await openFixture();
    const keys = keysOf(fixture);
    const made = await keys.make(RECORD);
    expect(await keys.find([RECORD])).toEqual(new Map());
    expect(await keys.open(opening(sealedBy(made, fixture)))).toBeUndefined();
    await write(tablesOf(fixture), [made.change]);
    const found = await keys.find([RECORD, 'incident/none']);
    expect([...found.keys()]).toEqual([RECORD]);
    expect(found.get(RECORD)?.id).toEqual(made.key.id);
    expect(await keys.open(opening(sealedBy(made, fixture)))).toEqual(['WyJzIiwiYSIsMV0']);
    const other = await keys.make(RECORD);
    expect(other.key.id).not.toEqual(made.key.id);
    expect(other.key.key.equals(made.key.key)).toBe(false);
  });

  test('stands in its row sealed for this tenant, record and id, as it did in every version', async () => {
    await using fixture = await openFixture();
    const { key } = await madeIn(fixture);
    const row = await tablesOf(fixture).get(ROW);
    const keyId = key.id.toString('hex');
    expect(row?.value).toEqual({ v: 1, keyId });
    const context = { tenant: fixture.tenant, purpose: 'record-key', record: RECORD, keyId };
    const opened = await fixture.host.host.vault.open(context, row?.bytes ?? Buffer.alloc(0));
    expect(key.key.equals(createSecretKey(opened))).toBe(true);
  });

  test('is found in memory until it is forgotten; what is opened asks for its row each time', async () => {
    await using fixture = await openFixture();
    const keys = keysOf(fixture);
    const made = await madeIn(fixture);
    await keys.find([RECORD]);
    await write(tablesOf(fixture), [{ remove: ROW, expect: 1 }]);
    expect((await keys.find([RECORD])).size).toBe(1);
    expect(await keys.open(opening(sealedBy(made, fixture)))).toBeUndefined();
    keys.forget();
    expect((await keys.find([RECORD])).size).toBe(0);
    keys.keep(RECORD, made.key);
    expect((await keys.find([RECORD])).get(RECORD)).toBe(made.key);
  });

  test('that was being read while all were forgotten is not kept', async () => {
    await using fixture = await openFixture();
    const real = tablesOf(fixture);
    const keys = keysOf(fixture, {
      ...real,
      async get(key) {
        const row = await real.get(key);
        keys.forget();
        return row;
      },
    });
    await madeIn(fixture);
    expect((await keys.find([RECORD])).size).toBe(1);
    await write(real, [{ remove: ROW, expect: 1 }]);
    expect((await keys.find([RECORD])).size).toBe(0);
  });

  test('is none where the row has no bytes, and an error where it is of another form', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    await write(tables, [{ put: { ...ROW, value: { v: 1, keyId: '0'.repeat(16) } }, expect: 0 }]);
    expect((await keysOf(fixture).find([RECORD])).size).toBe(0);
    for (const [version, keyId] of [
      '0'.repeat(15),
      `${'0'.repeat(16)}0`,
      'G'.repeat(16),
    ].entries()) {
      const put = { ...ROW, value: { v: 1, keyId }, bytes: Buffer.of(1) };
      await write(tables, [{ put, expect: version + 1 }]);
      await expect(keysOf(fixture).find([RECORD])).rejects.toThrow();
    }
  });
});

describe('a key that goes', () => {
  test('is one change on the version of its row; there is none without a key', async () => {
    await using fixture = await openFixture();
    const keys = keysOf(fixture);
    expect(await keys.removal(RECORD)).toBeUndefined();
    expect(await keys.replacement(RECORD, [])).toBeUndefined();
    await madeIn(fixture);
    expect(await keys.removal(RECORD)).toEqual([{ remove: ROW, expect: 1 }]);
  });

  test('for another one leaves what is kept, and nothing else; the next order takes that too', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    const keys = keysOf(fixture);
    const sealed = sealedBy(await madeIn(fixture), fixture);
    const first = await keys.replacement(RECORD, [{ seq: 3, disclosures: ['a', 'b'] }]);
    await write(tables, first ?? []);
    expect((await tables.get(ROW))?.value).toMatchObject({ v: 2, parts: 1 });
    expect(await keys.open(opening(sealed, 3))).toEqual(['a', 'b']);
    expect(await keys.open(opening(sealed, 4))).toBeUndefined();
    const second = await keys.replacement(RECORD, [{ seq: 3, disclosures: ['b'] }]);
    expect(second?.filter((change) => 'remove' in change).length).toBe(1);
    await write(tables, second ?? []);
    expect(await keys.open(opening(sealed, 3))).toEqual(['b']);
    expect((await tables.list({ kind: KEPT_VALUES, limit: 10 })).length).toBe(1);
    await write(tables, (await keys.removal(RECORD)) ?? []);
    expect(await tables.list({ kind: KEPT_VALUES, limit: 10 })).toEqual([]);
  });

  test('with more kept than one write takes: the first parts are written before, all are read', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    const keys = keysOf(fixture);
    const sealed = sealedBy(await madeIn(fixture), fixture);
    const kept = (parts: number): Kept[] =>
      Array.from({ length: parts }, (_, seq) => ({
        seq,
        disclosures: ['x'.repeat(PART_CHARS_MAX)],
      }));
    const count = async () => (await tables.list({ kind: KEPT_VALUES, limit: 100 })).length;
    const eight = await keys.replacement(RECORD, kept(8));
    expect([eight?.length, await count()]).toEqual([9, 0]);
    const changes = await keys.replacement(RECORD, kept(11));
    expect([changes?.length, await count()]).toEqual([9, 3]);
    await write(tables, changes ?? []);
    expect((await tables.get(ROW))?.value).toMatchObject({ v: 2, parts: 11 });
    for (const seq of [0, 2, 3, 9, 10]) {
      expect((await keys.open(opening(sealed, seq)))?.length, `entry ${seq}`).toBe(1);
    }
    expect((await keys.removal(RECORD))?.length).toBe(1 + 11);
  });

  test('takes at most forty older parts with it: more do not fit beside a block', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    const keys = keysOf(fixture);
    await madeIn(fixture);
    await write(tables, (await keys.replacement(RECORD, [{ seq: 0, disclosures: ['a'] }])) ?? []);
    const [part] = await tables.list({ kind: KEPT_VALUES, limit: 1 });
    const [id = ''] = part?.id.split('/') ?? [];
    for (let index = 1; index <= 41; index += 1) {
      const put = { kind: KEPT_VALUES, id: `${id}/${String(index).padStart(4, '0')}`, value: {} };
      await write(tables, [{ put, expect: 0 }]);
    }
    expect((await keys.removal(RECORD))?.length).toBe(1 + 40);
  });
});

describe('kept values', () => {
  const owner: KeptOwner = {
    tenant: 't',
    record: RECORD,
    key: { id: Buffer.from('0011223344556677', 'hex'), key: createSecretKey(randomBytes(32)) },
  };
  const partsFor = (kept: readonly Kept[]) => keptParts(owner, kept, randomBytes);
  const of = (seq: number, chars: number): Kept => ({ seq, disclosures: ['x'.repeat(chars)] });
  const rangesOf = (changes: readonly Change[]) =>
    changes.map((change) => {
      if (!('put' in change)) throw new Error('a part is put');
      const { first, last } = change.put.value as { first: number; last: number };
      return `${change.put.id} ${first}-${last}`;
    });

  test('fill parts of 256 KiB in their order; what is longer is a part of its own', () => {
    const id = '0011223344556677';
    expect(rangesOf(partsFor([]))).toEqual([]);
    expect(rangesOf(partsFor([of(3, HALF), of(9, HALF)]))).toEqual([`${id}/0000 3-9`]);
    expect(rangesOf(partsFor([of(3, HALF), of(9, HALF + 1)]))).toEqual([
      `${id}/0000 3-3`,
      `${id}/0001 9-9`,
    ]);
    const mixed = [of(0, 5), of(1, PART_CHARS_MAX), of(2, 5), of(3, 5)];
    expect(rangesOf(partsFor(mixed))).toEqual([
      `${id}/0000 0-0`,
      `${id}/0001 1-1`,
      `${id}/0002 2-3`,
    ]);
    // Each disclosure counts with what parts it from the next.
    const many = { seq: 1, disclosures: Array.from({ length: 1_024 }, () => 'x'.repeat(255)) };
    expect(partsFor([of(0, 1), many]).length).toBe(2);
  });

  test('are read entry by entry, from whichever part, and only those that are kept', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    // More than ten parts: their numbers sort.
    const kept = Array.from({ length: 12 }, (_, part) => [
      { seq: part * 10 + 2, disclosures: [`a${part}`, `b${part}`] },
      { seq: part * 10 + 5, disclosures: ['x'.repeat(PART_CHARS_MAX - 60)] },
    ]).flat();
    for (const change of partsFor(kept)) await write(tables, [change]);
    const parts = await partsOf(tables, owner.key);
    expect(parts.map(({ value }) => value)).toMatchObject(
      Array.from({ length: 12 }, (_, part) => ({ first: part * 10 + 2, last: part * 10 + 5 })),
    );
    for (const { seq, disclosures } of kept) {
      expect(await readKept(tables, owner, seq), `entry ${seq}`).toEqual(disclosures);
    }
    for (const seq of [0, 1, 3, 4, 6, 11, 118, 1_000]) {
      expect(await readKept(tables, owner, seq), `entry ${seq}`).toBeUndefined();
    }
    const stranger = { ...owner, key: { ...owner.key, id: Buffer.alloc(8) } };
    expect(await readKept(tables, stranger, 2)).toBeUndefined();
  });

  test('that were altered, or stand in another place or record, do not open', async () => {
    await using fixture = await openFixture();
    const tables = tablesOf(fixture);
    const [one, two] = partsFor([of(1, PART_CHARS_MAX), of(2, 9)]);
    if (one === undefined || two === undefined || !('put' in one) || !('put' in two)) {
      throw new Error('no parts');
    }
    await write(tables, [one, two]);
    expect(await readKept(tables, owner, 2)).toEqual(['x'.repeat(9)]);
    await expect(readKept(tables, { ...owner, tenant: 'u' }, 2)).rejects.toThrow();
    await expect(readKept(tables, { ...owner, record: 'incident/i-2' }, 2)).rejects.toThrow();
    const moved = { ...one.put, bytes: two.put.bytes ?? Buffer.alloc(0) };
    await write(tables, [{ put: moved, expect: 1 }]);
    await expect(readKept(tables, owner, 1)).rejects.toThrow();
    const altered = Buffer.from(two.put.bytes ?? []);
    altered[30] = (altered[30] ?? 0) ^ 1;
    await write(tables, [{ put: { ...two.put, bytes: altered }, expect: 1 }]);
    await expect(readKept(tables, owner, 2)).rejects.toThrow();
  });
});
