import { describe, expect, test } from 'vitest';
import { entriesOf, sealedOf } from '#services/ledger/chain/block.ts';
import { contentText, parseEntry } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, type Head, headAfter, makeBlock } from '#services/ledger/chain/head.ts';
import { eventsOf, openFixture } from './fixture.ts';
import { blockIn, openLogOf, openTamper, rowOf, type Tamper } from './tamper.ts';

/** Entries of each block, in their order. */
const BLOCKS = [1, 40, 3, 1, 100, 2];

describe('a log that somebody rewrote with all its hashes', () => {
  /** From that block on: one word in one entry is another, and everything after it fits again. */
  function rewrite(tamper: Tamper, from: number): void {
    const rows = tamper.rows('block');
    let head: Head = EMPTY_HEAD;
    for (const [index, row] of rows.entries()) {
      const block = blockIn(row);
      if (index < from) {
        head = headAfter(block.header);
        continue;
      }
      const entries = entriesOf(block).map(parseEntry);
      const [first] = entries;
      if (index === from && first !== undefined) first.outcome = 'refused';
      const step = makeBlock({
        head,
        contents: entries.map(contentText),
        sealed: sealedOf(block).map(({ bytes }) => bytes),
        recordedAt: first?.recordedAt ?? '',
        writer: block.header.writer,
      });
      tamper.put('block', rowOf(step, row.id));
      head = step.head;
    }
  }

  test('is found by the checkpoints beside it and in the second place, from where they agree no more', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      for (const count of BLOCKS) {
        await log.append(eventsOf(fixture.tenant, count));
        await log.checkpoint(log.size());
      }
    }
    using tamper = openTamper(fixture);
    rewrite(tamper, 4);
    const { breaks } = await fixture.verify();
    expect(breaks).toEqual([
      {
        seq: 45,
        lastSeq: 144,
        kind: 'checkpoint-mismatch',
        detail: expect.stringContaining('another root'),
      },
      expect.objectContaining({ seq: 45, lastSeq: 144, kind: 'checkpoint-mismatch' }),
    ]);
    const sides = breaks.map(({ detail }) => detail).join();
    expect(sides).toContain('beside the blocks');
    expect(sides).toContain('in the second place');
    // With the rows beside the blocks gone too, the second place still tells.
    for (const { id } of tamper.rows('checkpoint')) tamper.remove('checkpoint', id);
    const without = await fixture.verify();
    expect(without.breaks).toMatchObject([{ seq: 45, lastSeq: 144, kind: 'checkpoint-mismatch' }]);
    // And nothing more is ever signed on top of it.
    await using log = await fixture.open();
    await log.append(eventsOf(fixture.tenant, 1));
    await expect(log.checkpoint(log.size())).rejects.toThrow('does not go on');
  });

  test('whose tail was cut, checkpoints and all, is found by the second place', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      for (const count of [4, 5, 6]) {
        await log.append(eventsOf(fixture.tenant, count));
        await log.checkpoint(log.size());
      }
    }
    using tamper = openTamper(fixture);
    const [, , last] = tamper.rows('block');
    tamper.remove('block', last?.id ?? '');
    const cut = await fixture.verify();
    expect(cut.breaks).toMatchObject([{ seq: 9, lastSeq: 14, kind: 'truncated' }]);
    for (const { id } of tamper.rows('checkpoint').slice(-1)) tamper.remove('checkpoint', id);
    const { ok, breaks, size } = await fixture.verify();
    expect({ ok, size }).toEqual({ ok: false, size: 9 });
    expect(breaks).toMatchObject([{ seq: 9, lastSeq: 14, kind: 'truncated' }]);
    expect(breaks[0]?.detail).toContain('in the second place');
    await using log = await fixture.open();
    await log.append(eventsOf(fixture.tenant, 1));
    await expect(log.checkpoint(log.size())).rejects.toThrow('does not go on');
  });

  test('block by block in one place only is named as a fork at the next block', async () => {
    await using fixture = await openLogOf([2, 3, 4]);
    using tamper = openTamper(fixture);
    const before = tamper.rows('block');
    rewrite(tamper, 1);
    const last = before[2];
    if (last === undefined) throw new Error('no block');
    tamper.put('block', last);
    const { breaks } = await fixture.verify();
    const named = breaks.filter(({ kind }) => kind === 'forked');
    expect(named).toMatchObject([{ seq: 5, lastSeq: 8 }]);
  });
});

test('two damaged checkpoints are both named', async () => {
  await using fixture = await openFixture();
  {
    await using log = await fixture.open();
    for (const size of [3, 6, 9]) {
      await log.append(eventsOf(fixture.tenant, 3));
      await log.checkpoint(size);
    }
  }
  using tamper = openTamper(fixture);
  for (const row of tamper.rows('checkpoint').slice(0, 2)) {
    tamper.put('checkpoint', { ...row, value: row.value.replace(/— /, '- ') });
  }
  const { breaks } = await fixture.verify();
  expect(breaks.map(({ detail }) => detail)).toEqual([
    'checkpoint: that of size 3 beside the blocks cannot be read as a checkpoint of this log',
    'checkpoint: that of size 6 beside the blocks cannot be read as a checkpoint of this log',
  ]);
});
