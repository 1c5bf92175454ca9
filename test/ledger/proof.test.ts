/** Proofs of inclusion and consistency (RFC 9162 section 2.1), and everything that is next to one. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { provesConsistency, provesInclusion } from '#services/ledger/portable/proof.ts';

const SIZE_MAX = 18;

const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const nodeOf = (left: Uint8Array, right: Uint8Array) => sha256(Buffer.of(1), left, right);
const leaves = Array.from({ length: SIZE_MAX }, (_, n) => sha256(Buffer.of(0, n)));
const hash = sha256(Buffer.from('some hash'));
const tooLong = Buffer.alloc(33, 7);

// The definitions of the RFC, word by word.
const splitOf = (size: number) => 2 ** Math.ceil(Math.log2(size) - 1);

function rootOf(nodes: readonly Buffer[]): Buffer {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return only;
  const k = splitOf(nodes.length);
  return nodeOf(rootOf(nodes.slice(0, k)), rootOf(nodes.slice(k)));
}

function path(m: number, nodes: readonly Buffer[]): Buffer[] {
  if (nodes.length === 1) return [];
  const k = splitOf(nodes.length);
  if (m < k) return [...path(m, nodes.slice(0, k)), rootOf(nodes.slice(k))];
  return [...path(m - k, nodes.slice(k)), rootOf(nodes.slice(0, k))];
}

function subproof(m: number, nodes: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (m === nodes.length) return isWhole ? [] : [rootOf(nodes)];
  const k = splitOf(nodes.length);
  if (m <= k) return [...subproof(m, nodes.slice(0, k), isWhole), rootOf(nodes.slice(k))];
  return [...subproof(m - k, nodes.slice(k), false), rootOf(nodes.slice(0, k))];
}

function inclusionOf(index: number, size: number) {
  const nodes = leaves.slice(0, size);
  const leafHash = leaves[index] ?? hash;
  return { index, size, leafHash, root: rootOf(nodes), hashes: path(index, nodes) };
}

function consistencyOf(from: number, to: number) {
  const [older, newer] = [leaves.slice(0, from), leaves.slice(0, to)];
  const hashes = subproof(from, newer, true);
  return { from, to, fromRoot: rootOf(older), toRoot: rootOf(newer), hashes };
}

const sizes = Array.from({ length: SIZE_MAX }, (_, index) => index + 1);
const proofs = sizes.flatMap((size) =>
  Array.from({ length: size }, (_, index) => inclusionOf(index, size)),
);
const pairs = sizes.flatMap((to) => sizes.slice(0, to).map((from) => consistencyOf(from, to)));

test('every entry of every small tree is proved to be in it, by numbers of either kind', () => {
  for (const proof of proofs) {
    expect(provesInclusion(proof)).toBe(true);
    const { index, size } = proof;
    expect(provesInclusion({ ...proof, index: BigInt(index), size: BigInt(size) })).toBe(true);
  }
});

test('nothing else is proved by it: no other place, size, entry, root or list of hashes', () => {
  for (const proof of proofs) {
    const { index, size, hashes } = proof;
    const changes = [
      { index: index + size },
      { index: index - size },
      { size: 0 },
      { leafHash: hash },
      { root: hash },
      { hashes: [...hashes, hash] },
      ...(hashes.length === 0
        ? []
        : [{ hashes: hashes.slice(1) }, { hashes: hashes.slice(0, -1) }]),
      ...hashes.map((_, at) => ({ hashes: hashes.with(at, hash) })),
      ...(size === 1 ? [] : [{ index: (index + 1) % size }]),
    ];
    for (const change of changes) expect(provesInclusion({ ...proof, ...change })).toBe(false);
  }
});

test('no entry stands before the first, whatever leads to the root from there', () => {
  expect(provesInclusion({ ...inclusionOf(0, 1), index: -1 })).toBe(false);
});

test('hashes go no further than to the root', () => {
  for (const proof of proofs) {
    for (const root of [nodeOf(proof.root, hash), nodeOf(hash, proof.root)]) {
      expect(provesInclusion({ ...proof, root, hashes: [...proof.hashes, hash] })).toBe(false);
    }
  }
  for (const proof of pairs) {
    const [fromRoot, toRoot] = [nodeOf(hash, proof.fromRoot), nodeOf(hash, proof.toRoot)];
    const hashes = [...proof.hashes, hash];
    expect(provesConsistency({ ...proof, fromRoot, toRoot, hashes })).toBe(false);
  }
});

test('a hash of another length proves nothing, also where it leads to the root', () => {
  const inclusion = { index: 0, size: 2, leafHash: hash, hashes: [tooLong] };
  expect(provesInclusion({ ...inclusion, root: nodeOf(hash, tooLong) })).toBe(false);
  const byItsLeaf = { ...inclusion, leafHash: tooLong, hashes: [hash] };
  expect(provesInclusion({ ...byItsLeaf, root: nodeOf(tooLong, hash) })).toBe(false);
  const consistency = { from: 1, to: 2, fromRoot: hash, hashes: [tooLong] };
  expect(provesConsistency({ ...consistency, toRoot: nodeOf(hash, tooLong) })).toBe(false);
  const byItsRoot = { ...consistency, fromRoot: tooLong, hashes: [hash] };
  expect(provesConsistency({ ...byItsRoot, toRoot: nodeOf(tooLong, hash) })).toBe(false);
});

test('every small tree is proved to go on from every smaller one, and from itself', () => {
  for (const proof of pairs) {
    expect(provesConsistency(proof)).toBe(true);
    const { from, to } = proof;
    expect(provesConsistency({ ...proof, from: BigInt(from), to: BigInt(to) })).toBe(true);
  }
});

test('nothing else goes on from it: no other size, root or list of hashes', () => {
  for (const proof of pairs) {
    const { from, hashes } = proof;
    const changes = [
      { from: 0 },
      { from: -from },
      { to: from - 1 },
      { fromRoot: hash },
      { toRoot: hash },
      { hashes: [...hashes, hash] },
      ...(hashes.length === 0
        ? []
        : [{ hashes: hashes.slice(1) }, { hashes: hashes.slice(0, -1) }]),
      ...hashes.map((_, at) => ({ hashes: hashes.with(at, hash) })),
    ];
    for (const change of changes) expect(provesConsistency({ ...proof, ...change })).toBe(false);
  }
});

test('no tree goes on from a larger one, whatever leads to both roots', () => {
  const other = sha256(Buffer.from('another hash'));
  const toRoot = nodeOf(hash, other);
  const proof = { from: 3, to: 2, fromRoot: hash, toRoot, hashes: [hash, other] };
  expect(provesConsistency(proof)).toBe(false);
});
