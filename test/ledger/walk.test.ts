/** What the verification says of each way to change a log: on logs in memory, to the last word. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockHeader, LENGTH_BYTES } from '#services/ledger/chain/block.ts';
import { withPrev } from '#services/ledger/chain/entry.ts';
import { growEdge, leafHash, rootOf } from '#services/ledger/chain/tree.ts';
import {
  altered,
  blockWith,
  entriesIn,
  expectBreaks,
  flip,
  type MemoryBlock,
  memoryLog,
  rehashed,
} from './memory-log.ts';

const COUNTS = [1, 3, 4, 2];
const OTHER = 'a'.repeat(64);

/** A log of ten entries, and what replaces one of its blocks. */
function logWith(
  blockNo: number,
  change: (block: MemoryBlock) => { header: unknown; body: Buffer },
) {
  const log = memoryLog(COUNTS);
  const block = log.blocks[blockNo];
  if (block === undefined) throw new Error('no such block');
  log.rows.set(blockNo, change(block));
  return log;
}

/** The body with another byte at a place within an entry, and the header as it was. */
function withEntryChanged(block: MemoryBlock, ...indexes: number[]): MemoryBlock {
  const body = Buffer.from(block.body);
  let at = 0;
  for (const [index, entry] of entriesIn(block).entries()) {
    const end = at + LENGTH_BYTES + entry.length;
    const outcome = body.indexOf('success', at);
    if (indexes.includes(index)) body.write('refused', outcome);
    at = end;
  }
  return { header: block.header, body };
}

/** The body with other entries of the same lengths, and the header as it was. */
function withEntries(block: MemoryBlock, change: (entries: Buffer[]) => Buffer[]): MemoryBlock {
  return { header: block.header, body: blockWith(block.header, change(entriesIn(block))).body };
}

const entryOf = (block: number) =>
  `entry: its bytes in block ${block} are not those that were written`;
const valuesOf = (block: number) =>
  `values: sealed values in block ${block} are not those that were written`;
const headOf = (block: number) =>
  `head: the header of block ${block} is not the one that was written`;

describe('a sound log', () => {
  test('has all its entries checked, and its root', async () => {
    const log = memoryLog(COUNTS);
    const edge = log.standing.at(-1)?.edge ?? { size: 0, hashes: [] };
    expect(await log.verify()).toEqual({
      ok: true,
      size: 10,
      root: rootOf(edge),
      checkedEntries: 10,
      firstKept: 0,
      breaks: [],
    });
  });

  test('is walked over from any block and up to any entry, and others run in between', async () => {
    const log = memoryLog(COUNTS);
    const [, , two] = log.standing;
    if (two === undefined) throw new Error('no head');
    const { edge, leaf, blockHash } = two;
    const start = { blockNo: 2, size: 4, edge, leaf, blockHash };
    const seen: number[] = [];
    const pause = async ({ at }: { at: { blockNo: number } }) => {
      seen.push(at.blockNo);
    };
    expect(await log.verify({ start, pause })).toMatchObject({
      ok: true,
      size: 10,
      checkedEntries: 6,
    });
    expect(seen).toEqual([2, 3]);
    expect(await log.verify({ to: 4 })).toMatchObject({ ok: true, size: 4, checkedEntries: 4 });
    expect(await log.verify({ to: 5 })).toMatchObject({ ok: true, size: 8, checkedEntries: 8 });
    expect(await log.verify({ start, to: 4 })).toMatchObject({
      ok: true,
      size: 4,
      checkedEntries: 0,
    });
  });
});

describe('an altered entry', () => {
  test.each([
    [1, [0], [1]],
    [1, [1], [2]],
    [1, [2], [3]],
    [2, [0, 2], [4, 6]],
    [2, [1, 2], [5, 6]],
    [3, [1], [9]],
  ])(
    'in block %i at %j is named by its number, and no other one',
    async (blockNo, indexes, seqs) => {
      const log = logWith(blockNo, (block) => withEntryChanged(block, ...indexes));
      const verified = await log.verify();
      const named = verified.breaks.map(({ seq }) => seq);
      expect(named).toEqual(expect.arrayContaining(seqs));
      expect(verified).toMatchObject({ ok: false, size: 10, checkedEntries: 10 });
      for (const each of verified.breaks) expect(each).toEqual(altered(each.seq, entryOf(blockNo)));
      // Right before an altered entry nothing authentic names the hash: only those are in doubt.
      expect(named.length).toBe(seqs.length);
    },
  );

  test('leaves the root of the bytes as they are now, with all that stands behind it', async () => {
    const log = logWith(1, (block) => withEntryChanged(block, 1));
    const leaves = [...log.rows.values()].flatMap((row) =>
      entriesIn({ header: row.header as BlockHeader, body: Buffer.from(row.body) }).map((entry) =>
        leafHash(entry),
      ),
    );
    const { root } = await log.verify();
    expect(root).toBe(rootOf(growEdge({ size: 0, hashes: [] }, leaves)));
  });

  test('of which only the hash of the one before was changed does not accuse that one', async () => {
    const log = logWith(2, (block) =>
      withEntries(block, (entries) =>
        entries.map((entry, at) => (at === 2 ? withPrev(entry, OTHER) : entry)),
      ),
    );
    expectBreaks(await log.verify(), [altered(6, entryOf(2))]);
  });

  test('that is another entry of the same block is named as one in the wrong place', async () => {
    const log = logWith(2, (block) =>
      withEntries(block, ([one, two, three, ...rest]) =>
        [one, three, two, ...rest].filter((each) => each !== undefined),
      ),
    );
    expectBreaks(await log.verify(), [
      { seq: 5, kind: 'reordered', detail: 'entry: block 2 has entry 6 in this place' },
      { seq: 6, kind: 'reordered', detail: 'entry: block 2 has entry 5 in this place' },
    ]);
  });

  test('that has changed places with others in any way is named, and none that has not', async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 });
    await fc.assert(
      fc.asyncProperty(order, async (places) => {
        const log = memoryLog([2, 7, 3]);
        const block = log.blocks[1];
        if (block === undefined) throw new Error('no block');
        const entries = entriesIn(block);
        const moved = withEntries(block, () => places.map((at) => entries[at] ?? Buffer.alloc(0)));
        log.rows.set(1, moved);
        const { breaks } = await log.verify();
        expect(breaks.map(({ seq, kind, detail }) => [seq, kind, detail])).toEqual(
          places.flatMap((at, index) => {
            const detail = `entry: block 1 has entry ${2 + at} in this place`;
            return at === index ? [] : [[2 + index, 'reordered', detail]];
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('in whose place another one stands a second time is named alone', async () => {
    const log = logWith(2, (block) =>
      withEntries(block, ([one = Buffer.alloc(0), two = one, , ...rest]) => [
        one,
        two,
        two,
        ...rest,
      ]),
    );
    expectBreaks(await log.verify(), [altered(6, entryOf(2))]);
  });

  test('that is of another number, and that nothing commits to, is an altered one', async () => {
    const log = logWith(2, (block) =>
      withEntries(block, (entries) =>
        entries.map((entry, at) =>
          at === 1 ? Buffer.from(`${entry}`.replace('"seq":5,', '"seq":7,')) : entry,
        ),
      ),
    );
    expectBreaks(await log.verify(), [altered(5, entryOf(2))]);
  });
});

describe('altered sealed values', () => {
  const at = (block: MemoryBlock, back: number) => block.body.length - back;

  test('are named by their entry, also when it is their checksum', async () => {
    // Of the last entry: 4 bytes of length, 4 of checksum, `sealed 2`.
    for (const back of [1, 8, 9, 12]) {
      const log = logWith(1, (block) => ({ ...block, body: flip(block.body, at(block, back)) }));
      expectBreaks(await log.verify(), [altered(3, valuesOf(1))]);
    }
    const log = logWith(1, (block) => ({ ...block, body: flip(block.body, at(block, 17)) }));
    expectBreaks(await log.verify(), [altered(2, valuesOf(1))]);
  });

  test('that cannot be told apart are named with the whole block', async () => {
    for (const body of [
      (block: MemoryBlock) => flip(block.body, at(block, 13)),
      (block: MemoryBlock) => block.body.subarray(0, -1),
      (block: MemoryBlock) => Buffer.concat([block.body, Buffer.of(0)]),
    ]) {
      const log = logWith(1, (block) => ({ ...block, body: body(block) }));
      expectBreaks(await log.verify(), [altered(1, valuesOf(1), 3)]);
    }
  });
});

describe('an altered header', () => {
  test('whose body is the one that was written is the only break', async () => {
    const log = logWith(1, ({ header, body }) => ({ header: { ...header, writer: 'x' }, body }));
    expectBreaks(await log.verify(), [altered(1, headOf(1), 3)]);
    expect(await log.verify()).toMatchObject({ size: 10, checkedEntries: 10 });
  });

  test('with an altered entry beside it: both are named', async () => {
    const log = logWith(2, (block) => {
      const { header, body } = withEntryChanged(block, 1);
      return { header: { ...header, writer: 'x' }, body };
    });
    expectBreaks(await log.verify(), [altered(4, headOf(2), 7), altered(5, entryOf(2))]);
  });

  test('that is no header leaves a gap up to the next block', async () => {
    for (const header of [null, {}, '{']) {
      const log = logWith(1, ({ body }) => ({ header, body }));
      const verified = await log.verify();
      expectBreaks(verified, [altered(1, 'head: the header of block 1 is none', 3)]);
      expect(verified).toMatchObject({ size: 10, checkedEntries: 7 });
    }
  });

  test('over a body that cannot be unpacked leaves a gap as well', async () => {
    const log = logWith(1, ({ header, body }) => ({
      header: { ...header, writer: 'x' },
      body: body.fill(255, 0, 2),
    }));
    const detail = 'head: neither header nor body of block 1 can be read';
    expectBreaks(await log.verify(), [altered(1, detail, 3)]);
  });

  test('of which the root alone is another one, with its hash made to fit', async () => {
    const log = logWith(3, ({ header, body }) => ({
      header: rehashed({ ...header, root: OTHER }),
      body,
    }));
    const detail = 'head: the root of block 3 is not that of its entries';
    expectBreaks(await log.verify(), [altered(8, detail, 9)]);
  });
});

describe('a block', () => {
  test('whose entries cannot be unpacked is named, and its header says how the log goes on', async () => {
    const log = logWith(1, (block) => ({
      ...block,
      body: Buffer.from(block.body).fill(255, 0, 2),
    }));
    const verified = await log.verify();
    expectBreaks(verified, [altered(1, 'entry: the entries of block 1 cannot be unpacked', 3)]);
    expect(verified).toMatchObject({ size: 10, checkedEntries: 7 });
  });

  test('in the row of another one is named as reordered, with what it holds', async () => {
    const log = memoryLog(COUNTS);
    const [, , two] = log.blocks;
    if (two === undefined) throw new Error('no block');
    log.rows.set(1, two);
    expectBreaks(await log.verify(), [
      {
        seq: 1,
        lastSeq: 3,
        kind: 'reordered',
        detail: 'head: row 1 holds block 2 with entries 4 to 7',
      },
    ]);
  });

  test('that goes on from another block, or from another entry, is a fork', async () => {
    const detail = 'head: block 3 goes on from another block than the one before it';
    const fork = { seq: 8, lastSeq: 9, kind: 'forked', detail };
    const other = logWith(3, ({ header, body }) => ({
      header: rehashed({ ...header, prevBlockHash: OTHER }),
      body,
    }));
    expectBreaks(await other.verify(), [fork]);
    const first = logWith(3, ({ header, body }) => ({
      header: rehashed({ ...header, first: 7 }),
      body,
    }));
    expectBreaks(await first.verify(), [fork]);
  });

  test('of which an entry follows another one than stands before it is a fork', async () => {
    const log = logWith(3, (block) => {
      const [one, two] = entriesIn(block);
      if (one === undefined || two === undefined) throw new Error('no entries');
      const first = withPrev(one, OTHER);
      const second = withPrev(two, leafHash(first).toString('hex'));
      const leaf = leafHash(second).toString('hex');
      return blockWith({ ...block.header, leaf }, [first, second]);
    });
    const { breaks } = await log.verify();
    expect(breaks[0]).toEqual({
      seq: 8,
      lastSeq: 9,
      kind: 'forked',
      detail: 'head: block 3 goes on from another block than the one before it',
    });
  });
});
