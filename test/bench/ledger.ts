import { benchAppend } from './ledger-append.ts';
import { benchReads } from './ledger-read.ts';
import type { Table } from './table.ts';

/** The ledger without the bus: its append against others, its verifier against hashing, proofs by size. */
export async function benchLedger(): Promise<readonly Table[]> {
  const { table, at100 } = await benchAppend();
  return [table, ...(await benchReads(at100))];
}
