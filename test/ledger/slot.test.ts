/** The slot of a block: what is made of each answer of the store, and of none. */
import { describe, expect, test } from 'vitest';
import { putBlock, type SlotResult } from '#services/ledger/append/slot.ts';
import { contentOf, contentText } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { numberId } from '#services/ledger/log/store.ts';
import type { Change, Tables, TenantTables, Write } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';
import { type Fate, faulty } from './faulty.ts';
import { type Fixture, openFixture } from './fixture.ts';
import { plainEvents } from './plain.ts';

const blockBy = (writer: string, valueBytes = 3) =>
  makeBlock({
    head: EMPTY_HEAD,
    contents: plainEvents(1).map((event) => contentText(contentOf(event))),
    sealed: [Buffer.alloc(valueBytes, 'x')],
    recordedAt: '2031-01-02T10:05:07.000Z',
    writer,
  });
const block = blockBy('one');
const KEY = { kind: 'record-key', id: 'incident/i-1' };

/** Puts the block; each write and each read after it meets the next of these fates, then none. */
async function put(
  fixture: Pick<Fixture, 'tables' | 'tenant'>,
  about: {
    readonly writes?: readonly Fate[];
    readonly reads?: readonly Fate[];
    readonly beside?: readonly Change[];
    readonly block?: typeof block;
  } = {},
) {
  const { writes = [], reads = [], beside = [] } = about;
  const counts = { write: 0, get: 0, list: 0 };
  const heard: string[] = [];
  const tables = faulty(fixture.tables, (method, count) => {
    counts[method] += 1;
    return (method === 'write' ? writes : reads)[count] ?? 'ok';
  });
  const result: SlotResult | Problem = await putBlock({
    tables: tables.forTenant(fixture.tenant),
    block: about.block ?? block,
    beside,
    failed: (error) => heard.push(error instanceof Error ? error.name : 'unknown'),
  }).catch((error: unknown) => {
    if (error instanceof Problem) return error;
    throw error;
  });
  return { result, ...counts, failed: heard.length };
}

const rowOf = ({ tables, tenant }: Fixture) =>
  tables.forTenant(tenant).get({ kind: 'block', id: numberId(0) });

describe('a block', () => {
  test('is committed by one write and no look, when the store answers', async () => {
    await using fixture = await openFixture();
    expect(await put(fixture)).toEqual({
      result: 'committed',
      write: 1,
      get: 0,
      list: 0,
      failed: 0,
    });
    expect((await rowOf(fixture))?.value).toMatchObject({ hash: block.header.hash });
  });

  test('whose answer was lost is committed when it stands there, without another write', async () => {
    await using fixture = await openFixture();
    const lost = await put(fixture, { writes: ['applied'] });
    expect(lost).toMatchObject({ result: 'committed', write: 1, get: 1, failed: 1 });
    // The same when it is put again, after its slot could not be read either.
    await using again = await openFixture();
    const unread = await put(again, { writes: ['applied'], reads: ['unapplied'] });
    expect(unread).toMatchObject({ result: 'committed', write: 2, get: 2, failed: 2 });
  });

  test('that did not arrive is written again, up to three times', async () => {
    await using fixture = await openFixture();
    const second = await put(fixture, { writes: ['unapplied', 'unapplied'] });
    expect(second).toMatchObject({ result: 'committed', write: 3, get: 2, failed: 2 });
    await using down = await openFixture();
    const never = await put(down, { writes: ['unapplied', 'unapplied', 'unapplied'] });
    expect(never).toMatchObject({ write: 3, get: 3, failed: 3 });
    const detail = 'The store of the ledger does not answer. Send the events again.';
    expect(never.result).toMatchObject({
      code: 'unavailable',
      particulars: { detail, retryAfterSeconds: 1 },
    });
    expect(await rowOf(down)).toBeUndefined();
  });

  test('whose slot another process has is lost, and does not touch what stands there', async () => {
    await using fixture = await openFixture();
    await put(fixture, { block: blockBy('other') });
    const before = await rowOf(fixture);
    expect(await put(fixture)).toMatchObject({ result: 'lost', write: 1, get: 1 });
    expect(await put(fixture, { writes: ['unapplied'] })).toMatchObject({
      result: 'lost',
      write: 1,
    });
    expect(await rowOf(fixture)).toEqual(before);
  });

  test('in a slot with a row that is none of ours is lost as well', async () => {
    for (const value of [null, 'text', {}, { hash: 7 }]) {
      await using fixture = await openFixture();
      const changes = [{ put: { kind: 'block', id: numberId(0), value }, expect: 0 }];
      const tables = fixture.tables.forTenant(fixture.tenant);
      await tables.write({ changes, events: [], unaudited: 'a test' });
      expect(await put(fixture)).toMatchObject({ result: 'lost' });
    }
  });

  test('is stale when something else than the slot has changed, and leaves nothing behind', async () => {
    await using fixture = await openFixture();
    const beside = [{ remove: KEY, expect: 1 }];
    expect(await put(fixture, { beside })).toMatchObject({ result: 'stale', write: 1, get: 1 });
    expect(await rowOf(fixture)).toBeUndefined();
    // Not known to be stale where the slot could not be read: it is tried again.
    const unread = await put(fixture, { beside, reads: ['unapplied'] });
    expect(unread).toMatchObject({ result: 'stale', write: 2, get: 2, failed: 1 });
  });

  test('that no row can hold is refused as that, and not tried again', async () => {
    await using fixture = await openFixture();
    const put65 = { kind: 'note', id: 'n', value: {}, bytes: Buffer.alloc(8 * 1024 * 1024) };
    const refused = await put(fixture, { beside: [{ put: put65, expect: 0 }] });
    expect(refused).toMatchObject({ write: 1, get: 0, failed: 0 });
    expect(refused.result).toMatchObject({ code: 'too-large' });
  });
});

describe('what goes with a block', () => {
  const made = { put: { ...KEY, value: { v: 1 } }, expect: 0 };
  const cases: [string, readonly Change[], true | undefined][] = [
    ['nothing', [], undefined],
    ['a new key', [made], undefined],
    ['a condition', [{ check: KEY, expect: 0 }], undefined],
    ['a key that goes', [{ remove: KEY, expect: 1 }], true],
    ['a key in the place of another, and a new one', [made, { ...made, expect: 1 }], true],
  ];

  test.each(cases)(
    '%s: replaced bytes are erased where there are any',
    async (_, beside, erase) => {
      await using fixture = await openFixture();
      const writes: Write[] = [];
      const { tenant } = fixture;
      const watched = (real: TenantTables): TenantTables => ({
        ...real,
        async write(write) {
          writes.push(write);
          return { ok: true };
        },
      });
      const tables: Tables = {
        ...fixture.tables,
        forTenant: (of) => watched(fixture.tables.forTenant(of)),
      };
      expect(await put({ tables, tenant }, { beside })).toMatchObject({ result: 'committed' });
      expect(writes.map((write) => write.erase)).toEqual([erase]);
      expect(writes[0]?.changes.slice(1)).toEqual(beside);
      expect(writes[0]).toMatchObject({ events: [], unaudited: 'the ledger is the audit' });
    },
  );
});
