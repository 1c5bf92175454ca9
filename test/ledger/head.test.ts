/** The one step of a log, by making a block and by following one: whatever does not go on is refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_BYTES_MAX } from '#contracts/limits.ts';
import { type BlockHeader, encodeBody, headerHash } from '#services/ledger/chain/block.ts';
import { contentOf, contentText, NO_LEAF, parseEntry } from '#services/ledger/chain/entry.ts';
import {
  DamagedLog,
  EMPTY_HEAD,
  followBlock,
  growTiled,
  type Head,
  makeBlock,
} from '#services/ledger/chain/head.ts';
import { EMPTY_EDGE, growEdge, leafHash, rootOf } from '#services/ledger/chain/tree.ts';
import { plainEvents } from './plain.ts';

function makeOn(head: Head, count: number, writer = 'w') {
  return makeBlock({
    head,
    contents: plainEvents(count).map((event) => contentText(contentOf(event))),
    sealed: Array.from({ length: count }, () => Buffer.from('sealed')),
    recordedAt: '2031-01-02T10:05:07.000Z',
    writer,
  });
}

const first = makeOn(EMPTY_HEAD, 2);
const second = makeOn(first.head, 3);

/** The header with these fields, as somebody writes it who can hash. */
function forged(change: Partial<BlockHeader>): BlockHeader {
  const header = { ...second.header, ...change };
  return { ...header, hash: headerHash(header) };
}

describe('following a block', () => {
  const refusal = (header: BlockHeader, body = second.body, head = first.head): string => {
    try {
      followBlock(head, { header, body });
      return 'followed';
    } catch (error) {
      if (!(error instanceof DamagedLog)) return `another error: ${error}`;
      return `${error.name}: ${error.message}`;
    }
  };
  const saying = (how: string) => `DamagedLog: block 1 is damaged: ${how}`;

  test('leads to where its maker has come to', () => {
    const { header, body } = second;
    expect(refusal(header)).toBe('followed');
    expect(followBlock(first.head, { header, body })).toEqual(second);
  });

  test('is refused when the header does not go on from the head, or is not the one hashed', () => {
    const not = saying('its header does not follow');
    expect(refusal(forged({ prevBlockHash: NO_LEAF }))).toBe(not);
    expect(refusal(forged({ first: 1 }))).toBe(not);
    expect(refusal({ ...second.header, epoch: 9 })).toBe(not);
    expect(refusal(forged({ blockNo: 2 }))).toBe(not.replace('block 1', 'block 2'));
    expect(refusal(second.header, second.body, second.head)).toBe(not);
  });

  test('is refused when a byte of the body is another one, be it of a value', () => {
    const not = saying('its body is not the one written');
    for (const at of [0, 10, second.body.length - 1]) {
      const body = Buffer.from(second.body);
      body[at] = (body[at] ?? 0) ^ 1;
      expect(refusal(second.header, body), `byte ${at}`).toBe(not);
    }
  });

  test('is refused when the entries lead to another tree than the header tells of', () => {
    const not = saying('its entries do not lead to its root');
    expect(refusal(forged({ root: first.header.root }))).toBe(not);
    expect(refusal(forged({ size: 6 }))).toBe(not);
    expect(refusal(forged({ leaf: first.header.leaf }))).toBe(not);
  });

  test('is refused when the block holds no entry at all', () => {
    const { body, ...packed } = encodeBody({ entries: [], sealed: [] });
    const { size, root, edge } = first.header;
    const header = forged({ ...packed, count: 0, size, root, edge });
    expect(refusal(header, body)).toBe(saying('its entries do not lead to its root'));
  });
});

describe('making a block', () => {
  test('goes on with the numbers and the chain of the block before', () => {
    expect([first, second].map(({ header }) => [header.blockNo, header.first])).toEqual([
      [0, 0],
      [1, 2],
    ]);
    const chained = [...first.entries, ...second.entries].map(parseEntry);
    expect(chained.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    const leaves = [...first.leaves, ...second.leaves].map((leaf) => leaf.toString('hex'));
    expect(chained.map(({ prev }) => prev)).toEqual([NO_LEAF, ...leaves.slice(0, -1)]);
    expect(second.header).toMatchObject({ leaf: leaves.at(-1), prevBlockHash: first.header.hash });
  });

  test('takes an entry of as many bytes as a bundle can tell, and no longer one', () => {
    const [event] = plainEvents(1);
    if (event === undefined) throw new Error('no event');
    const recordedAt = '2031-01-02T10:05:07.000Z';
    const padded = (chars: number) => {
      const reason = 'x'.repeat(chars);
      const contents = [contentText(contentOf({ ...event, reason }))];
      const sealed = [Buffer.alloc(0)];
      return makeBlock({ head: EMPTY_HEAD, contents, sealed, recordedAt, writer: 'w' });
    };
    const room = ENTRY_BYTES_MAX - (padded(1).entries[0]?.length ?? 0) + 1;
    expect(padded(room).entries[0]?.length).toBe(ENTRY_BYTES_MAX);
    expect(() => padded(room + 1)).toThrow('the entry is too long');
  });

  test('counts the epochs: one more whenever another process writes than before', () => {
    let head = EMPTY_HEAD;
    const epochs = ['a', 'a', 'b', 'b', 'a', 'c'].map((writer) => {
      head = makeOn(head, 1, writer).head;
      return [head.writer, head.epoch];
    });
    expect(epochs).toEqual([
      ['a', 1],
      ['a', 1],
      ['b', 2],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ]);
  });

  test('any leaves complete the nodes that tiles hold, each with its root, and no others', () => {
    const leaves = Array.from({ length: 600 }, (_, index) => leafHash(Buffer.from(`${index}`)));
    fc.assert(
      fc.property(fc.nat(600), fc.nat(600), (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const edge = growEdge(EMPTY_EDGE, leaves.slice(0, from));
        const { edge: grown, nodes } = growTiled(edge, leaves.slice(from, to));
        expect(rootOf(grown)).toBe(rootOf(growEdge(EMPTY_EDGE, leaves.slice(0, to))));
        // Of 16 and of 256 entries: what ends behind `from` and not behind `to`.
        const complete = [16, 256].flatMap((width) =>
          Array.from({ length: Math.floor(to / width) }, (_, index) => ({ width, index })).filter(
            ({ index }) => (index + 1) * width > from,
          ),
        );
        const expected = complete.map(({ width, index }) => {
          const under = leaves.slice(index * width, (index + 1) * width);
          return `${Math.log2(width)}/${index} ${rootOf(growEdge(EMPTY_EDGE, under))}`;
        });
        const told = nodes.map(({ level, index, hash }) => `${level}/${index} ${hash.toHex()}`);
        expect(told.toSorted()).toEqual(expected.toSorted());
      }),
      { numRuns: 30 },
    );
  });
});
