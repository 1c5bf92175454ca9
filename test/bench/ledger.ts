import { benchAppend } from './ledger-append.ts';
import { benchReads } from './ledger-read.ts';
import type { Table } from './table.ts';

const SIZES = [10_000, 1_000_000];
const LARGE_SIZES = [...SIZES, 10_000_000];

/** The ledger without the bus: its append against others, its verifier against hashing, proofs by size. */
export async function benchLedger(settings: {
  /** Up to ten million entries. */
  readonly large: boolean;
}): Promise<readonly Table[]> {
  const { table, at100 } = await benchAppend();
  return [table, ...(await benchReads(at100, settings.large ? LARGE_SIZES : SIZES))];
}
