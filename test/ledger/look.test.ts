/** A look into a block by itself: only what was written is sound, and the row stays what it is. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type BlockHeader, headerHash } from '#services/ledger/chain/block.ts';
import { contentOf, contentText } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { lookInto } from '#services/ledger/chain/look.ts';
import { leafHash } from '#services/ledger/chain/tree.ts';
import { blockWith } from './memory-log.ts';
import { plainEvents, TENANT } from './plain.ts';

/** One is not packed, fifty are. */
const makeOf = (count: number) =>
  makeBlock({
    head: EMPTY_HEAD,
    contents: plainEvents(count).map((event) => contentText(contentOf(event))),
    sealed: Array.from({ length: count }, (_, index) => Buffer.from(`${index}`.padStart(8, 'k'))),
    recordedAt: '2031-01-02T10:05:07.000Z',
    writer: 'w',
  });
const [raw, packed] = [makeOf(1), makeOf(50)];

const look = (header: unknown, body: Uint8Array) => lookInto(TENANT, { header, body });

/** With these fields, as somebody writes it who can hash. */
function forged(header: BlockHeader, change: Partial<BlockHeader>): BlockHeader {
  const changed = { ...header, ...change };
  return { ...changed, hash: headerHash(changed) };
}

/** Header and body that fit each other, whatever the body is. */
function bodyOf({ header }: { readonly header: BlockHeader }, body: Buffer) {
  const bodyHash = createHash('sha256').update(body).digest('hex');
  return [forged(header, { bodyBytes: body.length, bodyHash }), body] as const;
}

describe('a look into a block', () => {
  test('finds one that was written sound, packed or not, and leaves its bytes alone', () => {
    for (const { header, body, leaves } of [raw, packed]) {
      const before = Buffer.from(body);
      const sound = look(header, body);
      expect(Buffer.from(body)).toEqual(before);
      expect(Buffer.from(sound?.leaves ?? [])).toEqual(Buffer.concat(leaves));
      const keyIds = leaves.map((_, index) => `${index}`.padStart(8, 'k')).join('');
      expect(Buffer.from(sound?.keyIds ?? []).toString()).toBe(keyIds);
    }
    expect([raw.header.packing, packed.header.packing]).toEqual(['raw', 'zstd']);
  });

  test('finds nothing in what has no header, or one that its hash does not fit', () => {
    const { header, body } = raw;
    expect(look(undefined, body)).toBeUndefined();
    expect(look({}, body)).toBeUndefined();
    expect(look({ ...header, writer: 'other' }, body)).toBeUndefined();
    expect(look(forged(header, { writer: 'other' }), body)).toBeDefined();
  });

  test('finds nothing in a body that is another one, or no entries, also where its hash fits', () => {
    const { header, body } = raw;
    expect(look(header, Buffer.concat([body, Buffer.of(0)]))).toBeUndefined();
    for (const block of [raw, packed]) {
      expect(look(...bodyOf(block, Buffer.from('no entries, and too short')))).toBeUndefined();
      expect(look(...bodyOf(block, Buffer.alloc(block.body.length, 1)))).toBeUndefined();
    }
    // An entry without `prev`, in its place and of its length.
    const renamed = Buffer.from(body);
    renamed.write('"perv"', renamed.indexOf('"prev"'));
    expect(look(...bodyOf(raw, renamed))).toBeUndefined();
  });

  test('finds nothing where any digit of `prev` is another, though all hashes were made to fit', () => {
    const { header, entries } = makeOf(2);
    const [one, two] = entries.map((bytes) => Buffer.from(bytes));
    if (one === undefined || two === undefined) throw new Error('no entries');
    const lookAt = (second: Buffer) => {
      const leaf = leafHash(second).toString('hex');
      const block = blockWith({ ...header, leaf }, [one, second]);
      return look(block.header, block.body);
    };
    expect(lookAt(two)).toBeDefined();
    const begin = two.indexOf('"prev":"') + 8;
    for (let at = begin; at < begin + 64; at += 1) {
      const other = Buffer.from(two);
      other.write(String.fromCharCode(two.readUInt8(at)) === '0' ? '1' : '0', at);
      expect(lookAt(other)).toBeUndefined();
    }
  });

  test('finds nothing where the last leaf hash is not that of the header', () => {
    const { header, body } = packed;
    expect(look(forged(header, { leaf: 'a'.repeat(64) }), body)).toBeUndefined();
  });

  test('tells no key ids where the sealed values cannot be told apart', () => {
    const { header, body } = raw;
    const cut = Buffer.from(body);
    cut.writeUInt32BE(7, header.entriesBytes);
    const sound = look(...bodyOf(raw, cut));
    expect(sound).toMatchObject({ prev: '0'.repeat(64) });
    expect(sound).not.toHaveProperty('keyIds');
  });
});
