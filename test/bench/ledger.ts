import { benchAppend } from './ledger-append.ts';
import { openSizedLog } from './ledger-logs.ts';
import { benchProofs } from './ledger-proofs.ts';
import { benchVerification } from './ledger-read.ts';
import type { Table } from './table.ts';

const SMALL = 10_000;
const MIDDLE = 1_000_000;
const LARGE = 10_000_000;

/** The ledger without the bus: its append against others, its verifier against hashing, proofs by size. */
export async function benchLedger(settings: {
  /** Up to ten million entries. */
  readonly large: boolean;
  /** Where logs are kept for the next run. */
  readonly logs?: string | undefined;
}): Promise<readonly Table[]> {
  const { table, at100 } = await benchAppend();
  await using opened = new AsyncDisposableStack();
  const open = async (size: number) => opened.use(await openSizedLog(size, settings.logs));
  const [small, middle] = [await open(SMALL), await open(MIDDLE)];
  const larger = settings.large ? [await open(LARGE)] : [];
  return [
    table,
    await benchVerification(middle, at100),
    await benchProofs([small, middle, ...larger]),
  ];
}
