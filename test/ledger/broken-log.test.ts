/** A log with a block that is missing before others: read up to it, and not built on. */
import { describe, expect, test } from 'vitest';
import * as ledger from '#contracts/ledger.ts';
import { DamagedLog } from '#services/ledger/chain/head.ts';
import { inclusionPath, rootAt } from '#services/ledger/chain/tree.ts';
import { Problem } from '#shared/problem.ts';
import { eventOf, eventsOf, type Fixture, idsIn, openFixture } from './fixture.ts';
import { openServing } from './serving.ts';
import { openLogOf, openTamper, type RawRow } from './tamper.ts';

/** Takes the block out of the store; gives back what puts it there again. */
function takeOut(fixture: Pick<Fixture, 'host' | 'tenant'>, blockNo: number): RawRow {
  using tamper = openTamper(fixture);
  const row = tamper.rows('block')[blockNo];
  if (row === undefined) throw new Error('no block');
  tamper.remove('block', row.id);
  return row;
}

function putBack(fixture: Pick<Fixture, 'host' | 'tenant'>, row: RawRow): void {
  using tamper = openTamper(fixture);
  tamper.put('block', row);
}

describe('a log in which a block is missing before others', () => {
  test.each([
    { what: 'of the last ones', counts: [3, 4, 2, 5], blockNo: 2, size: 7 },
    { what: 'the first one', counts: [3, 4, 2], blockNo: 0, size: 0 },
    { what: 'behind the last page', counts: [200, 100, 4, 5], blockNo: 2, size: 300 },
    { what: 'right before the block of the last page', counts: [200, 100, 9], blockNo: 0, size: 0 },
    { what: 'of the last page, on its own', counts: [256, 56, 256, 9], blockNo: 1, size: 256 },
  ])('opens up to it, and takes no event: $what', async ({ counts, blockNo, size }) => {
    await using fixture = await openLogOf(counts);
    const row = takeOut(fixture, blockNo);
    await using log = await fixture.open();
    expect(log.size()).toBe(size);
    expect(log.broken()).toMatchObject({ message: `block ${blockNo} is damaged: it is missing` });
    expect(await idsIn(log)).toHaveLength(size);
    await expect(log.blocks.entry(size)).rejects.toThrow(DamagedLog);
    await expect(log.append([eventOf(fixture.tenant)])).rejects.toThrow(`block ${blockNo} is`);
    await expect(log.checkpoint(size)).rejects.toThrow(DamagedLog);
    const { breaks } = await fixture.verify();
    expect(breaks).toContainEqual({
      seq: size,
      lastSeq: size + (counts[blockNo] ?? 0) - 1,
      kind: 'missing',
      detail: `entry: block ${blockNo} is not in the store`,
    });
    putBack(fixture, row);
    const whole = counts.reduce((sum, count) => sum + count);
    expect(await log.append([eventOf(fixture.tenant)])).toMatchObject([{ seq: whole }]);
    expect(log.broken()).toBeUndefined();
    expect(await fixture.verify()).toMatchObject({ ok: true, size: whole + 1, breaks: [] });
  });

  test('proves what was signed before it, and signs nothing of the part', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      for (const count of [3, 4, 2, 5]) {
        await log.append(eventsOf(fixture.tenant, count));
        await log.checkpoint(log.size());
      }
    }
    takeOut(fixture, 3);
    const signed = await fixture.tables.forTenant(fixture.tenant).list({
      kind: 'checkpoint',
      limit: 10,
    });
    {
      // The last block is simply not there: nothing shows in the log itself that there was one.
      await using log = await fixture.open();
      expect(log.broken()).toBeUndefined();
    }
    takeOut(fixture, 1);
    {
      await using log = await fixture.open();
      expect(log.size()).toBe(3);
      const checkpoint = await log.checkpoint(2);
      expect(checkpoint).toMatchObject({ size: 3, root: await rootAt(log.nodes, 3) });
      expect(await log.hashes(inclusionPath(1, 3))).toHaveLength(2);
    }
    const after = await fixture.tables.forTenant(fixture.tenant).list({
      kind: 'checkpoint',
      limit: 10,
    });
    expect(after).toEqual(signed);
  });

  test('is told as such by every operation that needs what is behind it', async () => {
    await using service = await openServing();
    const reviewer = service.as(service.someone('reviewer'));
    const events = eventsOf(service.tenant, 6);
    for (let at = 0; at < 6; at += 2) await service.append(events.slice(at, at + 2));
    const row = takeOut(service, 1);
    await service.reopen();
    const told = {
      code: 'unavailable',
      message: expect.stringContaining('block 1 is damaged: it is missing'),
    };
    expect(await problemOf(service.append(events))).toMatchObject(told);
    expect(await reviewer(ledger.readEntry, { params: { seq: 1 } })).toMatchObject({ seq: 1 });
    const third = reviewer(ledger.readEntry, { params: { seq: 2 } });
    expect(await problemOf(third)).toMatchObject(told);
    const { items, next } = await reviewer(ledger.listEntries);
    expect(items.map(({ seq }) => seq)).toEqual([0, 1]);
    const further = reviewer(ledger.listEntries, { query: { cursor: next } });
    expect(await problemOf(further)).toMatchObject(told);
    expect(await problemOf(reviewer(ledger.readCheckpoint))).toMatchObject(told);
    expect((await reviewer(ledger.verifyLedger)).breaks).toMatchObject([
      { seq: 2, lastSeq: 3, kind: 'missing' },
    ]);
    putBack(service, row);
    const { results } = await service.append(events);
    expect(results.map(({ status, seq }) => [status, seq])).toEqual(
      events.map((_, index) => ['repeated', index]),
    );
  });
});

async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Problem) return error;
  throw new Error('the call was to be refused');
}
