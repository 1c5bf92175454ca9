import type { ExportCheckpoint, Exported } from './exported.ts';

/**
 * One entry. Its canonical text stands in the line as it is: whoever canonicalises `entry` (RFC 8785)
 * has the bytes of which SHA-256(0x00 || bytes) is the leaf hash.
 */
export function jsonlLine({ entry, text, leafHash, checkpoint: { size, root } }: Exported): string {
  const checkpoint = `{"size":${size},"root":"${root}"}`;
  return `{"seq":${entry.seq},"leafHash":"${leafHash}","checkpoint":${checkpoint},"entry":${text}}`;
}

/**
 * The last line: what the lines before it are, and the checkpoint that covers them. A line that is
 * missing shows in `count`, in the sequences and in the chain of `prev`; with all lines from entry 0
 * to the checkpoint's size, their leaf hashes make its root.
 */
export function jsonlEnd(about: {
  readonly first: number;
  readonly count: number;
  /** Absent before the first entry of a ledger. */
  readonly checkpoint: ExportCheckpoint | undefined;
}): string {
  const { first, count, checkpoint } = about;
  const last = count === 0 ? {} : { first, last: first + count - 1 };
  if (checkpoint === undefined) return JSON.stringify({ count, ...last, checkpoint: null });
  const { origin, size, root, note, verifierKey } = checkpoint;
  return JSON.stringify({ count, ...last, checkpoint: { origin, size, root, note, verifierKey } });
}
