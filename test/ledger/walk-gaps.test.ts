/** What the verification says where blocks are missing, unreadable or purged: on logs in memory. */
import { describe, expect, test } from 'vitest';
import { withPrev } from '#services/ledger/chain/entry.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { altered, blockWith, entriesIn, expectBreaks, flip, memoryLog } from './memory-log.ts';

const COUNTS = [1, 3, 4, 2];

describe('missing blocks', () => {
  const missing = (seq: number, lastSeq: number, what: string) => ({
    seq,
    lastSeq,
    kind: 'missing',
    detail: `entry: ${what} not in the store`,
  });

  test('are named with their entries, one or several in a row', async () => {
    const one = memoryLog(COUNTS);
    one.rows.delete(1);
    expectBreaks(await one.verify(), [missing(1, 3, 'block 1 is')]);
    expect(await one.verify()).toMatchObject({ size: 10, checkedEntries: 7 });
    const two = memoryLog(COUNTS);
    two.rows.delete(1);
    two.rows.delete(2);
    expectBreaks(await two.verify(), [missing(1, 7, 'blocks 1 to 2 are')]);
    const first = memoryLog(COUNTS);
    first.rows.delete(0);
    expectBreaks(await first.verify(), [missing(0, 0, 'block 0 is')]);
  });

  test('at the end are told by what was signed', async () => {
    const log = memoryLog(COUNTS);
    log.rows.delete(3);
    expectBreaks(await log.verify(), [
      {
        seq: 8,
        lastSeq: 9,
        kind: 'truncated',
        detail: 'checkpoint: one of size 10 is beside the blocks, the log ends at 8',
      },
    ]);
    expect(await log.verify()).toMatchObject({ size: 8 });
  });

  test('and a row that the store cannot read are no reason to stop', async () => {
    const log = memoryLog(COUNTS);
    const blocks = {
      last: async () => 3,
      next: async (after: number) => after + 1,
      purged: async () => undefined,
      async read(blockNo: number) {
        if (blockNo === 1) throw new Error('disk');
        return log.rows.get(blockNo);
      },
    };
    const detail = 'head: the store cannot read the row of block 1';
    expectBreaks(await log.verify({ blocks }), [altered(1, detail, 3)]);
    const last = {
      ...blocks,
      read: async (no: number) => (no < 3 ? blocks.read(no) : Promise.reject()),
    };
    // Nothing tells the end of the last gap but what was signed.
    expect((await log.verify({ blocks: last })).breaks.at(-1)).toEqual(
      altered(8, 'head: the store cannot read the row of block 3', 9),
    );
  });

  test('hide no first entry behind them that names none before it', async () => {
    const log = memoryLog(COUNTS);
    log.rows.delete(1);
    const [block] = log.blocks.slice(2);
    if (block === undefined) throw new Error('no block');
    // Whoever can hash makes all the rest fit.
    const [first, ...later] = entriesIn(block);
    let before: Buffer = Buffer.from(String(first).replace(/"prev":"[^"]*"/, '"prev":""'));
    const entries = [before];
    for (const entry of later) {
      before = withPrev(entry, leafHash(before).toString('hex'));
      entries.push(before);
    }
    const header = { ...block.header, leaf: leafHash(before).toString('hex') };
    log.rows.set(2, blockWith(header, entries));
    const { breaks } = await log.verify();
    expect(breaks).toContainEqual(expect.objectContaining({ seq: 1, lastSeq: 3, kind: 'missing' }));
    expect(breaks).toContainEqual(expect.objectContaining({ seq: 4, kind: 'altered' }));
  });

  test('before and behind an unreadable one are both named, each with its own entries', async () => {
    const log = memoryLog(COUNTS);
    log.rows.delete(0);
    log.rows.set(2, { header: null, body: Buffer.alloc(0) });
    expectBreaks(await log.verify(), [
      missing(0, 0, 'block 0 is'),
      altered(4, 'head: the header of block 2 is none', 7),
    ]);
  });
});

describe('blocks that a purge has removed', () => {
  function purgedLog(fault?: string) {
    const log = memoryLog([256, 256, 5]);
    const head = log.standing[1];
    if (head === undefined) throw new Error('no head');
    const { edge, leaf, blockHash } = head;
    log.rows.delete(0);
    log.purged = { behind: { blockNo: 1, size: 256, edge, leaf, blockHash }, fault };
    return log;
  }

  test('are no break where the chain bears it out', async () => {
    const verified = await purgedLog().verify();
    expectBreaks(verified, []);
    expect(verified).toMatchObject({ size: 517, checkedEntries: 261, firstKept: 256 });
  });

  test('are one, over all of them, where the row of the purge says something else', async () => {
    const detail = 'head: the row that tells where the log begins is altered: it is no row';
    expectBreaks(await purgedLog('it is no row').verify(), [altered(0, detail, 255)]);
  });

  test('are missing when they stand behind what was removed', async () => {
    const log = purgedLog();
    log.rows.delete(1);
    const { breaks } = await log.verify();
    expect(breaks).toMatchObject([{ seq: 256, lastSeq: 511, kind: 'missing' }]);
  });

  test('have tiles of their own that must lead to the root behind them', async () => {
    const log = purgedLog();
    log.tiles.set('0/0', log.tiles.get('0/1') ?? Buffer.alloc(0));
    const { breaks } = await log.verify();
    expect(breaks).not.toEqual([]);
    for (const each of breaks) expect(each.detail).toMatch(/^(index|checkpoint): /);
  });

  test('name the hash that was changed in the tile that is left', async () => {
    const log = purgedLog();
    log.tiles.set('0/0', flip(log.tiles.get('0/0') ?? Buffer.alloc(0), 8_192));
    const { breaks } = await log.verify();
    expect(breaks).toEqual([
      altered(0, 'index: hash 256 of hash tile 0/0 is not that of its entries', 15),
    ]);
  });
});
