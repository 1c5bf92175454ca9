/** The row of the verification that runs by itself: what is kept, and what is made of a bad one. */
import { describe, expect, test } from 'vitest';
import type { LedgerBreak } from '#contracts/ledger.ts';
import {
  lastPassOf,
  type PatrolState,
  passOf,
  readState,
  writeState,
} from '#services/ledger/verify/patrol-state.ts';
import type { Json } from '#shared/ports/tables.ts';
import { openFixture } from './fixture.ts';

const at = {
  blockNo: 3,
  size: 7,
  edge: { size: 7, hashes: [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) },
  leaf: 'a'.repeat(64),
  blockHash: 'b'.repeat(64),
};
const STARTED_AT = '2031-01-02T10:05:06.789Z';
const last = {
  startedAt: STARTED_AT,
  finishedAt: '2031-01-02T10:05:07.789Z',
  ok: true,
  size: 7,
  checkedEntries: 7,
  breaks: [],
};
const breaks = Array.from({ length: 120 }, (_, seq): LedgerBreak => {
  return { seq, kind: 'altered', detail: 'entry: altered' };
});
const KEY = { kind: 'patrol', id: 'state' };

async function openRow() {
  const fixture = await openFixture();
  const tables = fixture.tables.forTenant(fixture.tenant);
  const put = (value: Json, expected = 0) =>
    tables.write({
      changes: [{ put: { ...KEY, value }, expect: expected }],
      events: [],
      unaudited: 'a test',
    });
  return { tables, put, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

describe('the state of a patrol', () => {
  test('is empty before the first pass', async () => {
    await using row = await openRow();
    expect(await readState(row.tables)).toEqual({ version: 0, status: {}, at: undefined });
  });

  test('comes back as it was written, its place with all that a walk needs', async () => {
    await using row = await openRow();
    const pass = passOf(STARTED_AT, { at, checkedEntries: 7, breaks: breaks.slice(0, 2) });
    const state: PatrolState = { version: 0, status: { pass, last }, at };
    expect(await writeState(row.tables, state)).toBe(true);
    expect(await readState(row.tables)).toEqual({ ...state, version: 1 });
    expect((await row.tables.get(KEY))?.value).toMatchObject({
      place: { blockNo: 3, size: 7, edge: ['01', '02', '03'].map((each) => each.repeat(32)) },
    });
  });

  test('may have a place of which only the number is known, or none', async () => {
    await using row = await openRow();
    const unknown = { edge: undefined, leaf: undefined, blockHash: undefined };
    const place = { blockNo: 5, size: 9, ...unknown };
    await writeState(row.tables, { version: 0, status: {}, at: place });
    expect(await readState(row.tables)).toEqual({ version: 1, status: {}, at: place });
    await writeState(row.tables, { version: 1, status: { last }, at: undefined });
    expect(await readState(row.tables)).toEqual({ version: 2, status: { last }, at: undefined });
  });

  test('is left to another process that has written it since it was read', async () => {
    await using row = await openRow();
    const { version } = await readState(row.tables);
    expect(await writeState(row.tables, { version, status: { last }, at })).toBe(true);
    expect(await writeState(row.tables, { version, status: {}, at: undefined })).toBe(false);
    expect(await readState(row.tables)).toEqual({ version: 1, status: { last }, at });
  });

  test.each<[string, Json]>([
    ['of another form', { v: 2, status: {} }],
    ['without a status', { v: 1 }],
    ['with something more', { v: 1, status: {}, more: 1 }],
    ['with a place below nothing', { v: 1, status: {}, place: { blockNo: -1, size: 0 } }],
    ['with a place between two', { v: 1, status: {}, place: { blockNo: 0, size: 0.5 } }],
    ['with a place of other fields', { v: 1, status: {}, place: { blockNo: 0, size: 0, a: 1 } }],
    [
      'with an edge that is none',
      { v: 1, status: {}, place: { blockNo: 0, size: 0, edge: ['x'] } },
    ],
  ])('%s is as good as none, and can be written over', async (_, value) => {
    await using row = await openRow();
    await row.put(value);
    expect(await readState(row.tables)).toEqual({ version: 1, status: {}, at: undefined });
    expect(await writeState(row.tables, { version: 1, status: { last }, at })).toBe(true);
  });
});

describe('what a pass has found', () => {
  test('is kept with its first 100 breaks', () => {
    expect(passOf(STARTED_AT, { at, checkedEntries: 4, breaks })).toEqual({
      startedAt: STARTED_AT,
      position: 7,
      checkedEntries: 4,
      breaks: breaks.slice(0, 100),
    });
    const { startedAt: _, ...end } = last;
    expect(lastPassOf(STARTED_AT, { ...end, ok: false, breaks })).toEqual({
      ...last,
      ok: false,
      breaks: breaks.slice(0, 100),
    });
  });
});
