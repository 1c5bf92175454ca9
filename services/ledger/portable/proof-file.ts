/**
 * C2SP tlog-proof files.
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <base64>          may be missing; says nothing here, since nobody has signed it
 *   index <n>
 *   <base64 hash>           from the leaf's sibling upward
 *
 *   <checkpoint>
 */
import { bytesFromBase64, isHash } from './hash.ts';

export const PROOF_FILE_HEAD = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^63 entries has proofs of 63 hashes. */
const HASHES_MAX = 63;

export interface ProofFile {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: string;
}

/** `undefined` for anything that is no proof file, to the last character. */
export function parseProofFile(file: string): ProofFile | undefined {
  const split = file.indexOf('\n\n');
  const [head, ...lines] = file.slice(0, Math.max(0, split)).split('\n');
  if (head !== PROOF_FILE_HEAD) return undefined;
  if (lines[0]?.startsWith('extra ')) {
    const extra = bytesFromBase64(lines[0].slice('extra '.length));
    if (extra === undefined) return undefined;
    lines.shift();
  }
  const index = indexIn(lines.shift());
  const hashes = lines.map(bytesFromBase64).filter((each) => each !== undefined && isHash(each));
  if (index === undefined || hashes.length !== lines.length) return undefined;
  if (hashes.length > HASHES_MAX) return undefined;
  const checkpoint = file.slice(split + 2);
  return { index, hashes: hashes.filter((each) => each !== undefined), checkpoint };
}

function indexIn(line: string | undefined): number | undefined {
  const [, digits] = /^index (0|[1-9][0-9]*)$/.exec(line ?? '') ?? [];
  const index = Number(digits);
  return Number.isSafeInteger(index) ? index : undefined;
}
