/** The set of key ids: what was put into it and nothing else, however ids fall on its slots. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openKeyIds } from '#services/ledger/verify/key-ids.ts';

const idOf = (high: number, low: number) => {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(high, 0);
  id.writeUInt32BE(low, 4);
  return id;
};

function setOf(ids: readonly Uint8Array[]) {
  const set = openKeyIds();
  for (const id of ids) set.add(id);
  return set;
}

describe('a set of key ids', () => {
  test('has what was put into it and nothing else', () => {
    // Few different words: many ids share one, and their slots.
    const word = fc.constantFrom(0, 1, 2, 1_023, 1_024, 2_047, 0x7f_ff_ff_ff, 0xff_ff_ff_ff);
    const id = fc
      .oneof(fc.tuple(word, word), fc.tuple(fc.nat(), fc.nat()))
      .filter(([high, low]) => high !== 0 || low !== 0);
    fc.assert(
      fc.property(
        fc.array(id, { maxLength: 80 }),
        fc.array(id, { maxLength: 50 }),
        (put, asked) => {
          const set = setOf(put.map(([high, low]) => idOf(high, low)));
          const names = new Set(put.map(String));
          for (const each of [...put, ...asked]) {
            expect(set.has(idOf(...each))).toBe(names.has(String(each)));
          }
        },
      ),
    );
  });

  test('has many of them, also those with a word of zeros, through all that it grows', () => {
    const ids = [
      ...Array.from({ length: 400 }, (_, n) => idOf(0, n + 1)),
      ...Array.from({ length: 400 }, (_, n) => idOf(n + 1, 0)),
      ...Array.from({ length: 1_000 }, () => randomBytes(8)),
    ];
    const set = setOf(ids);
    expect(ids.filter((id) => !set.has(id))).toEqual([]);
    expect(set.has(randomBytes(8))).toBe(false);
    expect(set.has(idOf(0, 401))).toBe(false);
    expect(set.has(idOf(401, 0))).toBe(false);
  });

  test('finds those that fall on one slot, also on the last, behind which it begins anew', () => {
    const crowd = Array.from({ length: 40 }, (_, n) => idOf(n + 1, 1_023));
    const set = setOf(crowd);
    expect(crowd.every((id) => set.has(id))).toBe(true);
    expect(set.has(idOf(41, 1_023))).toBe(false);
    expect(set.has(idOf(1, 0))).toBe(false);
  });

  test('has none of zeros, empty or not', () => {
    expect(openKeyIds().has(idOf(0, 0))).toBe(false);
    expect(setOf([idOf(1, 0)]).has(idOf(0, 0))).toBe(false);
  });

  test('reads an id where it stands among others, byte by byte', () => {
    const id = Buffer.from('0102030485868788', 'hex');
    const set = setOf([id]);
    const among = Buffer.concat([Buffer.alloc(3, 9), id, Buffer.alloc(3, 9)]);
    expect(set.has(among, 3)).toBe(true);
    for (const at of [0, 2, 4, 6]) expect(set.has(among, at)).toBe(false);
    for (const [at] of id.entries()) {
      const other = Buffer.from(id);
      other.writeUInt8((id[at] ?? 0) ^ 1, at);
      expect(set.has(other)).toBe(false);
    }
  });

  test('takes nothing that is shorter than an id', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7]) {
      expect(() => openKeyIds().add(Buffer.alloc(length, 1))).toThrow('a key id has more bytes');
      expect(() => openKeyIds().has(Buffer.alloc(length, 1))).toThrow(RangeError);
    }
    expect(() => openKeyIds().has(Buffer.alloc(8), 1)).toThrow(RangeError);
  });
});
