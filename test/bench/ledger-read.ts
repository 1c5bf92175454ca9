import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { inclusionPath, leafHash, nodeHash } from '#services/ledger/chain/tree.ts';
import { type Fixture, openFixture } from '#test/ledger/fixture.ts';
import { smallEvents } from './ledger-events.ts';
import { type Figure, median, type Table } from './table.ts';

const BATCH = 1_000;
const VERIFY_ROUNDS = 3;
/** Entries that one round verifies at most: the rate does not depend on the rest, nor on the start. */
const VERIFIED_MAX = 1_000_000;
const PROOFS = 2_000;
const MEBIBYTE = 1024 * 1024;

/** Verification against its hashes, proofs and memory, on logs that the product's writer made. */
export async function benchReads(
  appendRate: number,
  sizes: readonly number[],
): Promise<readonly Table[]> {
  const proofs: { readonly size: number; readonly ms: number; readonly memory: number }[] = [];
  const verification: Figure[] = [];
  await using fixture = await openFixture();
  // What is loaded and made once is not what a log takes.
  await grow(fixture, 1_000);
  await benchProofs(fixture, 1_000);
  let size = 1_000;
  for (const target of sizes) {
    await grow(fixture, target - size);
    size = target;
    proofs.push({ size, ...(await benchProofs(fixture, size)) });
  }
  verification.push(...(await benchVerification(fixture, size, appendRate)));
  return [
    { title: `Verify a log of ${size.toLocaleString('en-US')} entries`, rows: verification },
    { title: 'Inclusion proofs of random entries, log opened anew', rows: proofRows(proofs) },
  ];
}

async function grow(fixture: Fixture, count: number): Promise<void> {
  await using log = await fixture.open();
  for (let made = 0; made < count; made += BATCH) {
    await log.append(smallEvents(fixture.tenant, Math.min(BATCH, count - made)));
  }
}

async function benchProofs(fixture: Fixture, size: number) {
  const before = await memoryUsed();
  await using log = await fixture.open();
  const times: number[] = [];
  for (let proof = 0; proof < PROOFS; proof += 1) {
    const seq = Math.floor(Math.random() * size);
    const startedAt = performance.now();
    await log.hashes(inclusionPath(seq, size));
    times.push(performance.now() - startedAt);
  }
  return { ms: median(times), memory: ((await memoryUsed()) - before) / MEBIBYTE };
}

function proofRows(
  proofs: readonly { readonly size: number; readonly ms: number; readonly memory: number }[],
): Figure[] {
  const [small, large] = [proofs.at(0), proofs.at(-1)];
  return [
    ...proofs.flatMap(({ size, ms, memory }) => [
      { what: `proof at ${size.toLocaleString('en-US')}`, value: ms * 1_000, unit: 'µs' },
      {
        what: `memory of the open log at ${size.toLocaleString('en-US')}`,
        value: memory,
        unit: 'MiB',
      },
    ]),
    {
      what: 'largest to smallest, time',
      value: (large?.ms ?? Number.NaN) / (small?.ms ?? Number.NaN),
      unit: 'ratio',
      target: '<= 2 (at 10 million)',
    },
  ];
}

async function benchVerification(
  fixture: Fixture,
  size: number,
  appendRate: number,
): Promise<Figure[]> {
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
  return [
    { what: 'verification', value: middle('ours'), unit: '1/s' },
    { what: 'hash of leaf and of node alone', value: middle('ceiling'), unit: '1/s' },
    { what: 'ratio', value: ratio, unit: 'ratio', target: '>= 0.8' },
    {
      what: 'verification to append in batches of 100',
      value: middle('ours') / appendRate,
      unit: 'ratio',
      target: '>= 5',
    },
  ];
}

async function meanEntry(fixture: Fixture) {
  await using log = await fixture.open();
  const entries = await Array.fromAsync(log.blocks.range(0, BATCH));
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

/** Bytes in use after what nobody holds is collected, buffers too. */
async function memoryUsed(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let times = 0; times < 4; times += 1) {
    collect();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
