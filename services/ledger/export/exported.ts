import type { LedgerEntry } from '#contracts/ledger.ts';
import { parseEntry } from '../chain/entry.ts';
import { leafHash } from '../chain/tree.ts';

/** A signed checkpoint that covers what is exported. */
export interface ExportCheckpoint {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** The signed note, byte for byte. */
  readonly note: string;
  readonly verifierKey: string;
}

/** An entry on its way out. Of the values it has what the entry has: their commitments. */
export interface Exported {
  readonly entry: LedgerEntry;
  /** The canonical text that was hashed. */
  readonly text: string;
  /** Hex. */
  readonly leafHash: string;
  readonly checkpoint: ExportCheckpoint;
}

/** Reads stored bytes; throws for what is no entry in its one canonical form. */
export function exportedOf(bytes: Buffer, checkpoint: ExportCheckpoint): Exported {
  return {
    entry: parseEntry(bytes),
    text: bytes.toString('utf8'),
    leafHash: leafHash(bytes).toString('hex'),
    checkpoint,
  };
}
