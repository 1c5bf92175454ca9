import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPageTimes } from '#services/ledger/chain/page.ts';
import { inclusionPath, leafHash, rootAt } from '#services/ledger/chain/tree.ts';
import type { Log } from '#services/ledger/log/log.ts';
import { provesInclusion } from '#services/ledger/portable/proof.ts';
import type { Row, Tables } from '#shared/ports/tables.ts';
import { faulty } from './faulty.ts';
import { eventOf, eventsOf, type Fixture, idsIn, openFixture } from './fixture.ts';

const derivedKinds = ['page', 'page-times', 'tile'];

async function rowsOf(fixture: Fixture, kind: string): Promise<readonly Row[]> {
  return fixture.tables.forTenant(fixture.tenant).list({ kind, limit: 1000 });
}

async function derivedRows(fixture: Fixture) {
  const rows = await Promise.all(derivedKinds.map((kind) => rowsOf(fixture, kind)));
  return rows.flat().map(({ kind, id, value, bytes }) => ({
    kind,
    id,
    value,
    bytes: bytes && Buffer.from(bytes).toString('hex'),
  }));
}

async function removeRows(fixture: Fixture, rows: readonly Row[]): Promise<void> {
  const tables = fixture.tables.forTenant(fixture.tenant);
  for (const { kind, id, version } of rows) {
    const changes = [{ remove: { kind, id }, expect: version }];
    await tables.write({ changes, events: [], unaudited: 'a test damages what is derived' });
  }
}

/** A UUIDv7 made at that time, in milliseconds since the epoch. */
function idAt(id: string, time: number): string {
  const hex = time.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${id.slice(13)}`;
}

/** Every hundredth entry is proved in the whole tree. */
async function expectProofs(log: Log): Promise<void> {
  const size = log.size();
  const root = Buffer.from(await rootAt(log.nodes, size), 'hex');
  for (let index = 0; index < size; index += 97) {
    const hashes = await log.hashes(inclusionPath(index, size));
    const bytes = (await log.blocks.entry(index)) ?? Buffer.alloc(0);
    expect(provesInclusion({ index, size, root, hashes, leafHash: leafHash(bytes) })).toBe(true);
  }
}

describe('pages', () => {
  test('go out with the next block, in one commit, and by themselves when none comes', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    await using log = await fixture.open();
    await log.append(eventsOf(tenant, 256));
    await log.append([eventOf(tenant)]);
    expect(await rowsOf(fixture, 'page')).toHaveLength(1);
    await log.append(eventsOf(tenant, 255));
    await expect.poll(() => rowsOf(fixture, 'page')).toHaveLength(2);
  });

  test('are derived behind the commits; proofs, receipts and verification stay the same', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const events = eventsOf(tenant, 1_000);
    {
      await using log = await fixture.open();
      for (let at = 0; at < 1_000; at += 37) await log.append(events.slice(at, at + 37));
    }
    expect((await rowsOf(fixture, 'page')).length).toBe(3);
    const tiles = await rowsOf(fixture, 'tile');
    expect(tiles.map(({ id, bytes }) => [id, bytes?.length])).toEqual([
      ['0/0000000000000000', 8_704],
      ['0/0000000000000001', 8_704],
      ['0/0000000000000002', 8_704],
      ['1/0000000000000000', 96],
    ]);
    await using log = await fixture.open();
    expect(await idsIn(log)).toEqual(events.map(({ id }) => id));
    await expectProofs(log);
    const receipts = await log.append(events.slice(200, 300));
    expect(receipts.map(({ status, seq }) => [status, seq])).toEqual(
      Array.from({ length: 100 }, (_, index) => ['repeated', 200 + index]),
    );
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 1_000 });
  });

  test('a crash between commit and page leaves nothing undone', async () => {
    await using fixture = await openFixture();
    const events = eventsOf(fixture.tenant, 700);
    const crashed = await fixture.open(derivingFailsAfter(fixture.tables, 1));
    await crashed.append(events);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await rowsOf(fixture, 'page')).length).toBe(1);
    // The crashed process is not asked to stop.
    await using log = await fixture.open();
    expect((await rowsOf(fixture, 'page')).length).toBe(2);
    const receipts = await log.append(events);
    expect(receipts.every(({ status, seq }, index) => status === 'repeated' && seq === index)).toBe(
      true,
    );
    await expectProofs(log);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 700 });
  });

  test('removed or wrong derived rows are made again, the same, by opening the log', async () => {
    await using fixture = await openFixture();
    const events = eventsOf(fixture.tenant, 800);
    {
      await using log = await fixture.open();
      await log.append(events);
    }
    const before = await derivedRows(fixture);
    expect(before.length).toBe(3 + 1 + 4);
    await removeRows(fixture, await rowsOf(fixture, 'page'));
    await removeRows(fixture, (await rowsOf(fixture, 'tile')).slice(1, 3));
    {
      await using log = await fixture.open();
      expect(log.size()).toBe(800);
    }
    expect(await derivedRows(fixture)).toEqual(before);

    // A tile that is wrong where the edge of the tree is made of it.
    const tables = fixture.tables.forTenant(fixture.tenant);
    const [tile] = (await rowsOf(fixture, 'tile')).filter(({ id }) => id.startsWith('1/'));
    if (tile?.bytes === undefined) throw new Error('no tile');
    const bytes = Buffer.from(tile.bytes).fill(7, 0, 5);
    const put = { kind: 'tile', id: tile.id, value: {}, bytes };
    await tables.write({ changes: [{ put, expect: tile.version }], events: [], unaudited: 'test' });
    const { breaks } = await fixture.verify();
    expect(breaks).toEqual([
      {
        seq: 0,
        lastSeq: 255,
        kind: 'altered',
        detail: 'index: hash 0 of hash tile 1/0 is not that of its entries',
      },
    ]);
    await using log = await fixture.open();
    await expectProofs(log);
    expect(await derivedRows(fixture)).toEqual(before);
    expect(await fixture.verify()).toMatchObject({ ok: true });
  });

  test('ids are found in pages wherever their times fall, and new ones read nothing', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const events = eventsOf(tenant, 1_100).map((event, index) => ({
      ...event,
      // A late one, one from a clock that runs ahead, and the rest in an order of their own.
      id: idAt(event.id, index === 300 ? 5 : index === 40 ? 2 ** 47 : 1_000_000 + (index ^ 3)),
    }));
    let gets = 0;
    const counted = faulty(fixture.tables, (method) => {
      gets += method === 'get' ? 1 : 0;
      return 'ok';
    });
    {
      await using log = await fixture.open();
      for (let at = 0; at < events.length; at += 50) await log.append(events.slice(at, at + 50));
    }
    await using log = await fixture.open(counted);
    for (const seq of [0, 40, 255, 256, 300, 511, 512, 1_023, 1_024, 1_099]) {
      const event = events[seq];
      if (event === undefined) throw new Error('no event');
      expect(await log.append([event])).toMatchObject([{ status: 'repeated', seq }]);
      const shouted = { ...event, id: event.id.toUpperCase() };
      expect(await log.append([shouted])).toMatchObject([{ status: 'conflict', seq }]);
    }
    const [late] = eventsOf(tenant, 1);
    if (late === undefined) throw new Error('no event');
    const unknown = { ...late, id: idAt(late.id, 1_000_500) };
    expect(await log.append([unknown])).toMatchObject([{ status: 'appended' }]);
    // A first event may read the key of its record and the page of the clock that ran ahead.
    await log.append(eventsOf(tenant, 1));
    gets = 0;
    await log.append(eventsOf(tenant, 50, 1));
    expect(gets).toBe(0);
  });

  test('a proof reads one tile at the foot of the tree, however many of its nodes are in it', async () => {
    await using fixture = await openFixture();
    const { tenant, tables } = fixture;
    {
      await using log = await fixture.open();
      await log.append(eventsOf(tenant, 1_000));
    }
    let reads = 0;
    const counting = faulty(tables, (method) => {
      if (method === 'get') reads += 1;
      return 'ok';
    });
    await using log = await fixture.open(counting);
    for (const [index, expected] of [
      [300, 1],
      [301, 0],
      [700, 1],
      [990, 0],
    ] as const) {
      reads = 0;
      await log.hashes(inclusionPath(index, 1_000));
      expect([index, reads]).toEqual([index, expected]);
    }
    await expectProofs(log);
    await using other = await fixture.open(counting);
    reads = 0;
    const all = Array.from({ length: 1_000 }, (_, index) => inclusionPath(index, 1_000));
    const together = await Promise.all(all.map((path) => other.hashes(path)));
    expect(reads, 'of proofs asked for at once: each full tile').toBe(3);
    for (const [index, path] of all.entries()) {
      expect(together[index]).toEqual(await log.hashes(path));
    }
  });

  test('a proof that needs a tile which is gone, or entries to come, is refused and leaves nothing behind', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      await log.append(eventsOf(fixture.tenant, 600));
    }
    const tiles = await rowsOf(fixture, 'tile');
    await removeRows(
      fixture,
      tiles.filter(({ id }) => id === '0/0000000000000000'),
    );
    await using log = await fixture.open();
    await expect(log.hashes(inclusionPath(3, 600))).rejects.toThrow('hash tile 0/0 is missing');
    await expect(log.hashes(inclusionPath(3, 700))).rejects.toThrow();
    await expect(log.nodes(0, 600)).rejects.toThrow(RangeError);
    expect(await log.hashes(inclusionPath(300, 512))).toHaveLength(9);
  });

  test('a tile that could not be read is read again by the next proof', async () => {
    await using fixture = await openFixture();
    {
      await using log = await fixture.open();
      await log.append(eventsOf(fixture.tenant, 600));
    }
    let isAway = false;
    const tables = faulty(fixture.tables, () => (isAway ? 'unapplied' : 'ok'));
    await using log = await fixture.open(tables);
    isAway = true;
    await expect(log.hashes(inclusionPath(3, 600))).rejects.toThrow('get failed');
    isAway = false;
    await expectProofs(log);
  });

  test('proofs of one tree stay right while the log grows, and those of the next ones are', async () => {
    await using fixture = await openFixture();
    await using log = await fixture.open();
    for (const count of [300, 1, 211, 257, 40]) {
      await log.append(eventsOf(fixture.tenant, count));
      await expectProofs(log);
    }
    const root = Buffer.from(await rootAt(log.nodes, 301), 'hex');
    const hashes = await log.hashes(inclusionPath(300, 301));
    const leaf = leafHash((await log.blocks.entry(300)) ?? Buffer.alloc(0));
    expect(provesInclusion({ index: 300, size: 301, leafHash: leaf, root, hashes })).toBe(true);
  });

  test('two processes derive the same pages side by side', async () => {
    await using fixture = await openFixture();
    await using one = await fixture.open();
    await using other = await fixture.open();
    const events = eventsOf(fixture.tenant, 1_500);
    for (let at = 0; at < events.length; at += 100) {
      await Promise.all([
        one.append(events.slice(at, at + 60)),
        other.append(events.slice(at + 40, at + 100)),
      ]);
    }
    await Promise.all([one.follow(), other.follow()]);
    expect(new Set(await idsIn(one)).size).toBe(1_500);
    expect(await idsIn(other)).toEqual(await idsIn(one));
    await Promise.all([expectProofs(one), expectProofs(other)]);
    expect(await fixture.verify()).toMatchObject({ ok: true, size: 1_500 });
  });
});

describe('times of pages', () => {
  test('lead to exactly the pages around a time, with any clocks and over many rows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 700 }),
        fc.nat(120),
        fc.uuid({ version: 7 }),
        (pairs, time, id) => {
          const all = pairs.map(([one, length], at) => {
            // Nearly ordered, as the pages of a log are.
            const earliest = one + Math.floor(at / 10);
            return { earliest, latest: earliest + length };
          });
          const times = openPageTimes(all.slice(0, 300));
          for (const each of all.slice(300)) times.add(each);
          const wanted = all.flatMap(({ earliest, latest }, page) =>
            earliest <= time && time <= latest ? [page] : [],
          );
          const digits = time.toString(16).padStart(12, '0');
          const key = `${digits.slice(0, 8)}-${digits.slice(8)}${id.slice(13)}`;
          expect(times.pagesWith(key)).toEqual(wanted);
          expect(times.growing).toEqual(all.slice(all.length - (all.length % 256)));
        },
      ),
      { numRuns: 100 },
    );
  });
});

function derivingFailsAfter(tables: Tables, pages: number): Tables {
  let writes = 0;
  const down = faulty(tables, (method) => (method === 'write' ? 'unapplied' : 'ok'));
  return {
    ...tables,
    forTenant: (tenant) => ({
      ...tables.forTenant(tenant),
      write(write) {
        const isDerived = write.changes.some(
          (change) => 'put' in change && derivedKinds.includes(change.put.kind),
        );
        writes += isDerived ? 1 : 0;
        const through = isDerived && writes > pages ? down : tables;
        return through.forTenant(tenant).write(write);
      },
    }),
  };
}
