import { createSecretKey, randomBytes, randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entriesOf, isIntact, sealedIn } from '#services/ledger/chain/block.ts';
import { NONCE_BYTES, type RecordKey, sealDisclosures } from '#services/ledger/chain/seal.ts';
import {
  type EventValues,
  groupOf,
  openGroup,
  sealBlock,
  sealIndex,
} from '#services/ledger/chain/seal-block.ts';
import { eventOf, openFixture } from './fixture.ts';
import { blockIn, flipped, openTamper } from './tamper.ts';

const tenant = '01890f3e-7b1a-7c3d-8e4f-5a6b7c8d9e0f';
const RECORDS = ['incident/i-1', 'incident/i-2', 'person/p-1', 'expunged:incident/i-1'];
const disclosure = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const events = fc.array(
  fc.record({
    record: fc.constantFrom(...RECORDS),
    disclosures: fc.array(disclosure, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 256 },
);

function valuesOf(
  drawn: readonly { readonly record: string; readonly disclosures: readonly string[] }[],
): EventValues[] {
  const keys = new Map(RECORDS.map((record) => [record, newKey()]));
  return drawn.map(({ record, disclosures }) => ({
    record,
    disclosures,
    eventId: randomUUIDv7(),
    key: keys.get(record) ?? newKey(),
  }));
}

function newKey(): RecordKey {
  return { id: randomBytes(8), key: createSecretKey(randomBytes(32)) };
}

const seal = (of: readonly EventValues[], nonces = randomBytes(NONCE_BYTES * of.length)) =>
  sealBlock({ tenant, events: of, nonces });

/** What the event at this index has said, as whoever holds the key of its record reads it. */
function open(of: readonly EventValues[], sealed: readonly Uint8Array[], index: number) {
  const { record, key } = of[index] ?? { record: '', key: newKey() };
  const group = groupOf(sealed, index);
  const eventIds = group.members.map((member) => of[member]?.eventId ?? '');
  return openGroup({ key, tenant, record, eventIds, sealed: group.sealed })[
    group.members.indexOf(index)
  ];
}

describe('sealed values of a block', () => {
  test('give every event back what it said, with one seal for each record', () => {
    fc.assert(
      fc.property(events, (drawn) => {
        const of = valuesOf(drawn);
        const sealed = seal(of);
        for (const [index, { disclosures, key }] of of.entries()) {
          expect(open(of, sealed, index)).toEqual(disclosures);
          expect(sealed[index]?.subarray(0, 8)).toEqual(key.id);
        }
        const seals = sealed.filter((each, index) => sealIndex(each, index) === index);
        expect(seals).toHaveLength(new Set(drawn.map(({ record }) => record)).size);
      }),
      { numRuns: 40 },
    );
  });

  test('of records with one event each are what a single seal is, byte by byte', () => {
    const of = valuesOf(RECORDS.map((record) => ({ record, disclosures: ['QQ', 'Qg'] })));
    const nonces = randomBytes(NONCE_BYTES * of.length);
    expect(seal(of, nonces)).toEqual(
      of.map(({ record, key, eventId, disclosures }, index) => {
        const nonce = nonces.subarray(index * NONCE_BYTES, (index + 1) * NONCE_BYTES);
        return sealDisclosures({ key, nonce, subject: { tenant, eventId, record }, disclosures });
      }),
    );
  });

  test('do not open for other events, in another order, for fewer, or for another record', () => {
    const of = valuesOf(['QQ', 'Qg', 'Qw'].map((each) => ({ record: 'r', disclosures: [each] })));
    const keyed = of.map((each) => ({ ...each, key: of[0]?.key ?? each.key }));
    const [sealed] = seal(keyed);
    const ids = keyed.map(({ eventId }) => eventId);
    const [one = '', two = '', three = ''] = ids;
    const key = keyed[0]?.key ?? newKey();
    const asked = { key, tenant, record: 'r', sealed: sealed ?? new Uint8Array() };
    expect(openGroup({ ...asked, eventIds: ids })).toEqual([['QQ'], ['Qg'], ['Qw']]);
    const wrong = [[two, one, three], [one, two], [one], [one, two, three, one], []];
    for (const eventIds of [...wrong, [one, two, randomUUIDv7()]]) {
      expect(() => openGroup({ ...asked, eventIds })).toThrow();
    }
    expect(() => openGroup({ ...asked, record: 'other', eventIds: ids })).toThrow();
    expect(() => openGroup({ ...asked, tenant: randomUUIDv7(), eventIds: ids })).toThrow();
  });

  test('that were altered are named for every entry that shared the seal, and for no other', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      const records = ['i-1', 'i-2', 'i-1', 'i-3', 'i-1'];
      await log.append(records.map((record) => eventOf(fixture.tenant, { record })));
      await log.checkpoint(5);
    }
    using tamper = openTamper(fixture);
    const [row] = tamper.rows('block');
    if (row === undefined) throw new Error('no block');
    const block = blockIn(row);
    expect(isIntact(block) && entriesOf(block)).toHaveLength(5);
    const namedBy = async (index: number) => {
      const bytes = sealedIn(block)[index] ?? Buffer.alloc(0);
      const bit = (bytes.byteOffset - block.body.byteOffset) * 8 + 3;
      tamper.put('block', { ...row, bytes: flipped(row.bytes, bit) });
      const { breaks } = await fixture.verify();
      expect(breaks.every(({ detail }) => detail.startsWith('values:'))).toBe(true);
      return breaks.map(({ seq }) => seq);
    };
    expect(await namedBy(0)).toEqual([0, 2, 4]);
    expect(await namedBy(1)).toEqual([1]);
    expect(await namedBy(2)).toEqual([2]);
  });
});
