import { expect } from 'vitest';
import type { Verification } from '#contracts/ledger.ts';
import { blockHeader, sealedIn } from '#services/ledger/chain/block.ts';
import { sealIndex } from '#services/ledger/chain/seal-block.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Row, TenantTables } from '#shared/ports/tables.ts';
import { withFlippedBit } from './calls.ts';
import type { Random } from './random.ts';

const LENGTH_BYTES = 2;
const VALUE_HEAD_BYTES = 8;

/**
 * Flips one bit of one stored block: the verifier names the entries that it belongs to, no other. But
 * where one of them tells of a removal, what was removed before it may be named as well: nothing
 * tells of it any more.
 */
export async function checkFlippedBit(about: {
  readonly tables: TenantTables;
  readonly random: Random;
  readonly verify: () => Promise<Verification>;
  /** Does the entry tell of a removal? */
  readonly tells: (seq: number) => boolean;
}): Promise<void> {
  const { tables, random, verify, tells } = about;
  const rows = await Array.fromAsync(rowsOf(tables, { kind: 'block' }));
  const row = random.pick(rows);
  if (row?.bytes === undefined) throw new Error('no block');
  const bytes = withFlippedBit(row.bytes, random);
  const flipped = bytes.findIndex((byte, index) => byte !== row.bytes?.[index]);
  await put(tables, { ...row, bytes });
  const { breaks } = await verify();
  const { seqs, isExact } = concerned(row, flipped);
  const [first = 0] = seqs;
  const isOwn = (seq: number) => seqs.includes(seq);
  const named = breaks.flatMap(({ seq, lastSeq = seq }) =>
    Array.from({ length: lastSeq - seq + 1 }, (_, index) => seq + index),
  );
  const own = named.filter(isOwn);
  if (isExact) expect(own, 'the flipped entry').toEqual(seqs);
  expect(own.length, 'a flipped bit is found').toBeGreaterThan(0);
  const others = named.filter((seq) => !isOwn(seq));
  if (!seqs.some(tells)) expect(others, 'and no other block is named').toEqual([]);
  expect(others.every((seq) => seq < first)).toBe(true);
  expect(breaks.every(({ seq, kind }) => kind === 'altered' || !isOwn(seq))).toBe(true);
  await put(tables, { ...row, version: row.version + 1 });
  expect((await verify()).breaks).toEqual([]);
}

/** The entry, and where the byte is one of its values, those that are sealed together with it. */
function sharing(row: Row, byteAt: number, seq: number): number[] {
  const header = blockHeader.parse(row.value);
  if (byteAt < header.entriesBytes) return [seq];
  const index = seq - header.first;
  const sealed = sealedIn({ header, body: row.bytes ?? new Uint8Array() });
  return sealed.flatMap((bytes, at) =>
    at === index || sealIndex(bytes, at) === index ? [header.first + at] : [],
  );
}

async function put(tables: TenantTables, { version, ...row }: Row): Promise<void> {
  const write = {
    changes: [{ put: row, expect: version }],
    events: [],
    unaudited: 'a failing disk',
  };
  expect(await tables.write(write)).toEqual({ ok: true });
}

/**
 * Entries that the byte belongs to, where the body is laid out openly: one, or those that share a
 * seal; else the whole block.
 */
function concerned(row: Row, at: number): { seqs: number[]; isExact: boolean } {
  const { first, count, packing, entriesBytes } = blockHeader.parse(row.value);
  const all = Array.from({ length: count }, (_, index) => first + index);
  const body = Buffer.from(row.bytes ?? []);
  const isEntries = at < entriesBytes;
  if (isEntries && packing !== 'raw') return { seqs: all, isExact: false };
  const head = isEntries ? LENGTH_BYTES : VALUE_HEAD_BYTES;
  let begin = isEntries ? 0 : entriesBytes;
  for (const seq of all) {
    const length = isEntries ? body.readUInt16BE(begin) : body.readUInt32BE(begin);
    const isChecksum = !isEntries && at >= begin + 4;
    if (at < begin + head + length) {
      const isLength = at < begin + head && !isChecksum;
      if (isLength) return { seqs: all, isExact: false };
      return { seqs: sharing(row, at, seq), isExact: true };
    }
    begin += head + length;
  }
  throw new Error('the byte is behind the body');
}
