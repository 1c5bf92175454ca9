/** A log whose first entries are gone: crashes on the way there, and what verification tells of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLogs } from '#services/ledger/log/logs.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import { verifyTenant } from '#services/ledger/verify/verification.ts';
import { faulty } from './faulty.ts';
import { eventOf, eventsOf, type Fixture } from './fixture.ts';
import { commitPurge, remove } from './purged-log.ts';
import { openLogOf, openTamper, type RawRow, type Tamper } from './tamper.ts';

const PAGE = 256;
const KEPT = 2 * PAGE;

/** Two pages that may go, in blocks of three sizes; one full page and a tail that stay. */
const openOld = () => openLogOf([PAGE, 200, 56, PAGE, 5]);

async function openPurged(): Promise<Fixture> {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openOld());
  await using log = await fixture.open();
  await commitPurge(fixture, log, KEPT);
  await log.checkpoint(log.size());
  await remove(fixture);
  opened.move();
  return fixture;
}

/** Opens the log as a new process does, and appends: nothing is lost, doubled or forked. */
async function expectAlive(fixture: Fixture): Promise<void> {
  await using log = await fixture.open();
  const [receipt] = await log.append(eventsOf(fixture.tenant, 1));
  expect(receipt?.status).toBe('appended');
  await log.checkpoint(log.size());
  const verified = await fixture.verify();
  expect(verified.breaks).toEqual([]);
  expect(verified.size).toBe(log.size());
}

describe('a crash', () => {
  test('in the commit leaves all of it or nothing', async () => {
    for (const fate of ['unapplied', 'applied'] as const) {
      await using fixture = await openOld();
      let isDead = false;
      const tables = faulty(fixture.tables, (method) => {
        if (isDead) return 'unapplied';
        isDead = method === 'write';
        return isDead ? fate : 'ok';
      });
      const log = await fixture.open(tables);
      await expect(commitPurge(fixture, log, KEPT)).rejects.toThrow();
      const boundary = await readBoundary(fixture.tables.forTenant(fixture.tenant));
      expect(boundary?.size).toBe(fate === 'applied' ? KEPT : undefined);
      await expectAlive(fixture);
      if (fate === 'applied') expect(await remove(fixture)).toBe(true);
      await expectAlive(fixture);
    }
  });

  test('at any write of the removal leaves a log that verifies, goes on, and is removed to the end', async () => {
    let isWhole = false;
    for (let writes = 0; !isWhole; writes += 1) {
      for (const fate of ['unapplied', 'applied'] as const) {
        await using fixture = await openOld();
        await using log = await fixture.open();
        await commitPurge(fixture, log, KEPT);
        let seen = 0;
        const tables = faulty(fixture.tables, (method) => {
          if (method !== 'write') return 'ok';
          seen += 1;
          return seen <= writes ? 'ok' : fate;
        });
        isWhole = await remove(fixture, tables).catch(() => false);
        await expectAlive(fixture);
        expect(await remove(fixture)).toBe(true);
        await expectAlive(fixture);
        using tamper = openTamper(fixture);
        expect(tamper.rows('block').length).toBeLessThan(8);
        expect((await fixture.verify()).firstKept).toBe(KEPT);
      }
    }
  });

  test('a hold that comes while it is removed stops it there', async () => {
    await using fixture = await openOld();
    await using log = await fixture.open();
    await commitPurge(fixture, log, KEPT);
    using tamper = openTamper(fixture);
    const before = tamper.rows('block').length;
    expect(await remove(fixture, fixture.tables, async () => false)).toBe(false);
    expect(tamper.rows('block')).toHaveLength(before);
    await expectAlive(fixture);
    expect(await remove(fixture)).toBe(true);
  });
});

describe('a process', () => {
  test('reads and appends on a log that another one has purged, without opening it anew', async () => {
    await using fixture = await openOld();
    await using mine = await fixture.open();
    await using other = await fixture.open();
    const events = eventsOf(fixture.tenant, 3);
    await mine.append(events);
    await other.follow();
    const { id } = JSON.parse(String(await other.blocks.entry(0)));
    const seq = await commitPurge(fixture, other, KEPT);
    await remove(fixture);
    // It has not followed, and nothing but an old event comes.
    const again = await mine.append(eventsOf(fixture.tenant, 1).map((event) => ({ ...event, id })));
    expect(again).toMatchObject([{ status: 'repeated', seq: 0 }]);
    expect(mine.firstKept()).toBe(KEPT);
    await expect(mine.blocks.entry(0)).rejects.toMatchObject({ code: 'gone' });
    expect(await mine.blocks.entry(KEPT)).toBeDefined();
    expect(await mine.append(events)).toMatchObject(Array(3).fill({ status: 'repeated' }));
    const [next] = await mine.append(eventsOf(fixture.tenant, 1));
    expect(next?.seq).toBe(seq + 1);
  });

  test('that has slept while what follows its head was removed does not grow another log', async () => {
    await using fixture = await openLogOf([5]);
    const { blobs: checkpoints } = await fixture.host.host.blobs('checkpoints');
    const parts = { ...(await fixture.host.parts('ledger')), checkpoints, host: () => 'x.example' };
    await using logs = openLogs(parts);
    await logs.use(fixture.tenant, (log) => log.follow());
    {
      await using other = await fixture.open();
      for (const count of [251, PAGE, PAGE, 3]) await other.append(eventsOf(fixture.tenant, count));
      await commitPurge(fixture, other, KEPT);
      await other.checkpoint(other.size());
    }
    await remove(fixture);
    fixture.host.advance(400 * 24 * 60 * 60 * 1_000);
    const [receipt] = await logs.use(fixture.tenant, (log) =>
      log.append(eventsOf(fixture.tenant, 1)),
    );
    expect(receipt?.seq).toBe(3 * PAGE + 4);
    expect((await fixture.verify()).breaks).toEqual([]);
  });

  test('makes the derived rows of what is kept again when they are wrong', async () => {
    await using fixture = await openPurged();
    using tamper = openTamper(fixture);
    for (const row of tamper.rows('page').slice(2)) tamper.remove('page', row.id);
    await expectAlive(fixture);
    await using log = await fixture.open();
    const [first] = await idsInKept(log);
    expect(first).toBeDefined();
  });

  test('ends a log before a block that is missing before others, and takes no event', async () => {
    await using fixture = await openOld();
    using tamper = openTamper(fixture);
    tamper.remove('block', tamper.rows('block').at(-2)?.id ?? '');
    for (const { id } of tamper.rows('page')) tamper.remove('page', id);
    await using log = await fixture.open();
    expect(log.broken()?.message).toMatch(/missing/);
    expect((await idsInKept(log)).length).toBe(log.size() - log.firstKept());
    await expect(log.append([eventOf(fixture.tenant)])).rejects.toThrow(/missing/);
  });
});

async function idsInKept(log: Awaited<ReturnType<Fixture['open']>>): Promise<string[]> {
  const entries = await Array.fromAsync(log.blocks.range(log.firstKept(), log.size()));
  return entries.map(({ bytes }) => JSON.parse(bytes.toString()).id);
}

describe('verification of a purged log', () => {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  let fixture: Fixture;
  let tamper: Tamper;

  beforeAll(async () => {
    fixture = stack.use(await openPurged());
    tamper = stack.use(openTamper(fixture));
  });

  /** With one row altered, which is put back afterwards. */
  async function breaksWith(kind: string, index: number, alter: (row: RawRow) => RawRow) {
    const row = rowAt(tamper, kind, index);
    tamper.put(kind, alter({ ...row, bytes: Buffer.from(row.bytes) }));
    const { breaks } = await fixture.verify();
    tamper.put(kind, row);
    return breaks;
  }

  const flipped = (at: number) => (row: RawRow) => {
    row.bytes[at] = (row.bytes[at] ?? 0) ^ 1;
    return row;
  };

  test('finds nothing where nothing was altered, also in ranges', async () => {
    const whole = await fixture.verify();
    expect(whole).toMatchObject({ ok: true, firstKept: KEPT });
    expect(whole.checkedEntries).toBe(whole.size - KEPT);
    for (const range of [{ from: 3, to: 9 }, { from: 600 }, { to: 700 }, { from: 500, to: 520 }]) {
      expect(await fixture.verify(range), JSON.stringify(range)).toMatchObject({ breaks: [] });
    }
  });

  test('names an altered byte of an entry as before', async () => {
    const [first] = await breaksWith('block', 0, flipped(20));
    expect(first?.kind).toBe('altered');
    expect(first?.detail).toMatch(/^entry:/);
    expect(first?.seq).toBeGreaterThanOrEqual(KEPT);
  });

  test.each([
    ['of a leaf', 'tile', 0, 5, 0],
    ['of a leaf in the second page', 'tile', 1, 5, PAGE],
    ['half-way up', 'tile', 0, 8_200, 0],
    ['of a whole page', 'tile', 3, 5, 0],
    ['of an event id', 'page', 1, 1_030, PAGE],
  ] as const)(
    'names what is left of removed entries when it was altered: a hash %s',
    async (...about) => {
      const [, kind, index, at, seq] = about;
      const breaks = await breaksWith(kind, index, flipped(at));
      expect(breaks.length).toBeGreaterThan(0);
      expect(breaks[0]?.detail).toMatch(/^index:/);
      expect(breaks[0]?.seq).toBe(seq);
    },
  );

  test.each([
    ['another size', { size: 256 }],
    ['another root', { root: 'b'.repeat(64) }],
    ['another edge', { edge: ['b'.repeat(64)] }],
    ['another leaf', { leaf: 'b'.repeat(64) }],
    ['another block hash', { blockHash: 'b'.repeat(64) }],
    ['another entry', { fact: { seq: 600, blockNo: 4 } }],
    ['a word too many', { remark: 'all is well' }],
  ])('a boundary with %s is a break', async (_, altered) => {
    const breaks = await breaksWith('purged', 0, (row) => ({
      ...row,
      value: JSON.stringify({ ...JSON.parse(row.value), ...altered }),
    }));
    expect(breaks.length).toBeGreaterThan(0);
  });

  test('blocks that go without a word of the chain are a break, with a forged boundary too', async () => {
    await using fixture = await openOld();
    using tamper = openTamper(fixture);
    const tables = fixture.tables.forTenant(fixture.tenant);
    await using log = await fixture.open();
    await commitPurge(fixture, log, KEPT);
    const boundary = await readBoundary(tables);
    await log.checkpoint(log.size());
    await remove(fixture);
    const row = rowAt(tamper, 'purged', 0);
    tamper.remove('purged', row.id);
    expect((await fixture.verify()).breaks).toMatchObject([{ seq: 0, kind: 'missing' }]);

    const purge = { ...boundary?.purge, reference: 'forged' };
    tamper.put('purged', { ...row, value: JSON.stringify({ ...boundary, purge }) });
    const [forged] = (await fixture.verify()).breaks;
    expect(forged).toMatchObject({ kind: 'altered', seq: 0, lastSeq: KEPT - 1 });
    expect(forged?.detail).toContain('does not say so');
  });

  test('a purge that begins while the log is walked over is no break', async () => {
    await using fixture = await openOld();
    await using log = await fixture.open();
    let blocks = 0;
    const parts = { ...fixture, vault: fixture.host.host.vault };
    const verified = await verifyTenant(parts, fixture.tenant, {
      pause: async () => {
        blocks += 1;
        if (blocks !== 2) return;
        await commitPurge(fixture, log, KEPT);
        await remove(fixture);
      },
    });
    expect(verified.breaks).toEqual([]);
  });
});

function rowAt(tamper: Tamper, kind: string, index: number): RawRow {
  const row = tamper.rows(kind)[index];
  if (row === undefined) throw new Error(`there is no ${kind} ${index}`);
  return row;
}
