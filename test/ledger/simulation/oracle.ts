/**
 * Recomputes everything from the stores after each change, by a naive reading of the definitions:
 * nothing of the product decides here but the unpacking of a block's body.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { blockHeader, entriesOf } from '#services/ledger/chain/block.ts';
import { LOG_PURGED, purgeText } from '#services/ledger/chain/boundary.ts';
import { RECORD_DESTROYED } from '#services/ledger/chain/seal.ts';
import { readBoundary } from '#services/ledger/log/store.ts';
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import type { Acknowledged } from './senders.ts';

export interface Oracle {
  /** Throws when something does not hold. */
  check(acknowledged: readonly Acknowledged[]): Promise<void>;
  readonly entries: () => readonly LedgerEntry[];
  readonly leaves: () => readonly Buffer[];
  rootAt(size: number): string;
  /** Were the values of this entry destroyed by a later one? */
  isExpunged(seq: number): boolean;
  /** For each order: the last entry whose values it took, and the first of the record after it. */
  expungements(): { readonly last: number; readonly next: number | undefined }[];
}

export function openOracle(tables: TenantTables, notes: ReadonlyMap<string, Buffer>): Oracle {
  let leaves: Buffer[] = [];
  let entries: LedgerEntry[] = [];
  /** By size: what stands is looked at each time, so that a root once made is that of the size for ever. */
  const roots = new Map<number, string>();

  /** What a purge has removed is remembered: it counts as standing where it stood. */
  async function read(): Promise<void> {
    const boundary = await readBoundary(tables);
    const bytes: Buffer[] = [];
    let first: number | undefined;
    let blockNo = 0;
    for await (const row of rowsOf(tables, { kind: 'block' })) {
      const header = blockHeader.parse(row.value);
      if (first === undefined) {
        first = header.first;
        const oldest = (boundary?.blockNo ?? -1) + 1;
        expect(header.blockNo, 'nothing is missing but what was purged').toBeLessThanOrEqual(
          oldest,
        );
        blockNo = header.blockNo;
      }
      expect(header.blockNo, 'blocks have no gap').toBe(blockNo);
      blockNo += 1;
      bytes.push(...entriesOf({ header, body: row.bytes ?? new Uint8Array() }));
      expect(header.size, 'a block counts its entries').toBe(first + bytes.length);
    }
    const kept = first ?? 0;
    const now = [...leaves.slice(0, kept), ...bytes.map((each) => sha256(Buffer.of(0), each))];
    const standing = Buffer.concat(now.slice(0, leaves.length));
    expect(standing.equals(Buffer.concat(leaves)), 'what stands, stands').toBe(true);
    leaves = now;
    entries = [
      ...entries.slice(0, kept),
      ...bytes.map((entry): LedgerEntry => JSON.parse(entry.toString())),
    ];
  }

  /** The row from which a log begins says what its newest entry about a purge says. */
  async function checkBoundary(): Promise<void> {
    const boundary = await readBoundary(tables);
    const told = entries.findLast(({ action }) => action === LOG_PURGED);
    expect(boundary?.fact.seq, 'the log begins where the chain says').toBe(told?.seq);
    if (boundary === undefined) return;
    expect(told?.reason, 'by its words').toBe(purgeText(boundary));
    expect(boundary.root, 'with the root of what was removed').toBe(rootAt(boundary.size));
  }

  // One assertion for all of them: thousands in each look would be most of a run.
  function checkChain(): void {
    const strayed = entries.findIndex(({ seq }, index) => seq !== index);
    expect(strayed, 'sequence numbers have no gap').toBe(-1);
    const before = ['0'.repeat(64), ...leaves.map((leaf) => leaf.toString('hex'))];
    const torn = entries.findIndex(({ prev }, index) => prev !== before[index]);
    expect(torn, 'each entry names the one before').toBe(-1);
    const ids = entries.map(({ id }) => id);
    expect(new Set(ids).size, 'each id stands once').toBe(ids.length);
  }

  function checkOrder(): void {
    const last = new Map<string, number>();
    const strayed = entries.filter(({ object: { id, version } }) => {
      if (version === undefined) return false;
      const before = last.get(id) ?? 0;
      last.set(id, version);
      return version !== before + 1;
    });
    expect(strayed, 'a record in the order of its versions').toEqual([]);
  }

  function checkAcknowledged(acknowledged: readonly Acknowledged[]): void {
    const wrong = (holds: (each: Acknowledged, entry: LedgerEntry | undefined) => boolean) =>
      acknowledged.filter((each) => !holds(each, entries[each.receipt.seq]));
    expect(
      wrong(({ event }, entry) => entry?.id === event.id),
      'what was acknowledged stands where was said',
    ).toEqual([]);
    expect(
      wrong(({ receipt }) => leaves[receipt.seq]?.toString('hex') === receipt.leafHash),
      'and is what was said',
    ).toEqual([]);
    expect(
      wrong(
        ({ event, receipt }, entry) =>
          receipt.status === 'conflict' || entry?.reason === event.reason,
      ),
      'and is this event',
    ).toEqual([]);
  }

  function rootAt(size: number): string {
    const known = roots.get(size) ?? naiveRoot(leaves.slice(0, size)).toString('hex');
    roots.set(size, known);
    return known;
  }

  async function checkSigned(): Promise<void> {
    const signed = [...notes.values()].map((note) => note.toString().split('\n'));
    for await (const { value } of rowsOf(tables, { kind: 'checkpoint' })) {
      signed.push((value as { note: string }).note.split('\n'));
    }
    const sizes = new Map(
      signed.map(([, size = '', root = '']) => [`${size} ${root}`, Number(size)]),
    );
    for (const [head, size] of sizes) {
      expect(size, 'nothing is signed before it is committed').toBeLessThanOrEqual(leaves.length);
      const root = Buffer.from(rootAt(size), 'hex').toString('base64');
      expect(head, 'every signed root is of the log as it stands').toBe(`${size} ${root}`);
    }
  }

  const isOf = ({ object, action }: LedgerEntry, order: LedgerEntry) =>
    object.id === order.object.id && action !== RECORD_DESTROYED;

  return {
    isExpunged(seq) {
      const entry = entries[seq];
      const orders = entries.slice(seq).filter(({ action }) => action === RECORD_DESTROYED);
      return entry !== undefined && orders.some((order) => isOf(entry, order));
    },
    expungements: () =>
      entries
        .filter(({ action }) => action === RECORD_DESTROYED)
        .map((order) => ({
          last: entries.slice(0, order.seq).findLast((each) => isOf(each, order))?.seq ?? 0,
          next: entries.slice(order.seq).find((each) => isOf(each, order))?.seq,
        })),
    async check(acknowledged) {
      await read();
      await checkBoundary();
      checkChain();
      checkOrder();
      checkAcknowledged(acknowledged);
      await checkSigned();
    },
    entries: () => entries,
    leaves: () => leaves,
    rootAt,
  };
}

/** RFC 9162 section 2.1.1, word for word. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return sha256();
  if (leaves.length === 1) return first;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.of(1), naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
}
