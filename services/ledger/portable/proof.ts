import { areEqual, isHash, nodeHash } from './hash.ts';

/** Sizes and indexes up to 2^64, as RFC 9162 has them. */
type Count = number | bigint;

export interface InclusionProof {
  readonly index: Count;
  readonly size: Count;
  readonly leafHash: Uint8Array;
  readonly root: Uint8Array;
  /** From the leaf's sibling upward. */
  readonly hashes: readonly Uint8Array[];
}

export interface ConsistencyProof {
  readonly from: Count;
  readonly to: Count;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/** RFC 9162 section 2.1.3.2. True only when the proof shows it. */
export function provesInclusion({ index, size, leafHash, root, hashes }: InclusionProof): boolean {
  let fn = BigInt(index);
  let sn = BigInt(size) - 1n;
  if (fn < 0n || fn > sn || ![leafHash, root, ...hashes].every(isHash)) return false;
  let found = leafHash;
  for (const hash of hashes) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      found = nodeHash(hash, found);
      const levels = isOdd(fn) ? 0n : levelsToOdd(fn);
      fn >>= levels;
      sn >>= levels;
    } else {
      found = nodeHash(found, hash);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && areEqual(found, root);
}

/**
 * RFC 9162 section 2.1.4.2. A tree is consistent with itself by the empty proof. Every tree goes on
 * from the empty one, so that a proof from size 0 shows nothing and is refused.
 */
export function provesConsistency(proof: ConsistencyProof): boolean {
  const { fromRoot, toRoot, hashes } = proof;
  const from = BigInt(proof.from);
  const to = BigInt(proof.to);
  if (from <= 0n || from > to) return false;
  if (from === to) return hashes.length === 0 && areEqual(fromRoot, toRoot);
  if (![fromRoot, toRoot, ...hashes].every(isHash)) return false;
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...hashes] : hashes;
  if (first === undefined || hashes.length === 0) return false;
  const levels = trailingOnes(from - 1n);
  return climb({
    fn: (from - 1n) >> levels,
    sn: (to - 1n) >> levels,
    first,
    rest,
    fromRoot,
    toRoot,
  });
}

function climb(start: {
  readonly fn: bigint;
  readonly sn: bigint;
  readonly first: Uint8Array;
  readonly rest: readonly Uint8Array[];
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
}): boolean {
  let { fn, sn, first: older, first: newer } = start;
  for (const hash of start.rest) {
    if (sn === 0n) return false;
    if (isOdd(fn) || fn === sn) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      const levels = isOdd(fn) ? 0n : levelsToOdd(fn);
      fn >>= levels;
      sn >>= levels;
    } else {
      newer = nodeHash(newer, hash);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && areEqual(older, start.fromRoot) && areEqual(newer, start.toRoot);
}

/** "Right-shift until LSB(fn) is set or fn is 0": how often. */
function levelsToOdd(fn: bigint): bigint {
  let levels = 0n;
  for (let rest = fn; rest !== 0n && !isOdd(rest); rest >>= 1n) levels += 1n;
  return levels;
}

function trailingOnes(value: bigint): bigint {
  let ones = 0n;
  for (let rest = value; isOdd(rest); rest >>= 1n) ones += 1n;
  return ones;
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function isPowerOfTwo(value: bigint): boolean {
  return (value & (value - 1n)) === 0n;
}
