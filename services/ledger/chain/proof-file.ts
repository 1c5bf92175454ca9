/** C2SP tlog-proof: an inclusion proof and its checkpoint as one text, to be kept beside the entry. */
import { PROOF_FILE_HEAD } from '../portable/proof-file.ts';

export function proofFile(proof: {
  readonly index: number;
  /** From the leaf's sibling upward. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, byte for byte. */
  readonly checkpoint: string;
}): string {
  const hashes = proof.hashes.map((hash) => Buffer.from(hash).toString('base64'));
  return [PROOF_FILE_HEAD, `index ${proof.index}`, ...hashes, '', proof.checkpoint].join('\n');
}
