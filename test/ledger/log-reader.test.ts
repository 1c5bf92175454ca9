/** What the verifier reads of a log: rows as they are, also where they make no sense, or cannot be read. */
import { describe, expect, test } from 'vitest';
import { blockHeader } from '#services/ledger/chain/block.ts';
import { headAfter } from '#services/ledger/chain/head.ts';
import { START } from '#services/ledger/chain/verify.ts';
import { openSecondPlace } from '#services/ledger/checkpoints/second-place.ts';
import { findOpaqueId, numberId } from '#services/ledger/log/store.ts';
import {
  openBlockReader,
  openDerivedReader,
  openSignedSource,
  positionBefore,
} from '#services/ledger/verify/log-reader.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { faulty } from './faulty.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';
import { commitPurge } from './purged-log.ts';
import { openLogOf, openTamper } from './tamper.ts';

const tablesOf = ({ tables, tenant }: Fixture) => tables.forTenant(tenant);

/** Tables of which calls of these kinds fail. */
const without = (fixture: Fixture, ...methods: readonly (keyof TenantTables)[]) =>
  faulty(fixture.tables, (method) => (methods.includes(method) ? 'unapplied' : 'ok')).forTenant(
    fixture.tenant,
  );

/** Tables that cannot be listed, and of which single rows cannot be read. */
function damaged(fixture: Fixture, isUnreadable: (blockNo: number) => boolean): TenantTables {
  const tables = without(fixture, 'list');
  return {
    ...tables,
    async get(key) {
      if (isUnreadable(Number(key.id))) throw new Error('the row cannot be read');
      return tables.get(key);
    },
  };
}

async function headerOf(fixture: Fixture, blockNo: number) {
  const row = await tablesOf(fixture).get({ kind: 'block', id: numberId(blockNo) });
  return blockHeader.parse(row?.value);
}

const stray = (id: string) => ({ id, value: '{}', bytes: Buffer.alloc(0) });

describe('the last block', () => {
  test('is the one with the highest number, past rows that have none; of an empty log there is none', async () => {
    await using empty = await openFixture();
    expect(await openBlockReader(tablesOf(empty)).last()).toBeUndefined();
    expect(await openBlockReader(without(empty, 'list')).last()).toBeUndefined();
    await using fixture = await openLogOf([2, 1, 3]);
    expect(await openBlockReader(tablesOf(fixture)).last()).toBe(2);
    using tamper = openTamper(fixture);
    for (let n = 0; n < 15; n += 1) tamper.put('block', stray(`stray ${n}`));
    expect(await openBlockReader(tablesOf(fixture)).last()).toBe(2);
    for (const { id } of tamper.rows('block').slice(1, 3)) tamper.remove('block', id);
    expect(await openBlockReader(tablesOf(fixture)).last()).toBe(0);
  });

  test('is looked for row by row where the list cannot be read', async () => {
    await using fixture = await openLogOf([2, 1, 3, 1, 1]);
    expect(await openBlockReader(without(fixture, 'list')).last()).toBe(4);
    // One that cannot be read is there.
    expect(await openBlockReader(damaged(fixture, (n) => n === 4)).last()).toBe(4);
    expect(await openBlockReader(damaged(fixture, (n) => n === 1)).last()).toBe(4);
  });

  test('is the last that can be read where nothing behind it can; else the fault is told', async () => {
    await using fixture = await openLogOf([2, 1, 3, 1, 1]);
    expect(await openBlockReader(damaged(fixture, (n) => n > 2)).last()).toBe(2);
    const away = openBlockReader(without(fixture, 'list', 'get'));
    await expect(away.last()).rejects.toThrow('list failed');
  });
});

describe('the blocks', () => {
  test('follow each other by their numbers, over gaps; where that cannot be read, by counting', async () => {
    await using fixture = await openLogOf([1, 1, 1, 1]);
    using tamper = openTamper(fixture);
    tamper.remove('block', numberId(1));
    const blocks = openBlockReader(tablesOf(fixture));
    expect(await blocks.next(0)).toBe(2);
    expect(await blocks.next(2)).toBe(3);
    expect(await blocks.next(3)).toBeUndefined();
    tamper.put('block', stray('stray'));
    expect(await blocks.next(3)).toBeUndefined();
    expect(await openBlockReader(without(fixture, 'list')).next(7)).toBe(8);
  });

  test('are read as they stand, whatever their header is', async () => {
    await using fixture = await openLogOf([1, 2]);
    const blocks = openBlockReader(tablesOf(fixture));
    using tamper = openTamper(fixture);
    const [, second] = tamper.rows('block');
    if (second === undefined) throw new Error('no block');
    const header = JSON.parse(second.value);
    const read = await blocks.read(1);
    expect(read?.header).toEqual(header);
    expect(Buffer.from(read?.body ?? [])).toEqual(second.bytes);
    tamper.put('block', { ...second, value: '{"no":"header"}' });
    expect((await blocks.read(1))?.header).toEqual({ no: 'header' });
    expect(await blocks.read(2)).toBeUndefined();
    await expect(openBlockReader(without(fixture, 'get')).read(1)).rejects.toThrow('get failed');
  });

  test('begin where a purge says, and whether the chain says so is told', async () => {
    await using fixture = await openFixture();
    const { tenant } = fixture;
    const blocks = openBlockReader(tablesOf(fixture));
    expect(await blocks.purged?.()).toBeUndefined();
    let fact: number;
    {
      await using log = await fixture.open();
      for (let n = 0; n < 3; n += 1) await log.append(eventsOf(tenant, 256));
      await log.checkpoint(log.size());
      fact = await commitPurge(fixture, log, 256);
    }
    const purged = await blocks.purged?.();
    const { edge, leaf, blockHash } = headAfter(await headerOf(fixture, 0));
    const behind = { blockNo: 1, size: 256, edge, leaf, blockHash };
    expect(purged).toEqual({ behind, fault: undefined });
    using tamper = openTamper(fixture);
    const [row] = tamper.rows('purged');
    if (row === undefined) throw new Error('no boundary');
    const notSaid = { behind, fault: `entry ${fact} does not say so` };
    // Another entry of its block, another block, none at all.
    for (const change of [{ seq: fact - 1 }, { blockNo: 1 }, { blockNo: 99 }]) {
      const value = JSON.parse(row.value);
      const changed = { ...value, fact: { ...value.fact, ...change } };
      tamper.put('purged', { ...row, value: JSON.stringify(changed) });
      const { seq = fact } = change as { seq?: number };
      expect(await blocks.purged?.()).toEqual({
        ...notSaid,
        fault: `entry ${seq} does not say so`,
      });
    }
    tamper.put('purged', { ...row, value: '{}' });
    expect(await blocks.purged?.()).toBeUndefined();
    expect(await openBlockReader(without(fixture, 'get')).purged?.()).toBeUndefined();
  });
});

/** 600 entries in blocks of 100: two full pages. */
const openPaged = () => openLogOf([100, 100, 100, 100, 100, 100]);

describe('the derived rows', () => {
  test('are as many pages as the last one says, each as it stands, and tiles', async () => {
    await using empty = await openFixture();
    expect(await openDerivedReader(tablesOf(empty)).pages()).toBe(0);
    await using fixture = await openPaged();
    const derived = openDerivedReader(tablesOf(fixture));
    expect(await derived.pages()).toBe(2);
    expect((await derived.page(1))?.value).toMatchObject({ v: expect.any(Number) });
    expect(await derived.page(2)).toBeUndefined();
    expect((await derived.tile(0, 1))?.length).toBeGreaterThanOrEqual(256 * 32);
    expect(await derived.tile(0, 2)).toBeUndefined();
    expect(await derived.tile(3, 0)).toBeUndefined();
    using tamper = openTamper(fixture);
    tamper.put('page', stray('stray'));
    expect(await derived.pages()).toBe(0);
  });

  test('that cannot be read are no pages, a page without a value, no tile', async () => {
    await using fixture = await openPaged();
    const derived = openDerivedReader(without(fixture, 'list', 'get'));
    expect(await derived.pages()).toBe(0);
    expect(await derived.page(0)).toEqual({ value: undefined });
    expect(await derived.tile(0, 0)).toBeUndefined();
  });
});

describe('a walk that is to see an entry', () => {
  test('begins behind a block before it, as the pages know them', async () => {
    await using fixture = await openPaged();
    const tables = tablesOf(fixture);
    expect(await positionBefore(tables, 0)).toEqual(START);
    expect(await positionBefore(tables, 99)).toEqual(START);
    for (const [from, blockNo] of [
      [100, 1],
      [199, 1],
      [200, 2],
      [255, 2],
      [300, 3],
      [399, 3],
      [500, 5],
      [511, 5],
      [599, 5],
      [9_999, 5],
    ] as const) {
      const { edge, leaf, blockHash } = headAfter(await headerOf(fixture, blockNo - 1));
      const size = 100 * blockNo;
      const expected = { blockNo, size, edge, leaf, blockHash };
      expect(await positionBefore(tables, from), `${from}`).toEqual(expected);
    }
  });

  test('begins at the start where pages or headers cannot say where else', async () => {
    await using empty = await openLogOf([3]);
    expect(await positionBefore(tablesOf(empty), 2)).toEqual(START);
    await using fixture = await openPaged();
    const tables = tablesOf(fixture);
    expect(await positionBefore(without(fixture, 'get'), 300)).toEqual(START);
    using tamper = openTamper(fixture);
    const [one, , three] = tamper.rows('block');
    if (one === undefined || three === undefined) throw new Error('no blocks');
    // Another block, sound by itself, in the place of the third one.
    tamper.put('block', { ...one, id: three.id });
    expect(await positionBefore(tables, 300)).toEqual(START);
    const header = { ...JSON.parse(three.value), writer: 'somebody else' };
    tamper.put('block', { ...three, value: JSON.stringify(header) });
    expect(await positionBefore(tables, 300)).toEqual(START);
    tamper.remove('block', three.id);
    expect(await positionBefore(tables, 300)).toEqual(START);
    const [, page] = tamper.rows('page');
    if (page === undefined) throw new Error('no page');
    tamper.put('page', { ...page, value: '{}' });
    expect(await positionBefore(tables, 500)).toEqual(START);
  });
});

/** A log with checkpoints of sizes 2, 3 and 6, and what was signed of it. */
async function openSigned() {
  const fixture = await openFixture();
  const { host, tenant, checkpoints } = fixture;
  {
    await using log = await fixture.open();
    for (const count of [2, 1, 3]) {
      await log.append(eventsOf(tenant, count));
      await log.checkpoint(log.size());
    }
  }
  const opaqueId = (await findOpaqueId(fixture.tables, tenant)) ?? '';
  const secondPlace = openSecondPlace(checkpoints, opaqueId);
  const sourceOn = (tables: TenantTables) =>
    openSignedSource({ tables, secondPlace, vault: host.host.vault, opaqueId });
  const source = sourceOn(tablesOf(fixture));
  return { ...fixture, source, sourceOn, secondPlace, opaqueId };
}

const beside = 'beside the blocks';
const second = 'in the second place';

describe('what was signed', () => {
  test('is the newest of either place, and all behind a size in the order of their sizes', async () => {
    await using log = await openSigned();
    const newest = await log.source.newest();
    expect(newest).toMatchObject([
      { place: beside, name: 'that of size 6', size: 6, isSigned: true, head: { size: 6 } },
      { place: second, name: 'that of size 6', size: 6, isSigned: true, head: { size: 6 } },
    ]);
    expect(newest[0]?.head).toEqual(newest[1]?.head);
    const placesFrom = async (from: number) =>
      (await Array.fromAsync(log.source.heads(from))).map(({ place, size }) => [size, place]);
    const all = [2, 3, 6].flatMap((size) => [
      [size, second],
      [size, beside],
    ]);
    expect(await placesFrom(0)).toEqual(all);
    expect(await placesFrom(2)).toEqual(all.slice(2));
    expect(await placesFrom(6)).toEqual([]);
  });

  test('is nothing where nothing was', async () => {
    await using fixture = await openFixture();
    const source = openSignedSource({
      tables: tablesOf(fixture),
      secondPlace: openSecondPlace(fixture.checkpoints, 'a'.repeat(32)),
      vault: fixture.host.host.vault,
      opaqueId: 'a'.repeat(32),
    });
    expect(await source.newest()).toEqual([]);
    expect(await Array.fromAsync(source.heads(0))).toEqual([]);
  });

  test('is of the second place alone, where rows are cut off or cannot be listed', async () => {
    await using log = await openSigned();
    using tamper = openTamper(log);
    tamper.remove('checkpoint', numberId(6));
    const heads = await Array.fromAsync(log.source.heads(0));
    expect(heads.at(-1)).toMatchObject({ place: second, size: 6 });
    const source = log.sourceOn(without(log, 'list'));
    expect(await source.newest()).toMatchObject([{ place: second, size: 6 }]);
    const unread = { place: beside, name: 'one of them', size: 0, isSigned: false };
    expect(await Array.fromAsync(source.heads(0))).toMatchObject([
      { ...unread, head: undefined },
      { place: second, size: 2 },
      { place: second, size: 3 },
      { place: second, size: 6 },
    ]);
  });

  test.each<[string, object]>([
    ['of another form', { v: 2 }],
    ['with another size', { size: 5 }],
    ['with another root', { root: 'a'.repeat(64) }],
    ['of another origin', { origin: `other.example/log/${'a'.repeat(32)}` }],
    ['of a key that is not ours', { verifierKey: 'a+00000000+AAAA' }],
    ['without its note', { note: '' }],
  ])('beside the blocks %s is no head', async (_, change) => {
    await using log = await openSigned();
    using tamper = openTamper(log);
    const row = tamper.rows('checkpoint').at(-1);
    if (row === undefined) throw new Error('no checkpoint');
    tamper.put('checkpoint', {
      ...row,
      value: JSON.stringify({ ...JSON.parse(row.value), ...change }),
    });
    const [stored] = await log.source.newest();
    expect(stored).toMatchObject({ place: beside, name: 'that of size 6', size: 6 });
    expect(stored?.head).toBeUndefined();
  });

  test('beside the blocks under another number is no head', async () => {
    await using log = await openSigned();
    using tamper = openTamper(log);
    const row = tamper.rows('checkpoint').at(-1);
    if (row === undefined) throw new Error('no checkpoint');
    tamper.put('checkpoint', { ...row, id: numberId(7) });
    expect((await log.source.newest())[0]).toEqual({
      place: beside,
      name: 'that of size 7',
      size: 7,
      isSigned: true,
      head: undefined,
    });
    tamper.put('checkpoint', { ...row, id: 'z' });
    expect((await log.source.newest())[0]).toMatchObject({ name: 'that of size 0', size: 0 });
  });

  test('in the second place may be no note, of another log, or by a key that is not ours', async () => {
    await using log = await openSigned();
    const { note = '' } = (await log.source.newest())[0]?.head ?? {};
    await log.secondPlace.publish(7, 'no note');
    const none = { place: second, name: 'the 1. newest', size: 0, isSigned: false };
    expect((await log.source.newest())[1]).toEqual({ ...none, head: undefined });
    await log.secondPlace.publish(8, note.replaceAll(log.opaqueId, 'b'.repeat(32)));
    expect((await log.source.newest())[1]).toEqual({ ...none, head: undefined });
    await log.secondPlace.publish(9, note.replace('\n6\n', '\n9\n'));
    expect((await log.source.newest())[1]).toMatchObject({
      name: 'that of size 9',
      size: 9,
      isSigned: false,
      head: { size: 9 },
    });
    const names = (await Array.fromAsync(log.source.heads(3))).map(({ name }) => name);
    expect(names).toEqual([
      'the 2. newest',
      'the 3. newest',
      'that of size 6',
      'that of size 6',
      'that of size 9',
    ]);
  });
});
