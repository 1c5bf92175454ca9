import { leafHash, nodeHash } from '#services/ledger/chain/tree.ts';
import type { Fixture } from '#test/ledger/fixture.ts';
import type { SizedLog } from './ledger-logs.ts';
import { median, type Table } from './table.ts';

const VERIFY_ROUNDS = 3;
/** Entries that one round verifies at most: the rate does not depend on the rest, nor on the start. */
const VERIFIED_MAX = 1_000_000;
/** Entries whose mean size the ceiling is hashed with. */
const WEIGHED = 1_000;

/** Verification of a log that the product's writer made, against its hashes alone. */
export async function benchVerification(
  { size, fixture }: SizedLog,
  appendRate: number,
): Promise<Table> {
  const { entryBytes } = await meanEntry(fixture);
  const to = Math.min(size, VERIFIED_MAX);
  const rounds: { readonly ours: number; readonly ceiling: number }[] = [];
  for (let round = 0; round < VERIFY_ROUNDS; round += 1) {
    const ceiling = hashRate(entryBytes, to);
    const { ok, checkedEntries, elapsedMs } = await fixture.verify({ to });
    if (!ok) throw new Error('a log of the bench does not verify');
    rounds.push({ ceiling, ours: (checkedEntries * 1_000) / elapsedMs });
  }
  const middle = (side: 'ours' | 'ceiling') => median(rounds.map((rates) => rates[side]));
  const ratio = median(rounds.map(({ ours, ceiling }) => ours / ceiling));
  const toAppend = middle('ours') / appendRate;
  return {
    title: `Verify a log of ${size.toLocaleString('en-US')} entries`,
    rows: [
      { what: 'verification', value: middle('ours'), unit: '1/s' },
      { what: 'hash of leaf and of node alone', value: middle('ceiling'), unit: '1/s' },
      { what: 'ratio', value: ratio, unit: 'ratio', target: '>= 0.8' },
      {
        what: 'verification to append in batches of 100',
        value: toAppend,
        unit: 'ratio',
        target: '>= 5',
      },
    ],
  };
}

async function meanEntry(fixture: Fixture) {
  await using log = await fixture.open();
  const entries = await Array.fromAsync(log.blocks.range(0, WEIGHED));
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
  return { entryBytes: Math.round(bytes / entries.length) };
}

/** What no verifier can be faster than: one leaf and one node for each entry. */
function hashRate(entryBytes: number, count: number): number {
  const entry = Buffer.alloc(entryBytes, 'an entry ');
  let node = leafHash(entry);
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) node = nodeHash(node, leafHash(entry));
  return (count * 1_000) / (performance.now() - startedAt);
}
