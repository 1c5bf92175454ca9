/** The stored form of a block: limits of what is put in, and what is refused when it is taken out. */
import { randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import {
  type BlockHeader,
  blockHeader,
  bundleIn,
  bundleOf,
  cutBundle,
  encodeBody,
  entriesOf,
  headerHash,
  isIntact,
  isSoundHeader,
  sealedIn,
  sealedOf,
  sealedStarts,
} from '#services/ledger/chain/block.ts';
import { contentOf, contentText, NO_LEAF } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { canonicalHash } from '#shared/canonical.ts';
import { plainEvents } from './plain.ts';

/** A block with these bytes for its entries, which nobody looks into. */
function blockOf(entries: readonly Uint8Array[], sealed = entries.map(() => new Uint8Array())) {
  const { body, ...packed } = encodeBody({ entries, sealed });
  const header: BlockHeader = {
    v: 1,
    blockNo: 0,
    first: 0,
    count: entries.length,
    size: entries.length,
    root: NO_LEAF,
    edge: [NO_LEAF],
    leaf: NO_LEAF,
    ...packed,
    prevBlockHash: NO_LEAF,
    writer: 'w',
    epoch: 1,
    hash: NO_LEAF,
  };
  return { header: { ...header, hash: headerHash(header) }, body };
}

test('the hash of a header is that of its RFC 8785 form, whatever stands in it', () => {
  const { header } = blockOf([Buffer.from('entry')]);
  const { hash: _, ...fields } = header;
  const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex());
  const change = fc.record({
    ...{ blockNo: count, first: count, count, size: count, entriesBytes: count, bodyBytes: count },
    ...{ epoch: count, root: digest, leaf: digest, bodyHash: digest, prevBlockHash: digest },
    edge: fc.array(digest, { minLength: 1, maxLength: 53 }),
    packing: fc.constantFrom('raw' as const, 'zstd' as const),
    writer: fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }),
  });
  fc.assert(
    fc.property(change, (changed) => {
      const rest = { ...fields, ...changed };
      expect(headerHash({ ...rest, hash: NO_LEAF })).toBe(canonicalHash(rest));
      // Rows give the keys back in any order.
      const entries = Object.entries({ ...rest, hash: NO_LEAF }).toReversed();
      expect(headerHash(blockHeader.parse({ ...Object.fromEntries(entries), count: 1 }))).toBe(
        canonicalHash({ ...rest, count: 1 }),
      );
    }),
  );
});

describe('entries', () => {
  test('are as long as two bytes can tell, and not longer', () => {
    const longest = randomBytes(ENTRY_BYTES_MAX);
    expect(cutBundle(bundleOf([longest]), 1)).toEqual([longest]);
    const tooLong = Buffer.alloc(ENTRY_BYTES_MAX + 1);
    expect(() => bundleOf([tooLong])).toThrow('the entry is too long');
  });

  test('fill their bundle: neither fewer nor more, and none goes past its end', () => {
    const bundle = bundleOf([Buffer.from('one'), Buffer.from('three')]);
    expect(cutBundle(bundle, 2).map(String)).toEqual(['one', 'three']);
    const not = 'the entries do not end where the bundle does';
    expect(() => cutBundle(bundle, 1)).toThrow(not);
    expect(() => cutBundle(Buffer.concat([bundle, Buffer.of(0)]), 2)).toThrow(not);
    expect(() => cutBundle(bundle.subarray(0, -1), 2)).toThrow(not);
    expect(() => cutBundle(bundle, 3)).toThrow(RangeError);
  });

  test('are packed from 1,024 bytes on, where that is shorter', () => {
    const like = (length: number) => blockOf([Buffer.alloc(length, 'x')]).header;
    expect(like(1_024 - 2 - 1)).toMatchObject({ packing: 'raw', entriesBytes: 1_023 });
    expect(like(1_024 - 2).packing).toBe('zstd');
    expect(like(1_024 - 2).entriesBytes).toBeLessThan(100);
    const noise = randomBytes(5_000);
    const block = blockOf([noise]);
    expect(block.header).toMatchObject({ packing: 'raw', entriesBytes: 5_002 });
    expect(entriesOf(block)).toEqual([noise]);
  });

  test('that were altered cannot fill the memory: as much as so many can be is unpacked', () => {
    const { header } = blockOf([Buffer.alloc(2_000)]);
    const entryMax = ENTRY_BYTES_MAX + 2;
    const packedTo = (bytes: number, count: number) => {
      const body = zstdCompressSync(Buffer.alloc(bytes));
      return { header: { ...header, count, entriesBytes: body.length }, body };
    };
    expect(bundleIn(packedTo(entryMax, 1)).length).toBe(entryMax);
    expect(bundleIn(packedTo(3 * entryMax, 3)).length).toBe(3 * entryMax);
    expect(() => bundleIn(packedTo(3 * entryMax + 1, 3))).toThrow();
    expect(() => bundleIn(packedTo(64 * 1024 * 1024, 1))).toThrow();
  });
});

describe('a bundle that ends before its last entry begins', () => {
  test.each([[[]], [[0]], [[0, 1, 65]], [[0, 1, 65, 0]]])('%j is refused', (bytes) => {
    const count = bytes.length < 3 ? 1 : 2;
    expect(() => cutBundle(Buffer.from(bytes), count)).toThrow('an entry is missing');
  });
});

describe('sealed values', () => {
  const [one, none, two] = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('second')];
  const entries = [one, one, one];

  test('come out as they went in, one for each entry, also where one has none', () => {
    const block = blockOf(entries, [one, none, two]);
    expect(sealedOf(block).map(({ bytes }) => String(bytes))).toEqual(['one', '', 'second']);
    expect(sealedOf(block).every(({ intact }) => intact)).toBe(true);
    expect(sealedIn(block).map(String)).toEqual(['one', '', 'second']);
  });

  test('begin with what stands first in them, filled up with zeros, whatever their lengths', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const values = fc.array(bytes, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 24 }), (list, width) => {
        const block = blockOf(
          list.map(() => one),
          list.map((each) => Buffer.from(each)),
        );
        const expected = list.map((each) => Buffer.concat([each, Buffer.alloc(width)], width));
        expect(Buffer.from(sealedStarts(block, width))).toEqual(Buffer.concat(expected));
      }),
    );
    const { header, body } = blockOf(entries, [one, none, two]);
    const short = { header, body: body.subarray(0, -1) };
    expect(() => sealedStarts(short, 4)).toThrow('the values do not end where the body does');
  });

  test('that were altered are named, and no others', () => {
    const block = blockOf(entries, [one, none, two]);
    const body = Buffer.from(block.body);
    body[body.length - 1] = 0;
    expect(sealedOf({ ...block, body }).map(({ intact }) => intact)).toEqual([true, true, false]);
  });

  test('fill the rest of the body: neither fewer nor more, and none goes past its end', () => {
    const { header, body } = blockOf(entries, [one, none, two]);
    const not = 'the values do not end where the body does';
    for (const bytes of [body.subarray(0, -1), Buffer.concat([body, Buffer.of(0)])]) {
      expect(() => sealedIn({ header, body: bytes })).toThrow(not);
      expect(() => sealedOf({ header, body: bytes })).toThrow(not);
    }
    expect(() => sealedIn({ header: { ...header, count: 2 }, body })).toThrow(not);
    expect(() => sealedIn({ header: { ...header, count: 4 }, body })).toThrow(RangeError);
  });
});

describe('a block', () => {
  const made = makeBlock({
    head: EMPTY_HEAD,
    contents: plainEvents(2).map((event) => contentText(contentOf(event))),
    sealed: [Buffer.from('a'), Buffer.from('b')],
    recordedAt: '2031-01-02T10:05:07.000Z',
    writer: 'w',
  });

  test('is intact when its body has the bytes and the length of the header', () => {
    const { header, body } = made;
    expect(isIntact({ header, body })).toBe(true);
    expect(isIntact({ header, body: Buffer.from(body).fill(0, 9, 10) })).toBe(false);
    const bodyBytes = header.bodyBytes + 1;
    expect(isIntact({ header: { ...header, bodyBytes }, body })).toBe(false);
  });

  test('has a sound header when every field of it is the one that was hashed', () => {
    const { header } = made;
    expect(isSoundHeader(header)).toBe(true);
    expect(isSoundHeader({ ...header, epoch: header.epoch + 1 })).toBe(false);
    // Nobody can have hashed a name that UTF-8 does not hold.
    expect(isSoundHeader({ ...header, writer: '\ud800' })).toBe(false);
  });
});
