/** What the verification makes of several breaks, and of heads and tiles beside them: on logs in memory. */
import { describe, expect, test } from 'vitest';
import type { Signed } from '#services/ledger/chain/signed.ts';
import { altered, entriesIn, expectBreaks, flip, memoryLog } from './memory-log.ts';

const COUNTS = [1, 3, 4, 2];
const OTHER = 'a'.repeat(64);
const HASH = 32;

type Log = ReturnType<typeof memoryLog>;

/** Another outcome in the last entry of the block, under the header as it was. */
function alterLast(log: Log, blockNo: number): void {
  const block = log.blocks[blockNo];
  if (block === undefined) throw new Error('no such block');
  const body = Buffer.from(block.body);
  const before = entriesIn(block).slice(0, -1);
  const begin = before.reduce((sum, { length }) => sum + 2 + length, 0);
  body.write('refused', body.indexOf('success', begin));
  log.rows.set(blockNo, { header: block.header, body });
}

function unpackable(log: Log, blockNo: number): void {
  const block = log.blocks[blockNo];
  if (block === undefined) throw new Error('no such block');
  const body = Buffer.from(block.body).fill(255, 0, 2);
  log.rows.set(blockNo, { header: block.header, body });
}

/** A head of that size in the second place, in the order of the sizes. */
function sign(log: Log, size: number, root = OTHER): void {
  const head = { origin: 'o', size, root, note: '' };
  const place = 'in the second place';
  const signed: Signed = { place, name: `size ${size}`, size, head, isSigned: true };
  log.signed = [...log.signed, signed].toSorted((one, other) => one.size - other.size);
}

const entryOf = (block: number) =>
  `entry: its bytes in block ${block} are not those that were written`;
const none = (block: number) => `head: the header of block ${block} is none`;
const missing = (seq: number, lastSeq: number, block: number) => ({
  seq,
  lastSeq,
  kind: 'missing',
  detail: `entry: block ${block} is not in the store`,
});

describe('several breaks', () => {
  test('are told in the order of the entries, whichever was found first', async () => {
    const log = memoryLog([200, 100]);
    alterLast(log, 0);
    log.tiles.set('0/0', flip(log.tiles.get('0/0') ?? Buffer.alloc(0), 5 * HASH));
    const { breaks } = await log.verify();
    expect(breaks.map(({ seq }) => seq)).toEqual([5, 199]);
  });

  test('in headers one behind the other all reach to the next block that can be read', async () => {
    const log = memoryLog(COUNTS);
    for (const blockNo of [1, 2]) log.rows.set(blockNo, { header: null, body: Buffer.alloc(0) });
    expectBreaks(await log.verify(), [altered(1, none(1), 7), altered(1, none(2), 7)]);
  });

  test('end where a header says how the log goes on, though its entries cannot be read', async () => {
    const detail = 'entry: the entries of block 1 cannot be unpacked';
    const before = memoryLog(COUNTS);
    before.rows.delete(0);
    unpackable(before, 1);
    expectBreaks(await before.verify(), [missing(0, 0, 0), altered(1, detail, 3)]);
    const behind = memoryLog(COUNTS);
    unpackable(behind, 1);
    behind.rows.delete(2);
    expectBreaks(await behind.verify(), [altered(1, detail, 3), missing(4, 7, 2)]);
  });

  test('of an altered entry and a gap, in any order, leave the size that was written', async () => {
    const gapFirst = memoryLog(COUNTS);
    gapFirst.rows.delete(1);
    alterLast(gapFirst, 2);
    const verified = await gapFirst.verify();
    expectBreaks(verified, [missing(1, 3, 1), altered(7, entryOf(2))]);
    expect(verified.size).toBe(10);
    const gapLast = memoryLog(COUNTS);
    alterLast(gapLast, 1);
    gapLast.rows.delete(2);
    const other = await gapLast.verify();
    expectBreaks(other, [altered(3, entryOf(1)), missing(4, 7, 2)]);
    expect(other).toMatchObject({ size: 10, root: lastRoot(gapLast) });
  });

  test('past a thousand are not told any more', async () => {
    const log = memoryLog([256, 256, 256, 256, 256]);
    for (let tile = 0; tile < 5; tile += 1) log.tiles.set(`0/${tile}`, Buffer.alloc(272 * HASH));
    expect((await log.verify()).breaks.length).toBe(1_000);
  });

  test('are none in a log without entries', async () => {
    expect(await memoryLog([]).verify()).toMatchObject({ ok: true, size: 0, firstKept: 0 });
  });
});

/** Root of the last header, which is all that is known behind a gap. */
function lastRoot(log: Log): string | undefined {
  return log.blocks.at(-1)?.header.root;
}

describe('a signed head', () => {
  const mismatch = (size: number, seq: number) => ({
    seq,
    lastSeq: size - 1,
    kind: 'checkpoint-mismatch',
    detail: `checkpoint: size ${size} in the second place has another root than the entries`,
  });

  test('that ends within a block is compared with the entries up to there', async () => {
    const log = memoryLog(COUNTS);
    sign(log, 3);
    expectBreaks(await log.verify(), [mismatch(3, 1)]);
  });

  test('that ends within an altered block is left to what is said of the block', async () => {
    const log = memoryLog(COUNTS);
    sign(log, 3);
    alterLast(log, 1);
    expectBreaks(await log.verify(), [altered(3, entryOf(1))]);
  });

  test('of entries that a purge has removed is compared with their tiles', async () => {
    const log = memoryLog([256, 5]);
    const head = log.standing[1];
    if (head === undefined) throw new Error('no head');
    const { edge, leaf, blockHash } = head;
    log.rows.delete(0);
    log.purged = { behind: { blockNo: 1, size: 256, edge, leaf, blockHash }, fault: undefined };
    let pauses = 0;
    const pause = async () => {
      pauses += 1;
    };
    expectBreaks(await log.verify({ pause }), []);
    // Before each of two blocks, and before the one tile.
    expect(pauses).toBe(3);
    sign(log, 100);
    expectBreaks(await log.verify(), [mismatch(100, 0)]);
  });
});

describe('hash tiles', () => {
  test('are compared in a page that has a gap, where its leaves are known', async () => {
    const log = memoryLog([100, 100, 100]);
    log.rows.delete(0);
    const tile = log.tiles.get('0/0') ?? Buffer.alloc(0);
    log.tiles.set('0/0', flip(flip(tile, 50 * HASH), 150 * HASH));
    expectBreaks(await log.verify(), [
      missing(0, 99, 0),
      altered(150, 'index: hash 150 of hash tile 0/0 is not that of its entries'),
    ]);
  });
});
