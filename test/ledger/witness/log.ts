import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { checkpointText } from '#services/ledger/chain/checkpoint.ts';
import { signedNote, verifierKeyOf } from '#services/ledger/chain/note.ts';
import {
  consistencyPath,
  EMPTY_EDGE,
  growEdge,
  leafHash,
  nodeHash,
  rangeHashes,
  rootOf,
} from '#services/ledger/chain/tree.ts';
import { addCheckpointBody } from '#services/ledger/witness/request.ts';

export interface MemoryLog {
  readonly origin: string;
  readonly verifierKey: string;
  checkpoint(size: number): string;
  proof(from: number, to: number): Promise<Buffer[]>;
  /** The body of a request to cosign `to`, when `from` was cosigned before. */
  request(from: number, to: number): Promise<string>;
}

/** Two logs of one origin and key with another `history` are a fork. */
export function openMemoryLog(
  origin: string,
  history = '',
  pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } = newPair(),
): MemoryLog & { readonly pair: typeof pair } {
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
  const leaf = (index: number) => leafHash(Buffer.from(`${history}${index}`));
  const node = async (level: number, index: number): Promise<Buffer> =>
    level === 0
      ? leaf(index)
      : nodeHash(await node(level - 1, 2 * index), await node(level - 1, 2 * index + 1));

  const checkpoint = (size: number) => {
    const leaves = Array.from({ length: size }, (_, index) => leaf(index));
    const text = checkpointText({ origin, size, root: rootOf(growEdge(EMPTY_EDGE, leaves)) });
    const signature = sign(null, Buffer.from(text), pair.privateKey);
    return signedNote(text, { name: origin, publicKey }, signature);
  };
  const proof = (from: number, to: number) =>
    from === 0 || from === to ? Promise.resolve([]) : rangeHashes(node, consistencyPath(from, to));
  return {
    origin,
    pair,
    verifierKey: verifierKeyOf({ name: origin, publicKey }),
    checkpoint,
    proof,
    request: async (from, to) =>
      addCheckpointBody({ old: from, hashes: await proof(from, to), checkpoint: checkpoint(to) }),
  };
}

export function newPair() {
  return generateKeyPairSync('ed25519');
}

/** Someone else's hash. */
export function strayHash(): string {
  return hash('sha256', 'stray', 'base64');
}
