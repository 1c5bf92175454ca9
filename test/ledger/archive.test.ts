/** The verifier of archives, which a stranger runs: on archives made without any store or service. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentOf, contentText, NO_LEAF } from '#services/ledger/chain/entry.ts';
import { EMPTY_HEAD, makeBlock } from '#services/ledger/chain/head.ts';
import { consistencyPath, EMPTY_EDGE, growEdge, rootOf } from '#services/ledger/chain/tree.ts';
import { verifyArchive } from '#services/ledger/portable/archive.ts';
import { newSigner } from './bundle-fixture.ts';
import { plainEvents } from './plain.ts';

const signer = newSigner();
const SIZE = 70;
const { entries, leaves } = makeBlock({
  head: EMPTY_HEAD,
  contents: plainEvents(SIZE).map((event) => contentText(contentOf(event))),
  sealed: Array.from({ length: SIZE }, () => new Uint8Array()),
  recordedAt: '2031-01-02T10:05:07.000Z',
  writer: 'test',
});

const edgeAt = (size: number) => growEdge(EMPTY_EDGE, leaves.slice(0, size));
const hexOf = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('hex'));

/** First line and entries of `[first, first + count)`, against the checkpoint of `size`. */
function archiveOf(first: number, count: number, size = SIZE) {
  const rangeRoot = ({ begin, end }: { begin: number; end: number }) =>
    rootOf(growEdge(EMPTY_EDGE, leaves.slice(begin, end)));
  const head = {
    format: 'watchdesk-archive/1',
    first,
    count,
    prev: leaves[first - 1]?.toString('hex') ?? NO_LEAF,
    edge: hexOf(edgeAt(first).hashes),
    checkpoint: signer.note({ size, root: rootOf(edgeAt(size)) }),
    verifierKeyHint: signer.verifierKey,
    consistency: consistencyPath(first + count, size).map(rangeRoot),
  };
  return { head, lines: entries.slice(first, first + count).map(String) };
}

type Archive = { readonly head: object; readonly lines: readonly string[] };

const textOf = ({ head, lines }: Archive) => [JSON.stringify(head), ...lines, ''].join('\n');

function verify(text: string, verifierKey = signer.verifierKey, chunkBytes = text.length) {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / Math.max(1, chunkBytes));
  const chunks = Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  return verifyArchive({ chunks: Readable.from(chunks), verifierKey });
}

describe('an archive', () => {
  test('of any run of entries under any later checkpoint verifies, in pieces of any size', async () => {
    const choice = fc
      .tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: SIZE }), fc.nat(SIZE))
      .map(([first, wanted, more]) => {
        const count = Math.min(wanted, SIZE - first);
        return { first, count, size: Math.min(SIZE, first + count + more) };
      });
    await fc.assert(
      fc.asyncProperty(
        choice,
        fc.integer({ min: 7, max: 4_000 }),
        async ({ first, count, size }, chunk) => {
          const text = textOf(archiveOf(first, count, size));
          const origin = 'ledger.example/log/0123';
          expect(await verify(text, signer.verifierKey, chunk)).toEqual({
            ok: true,
            checkpoint: { origin, size, root: rootOf(edgeAt(size)) },
            proved: { first, count, root: rootOf(edgeAt(first + count)) },
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('whose last newline is missing is the same archive', async () => {
    expect(await verify(textOf(archiveOf(5, 9)).trimEnd())).toMatchObject({ ok: true });
  });

  test('that ends early, or goes on, is refused from the entry on where it does', async () => {
    const { head, lines } = archiveOf(5, 9);
    const early = textOf({ head, lines: lines.slice(0, 4) });
    const reason = 'The archive ends before entry 9.';
    expect(await verify(early)).toEqual({ ok: false, seq: 9, reason });
    expect(await verify(textOf({ head, lines: [...lines, 'more'] }))).toEqual({
      ok: false,
      seq: 14,
      reason: 'More lines follow than the first line tells of.',
    });
  });

  test('with a line that is not the entry of its place is refused at that entry', async () => {
    const { head, lines } = archiveOf(5, 9);
    const put = (line: string) => textOf({ head, lines: lines.with(3, line) });
    const line = lines[3] ?? '';
    for (const other of [
      `${line} `,
      lines[4] ?? '',
      '',
      '{}',
      line.replace('"v":1}', '"v":2}'),
      line.replace('"seq":8,', '"seq":7,'),
    ]) {
      expect(await verify(put(other))).toEqual({
        ok: false,
        seq: 8,
        reason: 'The line of entry 8 is no entry for this place.',
      });
    }
  });

  test('with a changed entry is refused at it, since the next one follows another', async () => {
    const { head, lines } = archiveOf(5, 9);
    const changed = (lines[3] ?? '').replace('"outcome":"success"', '"outcome":"refused"');
    expect(await verify(textOf({ head, lines: lines.with(3, changed) }))).toEqual({
      ok: false,
      seq: 8,
      reason: 'The entry before 9 is not the one that entry 9 follows.',
    });
    // Nothing follows the last one: the root tells.
    const last = (lines[8] ?? '').replace('"outcome":"success"', '"outcome":"refused"');
    expect(await verify(textOf({ head, lines: lines.with(8, last) }))).toEqual({
      ok: false,
      reason: 'The entries do not lead to the checkpoint.',
    });
    expect(await verify(textOf({ head: { ...head, prev: NO_LEAF }, lines }))).toEqual({
      ok: false,
      seq: 5,
      reason: 'The entry before 5 is not the one that entry 5 follows.',
    });
  });

  test('with another edge or proof than the true one does not lead to the checkpoint', async () => {
    const { head, lines } = archiveOf(5, 9);
    const reason = 'The entries do not lead to the checkpoint.';
    const refused = { ok: false, reason };
    const other = { ...head, edge: [...head.edge].reverse() };
    expect(await verify(textOf({ head: other, lines }))).toEqual(refused);
    const less = { ...head, consistency: head.consistency.slice(1) };
    expect(await verify(textOf({ head: less, lines }))).toEqual(refused);
  });

  test('of another key is refused, and says so where its maker names that key', async () => {
    const stranger = newSigner().verifierKey;
    const { head, lines } = archiveOf(5, 9);
    const reason = 'The key has not signed this checkpoint.';
    expect(
      await verify(textOf({ head: { ...head, verifierKeyHint: stranger }, lines }), stranger),
    ).toEqual({
      ok: false,
      reason,
    });
    expect(await verify(textOf({ head, lines }), stranger)).toEqual({
      ok: false,
      reason: `${reason} Its maker names another key.`,
    });
  });

  const sound = archiveOf(5, 9).head;
  const hash = '0'.repeat(64);
  test.each<[string, object]>([
    ['another format', { format: 'watchdesk-archive/2' }],
    ['a field that nothing proves', { note: 'genuine' }],
    ['a first entry before the start', { first: -1 }],
    ['half an entry', { first: 5.5 }],
    ['a first entry in words', { first: '5' }],
    ['no entries', { count: 0 }],
    ['fewer than none', { count: -1 }],
    ['a count in words', { count: '9' }],
    ['more entries than can be counted', { count: Number.MAX_SAFE_INTEGER - 4 }],
    ['no leaf before', { prev: null }],
    ['no checkpoint', { checkpoint: 7 }],
    ['no key named', { verifierKeyHint: undefined }],
    ['an edge that is no list', { edge: 'ab' }],
    ['an edge that does not fit the first entry', { edge: sound.edge.slice(1) }],
    ['an edge with half a hash', { edge: [sound.edge[0], '00'] }],
    ['an edge with numbers', { edge: [sound.edge[0], 1] }],
    ['hashes in capitals', { edge: [sound.edge[0], 'A'.repeat(64)] }],
    ['a hash with more behind it', { edge: [sound.edge[0], `${hash}0`] }],
    ['a hash with more before it', { edge: [sound.edge[0], `x${hash}`] }],
    ['no proof', { consistency: null }],
    ['a proof that is longer than any', { consistency: Array.from({ length: 65 }, () => hash) }],
  ])('whose first line has %s is none', async (_, change) => {
    const { head, lines } = archiveOf(5, 9);
    expect(await verify(textOf({ head: { ...head, ...change }, lines }))).toEqual({
      ok: false,
      reason: 'The first line is not that of an archive.',
    });
  });

  test('of a proof with as many hashes as there can be is read', async () => {
    const { head, lines } = archiveOf(5, 9);
    const consistency = Array.from({ length: 64 }, () => hash);
    expect(await verify(textOf({ head: { ...head, consistency }, lines }))).toMatchObject({
      reason: 'The entries do not lead to the checkpoint.',
    });
  });

  test.each(['', '\n', '[]\n', 'null\n', '7\n', '{'])('is no file of %j', async (text) => {
    expect(await verify(text)).toEqual({
      ok: false,
      reason: 'The first line is not that of an archive.',
    });
  });

  test('is not read on when a line is longer than any entry', async () => {
    const { head, lines } = archiveOf(5, 9);
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(textOf({ head, lines: lines.slice(0, 2) }));
      for (; given < 100; given += 1) yield Buffer.alloc(64 * 1024, 'x');
    }
    const { verifierKey } = signer;
    const reason = 'The archive ends before entry 7.';
    expect(await verifyArchive({ chunks: endless(), verifierKey })).toMatchObject({ reason });
    expect(given).toBeLessThan(10);
  });
});
