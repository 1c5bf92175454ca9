import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { LedgerBreak } from '#contracts/ledger.ts';
import {
  type Block,
  type BlockHeader,
  blockHeader,
  bundleOf,
  encodeBody,
  entriesOf,
  sealedOf,
} from '#services/ledger/chain/block.ts';
import { EMPTY_HEAD } from '#services/ledger/chain/head.ts';
import { openFixture } from './fixture.ts';
import { blockIn, flipped, openLogOf, openTamper, type RawRow, rehashed, rowOf } from './tamper.ts';

/** Blocks of these many entries, in this order: packed and not. */
const BLOCKS = [1, 40, 3, 1, 100, 2];

function rangeOf(row: RawRow): { first: number; last: number; header: BlockHeader } {
  const header = blockHeader.parse(JSON.parse(row.value));
  return { first: header.first, last: header.size - 1, header };
}

function expectWithin(breaks: readonly LedgerBreak[], first: number, last: number): void {
  expect(breaks.length).toBeGreaterThan(0);
  for (const { seq, lastSeq = seq } of breaks) {
    expect(seq).toBeGreaterThanOrEqual(first);
    expect(lastSeq).toBeLessThanOrEqual(last);
  }
}

/** Positions spread over the length, other ones in each block. */
function sampled(length: number, count: number, salt: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    Math.floor(((index + ((salt * 0.381_966) % 1)) / count) * length),
  );
}

describe('a sound log', () => {
  test('verifies as a whole and in ranges, also an empty one', async () => {
    await using fixture = await openLogOf(BLOCKS);
    const whole = await fixture.verify();
    expect(whole).toMatchObject({ ok: true, size: 147, checkedEntries: 147, breaks: [] });
    expect(whole.checkpoint).toContain('\n147\n');
    expect(await fixture.verify({ from: 41, to: 45 })).toMatchObject({ ok: true, breaks: [] });
    expect(await fixture.verify({ from: 147 })).toMatchObject({ ok: true, breaks: [] });
    expect(await fixture.verify({ from: 900 })).toMatchObject({ ok: true, breaks: [] });
    await using empty = await openFixture();
    expect(await empty.verify()).toMatchObject({ ok: true, size: 0, checkedEntries: 0 });
  });

  test('a range begins near where it is asked to, in a log of many pages', async () => {
    await using fixture = await openLogOf([256, 256, 256, 100]);
    const range = await fixture.verify({ from: 600, to: 700 });
    expect(range).toMatchObject({ ok: true, size: 768, checkedEntries: 256 });
    const whole = await fixture.verify({ to: 512 });
    expect(whole).toMatchObject({ ok: true, size: 512, checkedEntries: 512 });
  });
});

describe('one flipped bit', () => {
  test('in the body of any block is found, and named within that block', async () => {
    await using fixture = await openLogOf(BLOCKS);
    using tamper = openTamper(fixture);
    for (const [index, row] of tamper.rows('block').entries()) {
      const { first, last, header } = rangeOf(row);
      for (const bit of sampled(row.bytes.length * 8, 24, index)) {
        tamper.put('block', { ...row, bytes: flipped(row.bytes, bit) });
        const { ok, breaks, size } = await fixture.verify();
        expect(ok).toBe(false);
        expect(size).toBe(147);
        expectWithin(breaks, first, last);
        const side = bit >> 3 < header.entriesBytes ? 'entry' : 'values';
        expect(breaks[0]).toMatchObject({ kind: 'altered', detail: expect.stringContaining(side) });
      }
      tamper.put('block', row);
    }
    expect(await fixture.verify()).toMatchObject({ ok: true });
  });

  test('in an entry that is not packed, or in sealed values, names the very entry', async () => {
    await using fixture = await openLogOf([1, 3, 2]);
    using tamper = openTamper(fixture);
    const rows = tamper.rows('block');
    for (const [index, block] of unpacked(rows.map(blockIn)).entries()) {
      tamper.put('block', rowOf(block, rows[index]?.id ?? ''));
    }
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 6 });
    for (const [index, row] of tamper.rows('block').entries()) {
      for (const { seq, begin, end } of placesIn(blockIn(row))) {
        for (const bit of sampled((end - begin) * 8, 12, index)) {
          tamper.put('block', { ...row, bytes: flipped(row.bytes, begin * 8 + bit) });
          const { breaks } = await fixture.verify();
          expect(breaks.map((each) => [each.seq, each.kind])).toEqual([[seq, 'altered']]);
        }
      }
      tamper.put('block', row);
    }
  });

  test('in the header of any block is found, and named as the head of that block', async () => {
    await using fixture = await openLogOf(BLOCKS);
    using tamper = openTamper(fixture);
    for (const [index, row] of tamper.rows('block').entries()) {
      const { first, last } = rangeOf(row);
      const text = Buffer.from(row.value);
      for (const bit of sampled(text.length * 8, 30, index)) {
        // As a cast of bytes to text would store it: what is no UTF-8 is replaced.
        const value = flipped(text, bit).toString();
        tamper.put('block', { ...row, value });
        const { ok, breaks } = await fixture.verify();
        expect(ok, value).toBe(false);
        expectWithin(breaks, first, last);
        expect(breaks[0]?.detail).toContain('head');
      }
      tamper.put('block', row);
    }
  });

  test('in any derived tile is found and named as the index', async () => {
    await using fixture = await openLogOf([256, 256, 30]);
    using tamper = openTamper(fixture);
    const tiles = tamper.rows('tile');
    expect(tiles.length).toBe(3);
    for (const [index, row] of tiles.entries()) {
      for (const bit of sampled(row.bytes.length * 8, 10, index)) {
        tamper.put('tile', { ...row, bytes: flipped(row.bytes, bit) });
        const { breaks } = await fixture.verify();
        const [seq, lastSeq] = entriesBehind(row.id, Math.floor(bit / 256));
        expect(breaks).toMatchObject([{ seq, kind: 'altered' }]);
        expect(breaks[0]?.lastSeq).toBe(lastSeq);
        expect(breaks[0]?.detail).toContain('index: hash');
      }
      tamper.put('tile', row);
    }
  });

  test('in any page is found and named as the index', async () => {
    await using fixture = await openLogOf([256, 256, 30]);
    using tamper = openTamper(fixture);
    for (const [index, row] of tamper.rows('page').entries()) {
      for (const bit of sampled(row.bytes.length * 8, 10, index)) {
        tamper.put('page', { ...row, bytes: flipped(row.bytes, bit) });
        const { breaks } = await fixture.verify();
        const range = { seq: index * 256, lastSeq: index * 256 + 255, kind: 'altered' };
        expect(breaks).toMatchObject([range]);
        expect(breaks[0]?.detail).toContain('index: page');
      }
      tamper.put('page', row);
    }
  });

  test('in a checkpoint beside the blocks is found and named as the checkpoint', async () => {
    await using fixture = await openLogOf([5, 5]);
    using tamper = openTamper(fixture);
    const [row] = tamper.rows('checkpoint').slice(-1);
    if (row === undefined) throw new Error('no checkpoint');
    const text = Buffer.from(row.value);
    for (const bit of sampled(text.length * 8, 60, 1)) {
      tamper.put('checkpoint', { ...row, value: flipped(text, bit).toString() });
      const { ok, breaks } = await fixture.verify();
      expect(ok, flipped(text, bit).toString()).toBe(false);
      expect(breaks[0]).toMatchObject({ kind: 'checkpoint-mismatch' });
      expect(breaks[0]?.detail).toContain('beside the blocks');
    }
  });
});

describe('whole blocks', () => {
  test('that are missing are named with the entries that went with them', async () => {
    await using fixture = await openLogOf(BLOCKS);
    using tamper = openTamper(fixture);
    const rows = tamper.rows('block');
    for (const gone of [rows.slice(0, 1), rows.slice(1, 3), rows.slice(4, 5)]) {
      for (const { id } of gone) tamper.remove('block', id);
      const { breaks, checkedEntries } = await fixture.verify();
      const [first, last] = [gone.at(0), gone.at(-1)].map((row) => row && rangeOf(row));
      const range = { seq: first?.first, lastSeq: last?.last, kind: 'missing' };
      expect(breaks).toMatchObject([range]);
      expect(checkedEntries).toBe(147 - ((last?.last ?? 0) - (first?.first ?? 0) + 1));
      for (const row of gone) tamper.put('block', row);
    }
    expect(await fixture.verify()).toMatchObject({ ok: true });
  });

  test('that changed places are named as reordered', async () => {
    await using fixture = await openLogOf(BLOCKS);
    using tamper = openTamper(fixture);
    const [, one, other] = tamper.rows('block');
    if (one === undefined || other === undefined) throw new Error('no blocks');
    tamper.put('block', { ...one, id: other.id });
    tamper.put('block', { ...other, id: one.id });
    const { breaks } = await fixture.verify();
    expect(breaks.map(({ kind }) => kind)).toEqual(['reordered', 'reordered']);
    expect(breaks.at(0)).toMatchObject({ seq: 1 });
  });

  test('several breaks are all named, and the sound blocks between them are checked', async () => {
    await using fixture = await openLogOf(BLOCKS);
    using tamper = openTamper(fixture);
    const rows = tamper.rows('block');
    const [a, b, c] = [rows[0], rows[2], rows[4]];
    if (!a || !b || !c) throw new Error('no blocks');
    tamper.put('block', { ...a, bytes: flipped(a.bytes, 100) });
    tamper.put('block', { ...b, value: '{' });
    tamper.remove('block', c.id);
    const { breaks, checkedEntries } = await fixture.verify();
    expect(breaks.map(({ seq, lastSeq, kind }) => [seq, lastSeq, kind])).toEqual([
      [0, undefined, 'altered'],
      [41, 43, 'altered'],
      [45, 144, 'missing'],
    ]);
    expect(checkedEntries).toBe(1 + 40 + 1 + 2);
  });

  test('entries exchanged inside of a block, with the block’s own hashes made to fit, are found', async () => {
    await using fixture = await openLogOf([1, 6, 2]);
    using tamper = openTamper(fixture);
    const row = tamper.rows('block')[1];
    if (row === undefined) throw new Error('no block');
    const block = blockIn(row);
    const [one, two, three, ...rest] = entriesOf(block);
    if (!one || !two || !three) throw new Error('no entries');
    const sealed = sealedOf(block).map(({ bytes }) => bytes);
    const { body, ...packed } = encodeBody({ entries: [one, three, two, ...rest], sealed });
    const header = rehashed({ ...block.header, ...packed });
    tamper.put('block', rowOf({ header, body }, row.id));
    const { breaks } = await fixture.verify();
    const named = breaks.filter(({ kind }) => kind === 'reordered');
    expect(named.map(({ seq }) => seq)).toEqual([2, 3]);
  });
});

/** Entries that a hash of a stored tile stands for: an item, or behind them a node half-way up. */
function entriesBehind(tileId: string, hash: number): [number, number | undefined] {
  const [level = 0, tile = 0] = tileId.split('/').map(Number);
  const span = 256 ** level * (hash < 256 ? 1 : 16);
  const seq = tile * 256 ** (level + 1) + (hash % 256) * span;
  return [seq, span === 1 ? undefined : seq + span - 1];
}

/** The same entries without packing; no entry, root or checkpoint changes by that. */
function unpacked(blocks: readonly Block[]): Block[] {
  let prevBlockHash = EMPTY_HEAD.blockHash;
  return blocks.map((block) => {
    const bundle = bundleOf(entriesOf(block));
    const sealed = sealedOf(block).map(({ bytes }) => bytes);
    const body = Buffer.concat([bundle, encodeBody({ entries: [], sealed }).body]);
    const header = rehashed({
      ...block.header,
      packing: 'raw',
      entriesBytes: bundle.length,
      bodyBytes: body.length,
      bodyHash: hash('sha256', body, 'hex'),
      prevBlockHash,
    });
    prevBlockHash = header.hash;
    return { header, body };
  });
}

/** Where in an unpacked body the bytes of each entry lie, and those of its sealed values. */
function placesIn(block: Block): { seq: number; begin: number; end: number }[] {
  const { first } = block.header;
  const pieces = [entriesOf(block), sealedOf(block).map(({ bytes }) => bytes)];
  return pieces.flatMap((each) =>
    each.map((bytes, index) => {
      const begin = bytes.byteOffset - block.body.byteOffset;
      return { seq: first + index, begin, end: begin + bytes.length };
    }),
  );
}
