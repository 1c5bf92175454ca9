/** What is said of signed heads that are not those of the log: on trees in memory. */
import { describe, expect, test } from 'vitest';
import { openSignedCheck, type Signed, type SignedPlace } from '#services/ledger/chain/signed.ts';
import { EMPTY_EDGE, growEdge, leafHash, rootOf } from '#services/ledger/chain/tree.ts';

const BESIDE = 'beside the blocks';
const SECOND = 'in the second place';
const leaves = Array.from({ length: 20 }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
const edgeAt = (size: number) => growEdge(EMPTY_EDGE, leaves.slice(0, size));
const otherRoot = 'f'.repeat(64);

function signed(
  place: SignedPlace,
  size: number,
  over: Partial<Signed> & { root?: string } = {},
): Signed {
  const { root = rootOf(edgeAt(size)), ...rest } = over;
  const head = { origin: 'o', size, root, note: '' };
  return { place, name: `size ${size}`, size, head, isSigned: true, ...rest };
}

/** Blocks of five entries; a check that has passed `passed` of them. */
async function checkOf(heads: readonly Signed[], passed = 4) {
  const check = await openSignedCheck(
    {
      async *heads(from) {
        yield* heads.filter(({ size }) => size >= from);
      },
      newest: async () =>
        [BESIDE, SECOND].flatMap((place) => heads.filter((each) => each.place === place).slice(-1)),
    },
    0,
  );
  for (let block = 0; block < passed; block += 1) {
    const [begin, size] = [block * 5, block * 5 + 5];
    const before = edgeAt(begin);
    const joined = Buffer.concat(leaves.slice(begin, size));
    await check.passed({ before, leaves: joined, after: edgeAt(size), size });
  }
  const finish = (end: { isEnd?: boolean; isOpen?: boolean } = {}) =>
    check.finish({ size: passed * 5, isEnd: true, isOpen: false, ...end });
  return { check, finish };
}

const both = (...sizes: number[]) =>
  sizes.flatMap((size) => [signed(BESIDE, size), signed(SECOND, size)]);

describe('signed heads', () => {
  test('of the tree at any size agree with it, within a block and at its end', async () => {
    const { check, finish } = await checkOf(both(1, 3, 5, 6, 10, 13, 20));
    expect(await finish()).toEqual([]);
    expect(check.largest()).toBe(20);
  });

  test('of another tree are named once in each place, from the last one that agreed', async () => {
    for (const size of [7, 10]) {
      const root = otherRoot;
      const { finish } = await checkOf([
        ...both(5),
        signed(BESIDE, size, { root }),
        signed(SECOND, size),
        signed(BESIDE, 15, { root }),
        signed(SECOND, 15, { root }),
        signed(BESIDE, 20, { root }),
        signed(SECOND, 20, { root }),
      ]);
      const named = (name: number, place: string, seq: number) => ({
        seq,
        lastSeq: name - 1,
        kind: 'checkpoint-mismatch',
        detail: `checkpoint: size ${name} ${place} has another root than the entries`,
      });
      expect(await finish()).toEqual([named(size, BESIDE, 5), named(15, SECOND, size)]);
    }
  });

  test('that nobody of the log has signed, or that cannot be read, are each named', async () => {
    const { check, finish } = await checkOf([
      ...both(5),
      signed(BESIDE, 10, { isSigned: false }),
      signed(SECOND, 10, { isSigned: false }),
      signed(BESIDE, 12, { head: undefined }),
      signed(SECOND, 12),
    ]);
    const named = (size: number, place: string, why: string, seq: number) => ({
      seq,
      lastSeq: size - 1,
      kind: 'checkpoint-mismatch',
      detail: `checkpoint: size ${size} ${place} ${why}`,
    });
    const unsigned = 'is not signed by a key of this log';
    expect(await finish()).toEqual([
      named(10, BESIDE, unsigned, 5),
      named(10, SECOND, unsigned, 5),
      named(12, BESIDE, 'cannot be read as a checkpoint of this log', 5),
    ]);
    expect(check.largest()).toBe(12);
  });

  test('in which nobody can read a size still name an entry', async () => {
    const unreadable = { head: undefined, name: 'number 1' };
    const { check, finish } = await checkOf([signed(BESIDE, 0, unreadable)]);
    expect(check.largest()).toBe(0);
    expect(await finish()).toEqual([
      {
        seq: 0,
        lastSeq: 0,
        kind: 'checkpoint-mismatch',
        detail: 'checkpoint: number 1 beside the blocks cannot be read as a checkpoint of this log',
      },
      {
        seq: 0,
        kind: 'checkpoint-mismatch',
        detail: 'checkpoint: that of size 0 beside the blocks is not in the second place',
      },
    ]);
  });

  test('beside the blocks that were not published before are named', async () => {
    const detail = 'checkpoint: that of size 10 beside the blocks is not in the second place';
    const missing = [{ seq: 9, kind: 'checkpoint-mismatch', detail }];
    const alone = await checkOf([signed(BESIDE, 10)]);
    expect(await alone.finish()).toEqual(missing);
    const behind = await checkOf([signed(SECOND, 5), signed(BESIDE, 10)]);
    expect(await behind.finish()).toEqual(missing);
    const ahead = await checkOf([signed(BESIDE, 5), signed(SECOND, 10)]);
    expect(await ahead.finish()).toEqual([]);
    const published = await checkOf([signed(SECOND, 10)]);
    expect(await published.finish()).toEqual([]);
  });

  test('of one size with two roots are a fork', async () => {
    const fork = {
      seq: 19,
      kind: 'forked',
      detail: 'checkpoint: two of size 20 are signed, with different roots',
    };
    const heads = [signed(BESIDE, 20), signed(SECOND, 20, { root: otherRoot })];
    const { finish } = await checkOf(heads);
    expect((await finish()).filter(({ kind }) => kind === 'forked')).toEqual([fork]);
    for (const harmless of [
      [signed(BESIDE, 20), signed(SECOND, 20)],
      [signed(BESIDE, 15), signed(SECOND, 20, { root: otherRoot })],
      [signed(BESIDE, 20), signed(SECOND, 20, { root: otherRoot, isSigned: false })],
      [signed(BESIDE, 20, { head: undefined }), signed(SECOND, 20)],
    ]) {
      const checked = await checkOf(harmless);
      const breaks = await checked.finish();
      expect(breaks.filter(({ kind }) => kind === 'forked')).toEqual([]);
    }
  });

  test('of more entries than there are tell of the cut, by the largest of them', async () => {
    const heads = [signed(BESIDE, 15), signed(SECOND, 20)];
    const { check, finish } = await checkOf(heads, 2);
    const cut = {
      seq: 10,
      lastSeq: 19,
      kind: 'truncated',
      detail: 'checkpoint: one of size 20 is in the second place, the log ends at 10',
    };
    expect(await finish()).toEqual([cut]);
    expect(check.largest()).toBe(20);
    // Blocks that cannot be read are named as such.
    expect(await finish({ isOpen: true })).toEqual([]);
    // A range that ends here says nothing of what is behind it.
    expect(await finish({ isEnd: false })).toEqual([]);
    const unsigned = await checkOf(
      [signed(BESIDE, 10), signed(SECOND, 20, { isSigned: false })],
      2,
    );
    expect(await unsigned.finish()).toEqual([]);
    const whole = await checkOf(both(20), 4);
    expect(await whole.finish()).toEqual([]);
  });

  test('within what is not known are not judged, and those behind it are', async () => {
    const root = otherRoot;
    const source = [signed(SECOND, 3, { root }), signed(SECOND, 7, { root }), signed(SECOND, 10)];
    const { check, finish } = await checkOf(source, 0);
    const [before, after] = [edgeAt(5), edgeAt(10)];
    await check.passed({ after: undefined, size: 5 });
    await check.passed({ before, after, size: 10 });
    expect(await finish({ isEnd: false })).toEqual([]);
  });

  test('before the first block that is known as a whole are not judged by it', async () => {
    const source = [signed(SECOND, 3, { root: otherRoot })];
    const { check, finish } = await checkOf(source, 0);
    const joined = Buffer.concat(leaves.slice(5, 10));
    const known = { before: edgeAt(5), leaves: joined, after: edgeAt(10), size: 10 };
    await check.passed(known);
    expect(await finish({ isEnd: false })).toEqual([]);
  });

  test('of entries that are gone are judged by the hash tiles that are left', async () => {
    const nodes = async (level: number, index: number) => {
      const width = 2 ** level;
      const part = leaves.slice(index * width, (index + 1) * width);
      return Buffer.from(rootOf(growEdge(EMPTY_EDGE, part)), 'hex');
    };
    const heads = [signed(SECOND, 3), signed(SECOND, 7, { root: otherRoot })];
    const { check, finish } = await checkOf(heads, 0);
    await check.passed({ after: edgeAt(10), size: 10, nodes });
    expect(await finish({ isEnd: false })).toMatchObject([{ seq: 3, lastSeq: 6 }]);
    const blind = await checkOf(heads, 0);
    const unreadable = () => Promise.reject(new Error('no tile'));
    await blind.check.passed({ after: edgeAt(10), size: 10, nodes: unreadable });
    expect(await blind.finish({ isEnd: false })).toEqual([]);
  });
});
