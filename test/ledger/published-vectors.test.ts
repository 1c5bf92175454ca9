import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '#services/ledger/chain/block.ts';
import { EMPTY_EDGE, growEdge, leafHash, rootOf } from '#services/ledger/chain/tree.ts';
import { parseTreeHead } from '#services/ledger/portable/checkpoint.ts';
import { isSignedBy, parseNote, parseVerifierKey } from '#services/ledger/portable/note.ts';
import { provesConsistency, provesInclusion } from '#services/ledger/portable/proof.ts';
import { verifyNote } from '#services/ledger/portable/verify.ts';
import { tilePath } from './tile-path.ts';

const folder = new URL('vectors/', import.meta.url);

interface Vector {
  readonly name: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
  readonly root: string;
  readonly leafHash: string;
  readonly leafIdx: number | bigint;
  readonly treeSize: number | bigint;
  readonly size1: number | bigint;
  readonly size2: number | bigint;
  readonly root1: string;
  readonly root2: string;
}

/** The third argument of a reviver is newer than the types of the language. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source: string }) => unknown,
) => Vector[];

/** Numbers past 2^53 become BigInt, as they are. */
function readVectors(file: string): Vector[] {
  const parse = JSON.parse as ParseWithSource;
  return parse(readFileSync(new URL(file, folder), 'utf8'), (_, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(source) : value,
  );
}

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const hashes = (proof: Vector['proof']) => (proof ?? []).map(bytes);

describe('proofs of transparency-dev/merkle', () => {
  test('all 98 inclusion proofs are judged as published', () => {
    const vectors = readVectors('inclusion_proofs.json');
    expect(vectors.length).toBe(98);
    const wrong = vectors.filter(({ leafIdx, treeSize, leafHash, root, proof, wantErr }) => {
      const parts = { leafHash: bytes(leafHash), root: bytes(root), hashes: hashes(proof) };
      return provesInclusion({ index: leafIdx, size: treeSize, ...parts }) === wantErr;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test('all 98 consistency proofs are judged as published', () => {
    const vectors = readVectors('consistency_proofs.json');
    expect(vectors.length).toBe(98);
    const wrong = vectors.filter(({ size1, size2, root1, root2, proof, wantErr }) => {
      const parts = { fromRoot: bytes(root1), toRoot: bytes(root2), hashes: hashes(proof) };
      return provesConsistency({ from: size1, to: size2, ...parts }) === wantErr;
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe('the sample log of transparency-dev/tessera', () => {
  const read = (path: string) => readFileSync(new URL(`tlog_tiles_log/${path}`, folder));
  const verifierKey = read('VKEY').toString().trim();
  const entries = unbundle(read('tile/entries/000.p/15'));
  const leaves = entries.map((entry) => leafHash(entry));

  test.each(Array.from({ length: 16 }, (_, size) => size))(
    'checkpoint %i is signed and has the root of its entries',
    async (size) => {
      const verdict = await verifyNote({
        checkpoint: `${read(`checkpoint.${size}`)}`,
        verifierKey,
      });
      expect(verdict).toMatchObject({ ok: true, head: { size } });
      const root = rootOf(growEdge(EMPTY_EDGE, leaves.slice(0, size)));
      expect(verdict.ok && verdict.head.root.toHex()).toBe(root);
    },
  );

  test('hash tiles and entry bundles are byte for byte the published ones', () => {
    for (let width = 1; width <= 15; width += 1) {
      const tile = Buffer.concat(leaves.slice(0, width));
      const path = tilePath(0, 0, width);
      expect(tile.equals(read(path))).toBe(true);
      const bundle = read(path.replace('tile/0/', 'tile/entries/'));
      expect(bundleOf(entries.slice(0, width)).equals(bundle)).toBe(true);
    }
  });

  test('another key, a changed text or signature, and no known key are all refused', async () => {
    const note = parseNote(`${read('checkpoint')}`);
    const key = parseVerifierKey(verifierKey);
    if (note === undefined || key === undefined) throw new Error('the sample does not parse');
    expect(await isSignedBy(note, [key])).toBe(true);
    expect(await isSignedBy({ ...note, text: note.text.replace('15', '14') }, [key])).toBe(false);
    const [signature] = note.signatures;
    if (signature === undefined) throw new Error('the sample has no signature');
    const flipped = Uint8Array.from(signature.signature);
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    const bad = { ...signature, signature: flipped };
    // One bad signature of a known key spoils the note, whatever else is on it.
    expect(await isSignedBy({ ...note, signatures: [signature, bad] }, [key])).toBe(false);
    const stranger = { ...signature, name: 'witness.example' };
    expect(await isSignedBy({ ...note, signatures: [stranger] }, [key])).toBe(false);
    expect(await isSignedBy({ ...note, signatures: [stranger, signature] }, [key])).toBe(true);
  });
});

describe('text forms', () => {
  test('the check value of the signed-note specification parses', () => {
    const text = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
    expect(parseVerifierKey(text)?.name).toBe('example.com/foo');
    expect(parseVerifierKey(text.replace('530d903a', '530d903b'))).toBeUndefined();
    expect(parseVerifierKey(text.replace('/foo', ' foo'))).toBeUndefined();
  });

  test('tile paths have the groups of the tlog-tiles specification', () => {
    expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067');
    expect(tilePath(1, 0, 17)).toBe('tile/1/000.p/17');
  });

  test.each([
    ['size with a leading zero', 'o\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'],
    ['size that is no number', 'o\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'],
    ['short root', 'o\n1\n47DEQpj8\n'],
    ['no last newline', 'o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='],
    ['no origin', '\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'],
    ['size past 2^53', 'o\n9007199254740993\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n'],
  ])('a checkpoint with %s is none', (_, text) => {
    expect(parseTreeHead(text)).toBeUndefined();
  });

  test.each([
    ['no empty line', 'text\n— a AAAAAAAA\n'],
    ['no signature', 'text\n\n\n'],
    ['a hyphen for the dash', 'text\n\n- a AAAAAAAA\n'],
    ['a control character', 'te\txt\n\n— a AAAAAAAA\n'],
    ['a signature that is no base64', 'text\n\n— a AAAA*AAA\n'],
    ['no last newline', 'text\n\n— a AAAAAAAA'],
  ])('a note with %s is none', (_, note) => {
    expect(parseNote(note)).toBeUndefined();
  });
});

function unbundle(bundle: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const length = bundle.readUInt16BE(at);
    found.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
}
