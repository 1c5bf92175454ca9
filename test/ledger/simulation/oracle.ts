/**
 * Recomputes everything from the stores after each change, by a naive reading of the definitions:
 * nothing of the product decides here but the unpacking of a block's body.
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { LedgerEntry } from '#contracts/ledger.ts';
import { blockHeader, entriesOf } from '#services/ledger/chain/block.ts';
import { rowsOf } from '#services/ledger/log/store.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import type { Acknowledged } from './senders.ts';

export interface Oracle {
  /** Throws when something does not hold. */
  check(acknowledged: readonly Acknowledged[]): Promise<void>;
  readonly entries: () => readonly LedgerEntry[];
  readonly leaves: () => readonly Buffer[];
  rootAt(size: number): string;
}

export function openOracle(tables: TenantTables, notes: ReadonlyMap<string, Buffer>): Oracle {
  let leaves: Buffer[] = [];
  let entries: LedgerEntry[] = [];

  async function read(): Promise<void> {
    const bytes: Buffer[] = [];
    let blockNo = 0;
    for await (const row of rowsOf(tables, 'block')) {
      const header = blockHeader.parse(row.value);
      expect(header.blockNo, 'blocks have no gap').toBe(blockNo);
      blockNo += 1;
      bytes.push(...entriesOf({ header, body: row.bytes ?? new Uint8Array() }));
      expect(header.size, 'a block counts its entries').toBe(bytes.length);
    }
    const now = bytes.map((entry) => sha256(Buffer.of(0), entry));
    const before = leaves.map((leaf) => leaf.toString('hex'));
    expect(
      now.slice(0, leaves.length).map((leaf) => leaf.toString('hex')),
      'what stands, stands',
    ).toEqual(before);
    leaves = now;
    entries = bytes.map((entry) => JSON.parse(entry.toString()));
  }

  function checkChain(): void {
    let prev = '0'.repeat(64);
    for (const [seq, entry] of entries.entries()) {
      expect(entry.seq, 'sequence numbers have no gap').toBe(seq);
      expect(entry.prev, 'each entry names the one before').toBe(prev);
      prev = leaves[seq]?.toString('hex') ?? '';
    }
    const ids = entries.map(({ id }) => id);
    expect(new Set(ids).size, 'each id stands once').toBe(ids.length);
  }

  function checkOrder(): void {
    const last = new Map<string, number>();
    for (const { object } of entries) {
      if (object.version === undefined) continue;
      expect(object.version, 'a record in the order of its versions').toBe(
        (last.get(object.id) ?? 0) + 1,
      );
      last.set(object.id, object.version);
    }
  }

  function checkAcknowledged(acknowledged: readonly Acknowledged[]): void {
    for (const { event, receipt } of acknowledged) {
      expect(entries[receipt.seq]?.id, 'what was acknowledged stands where was said').toBe(
        event.id,
      );
      expect(leaves[receipt.seq]?.toString('hex'), 'and is what was said').toBe(receipt.leafHash);
      if (receipt.status !== 'conflict') {
        expect(entries[receipt.seq]?.reason, 'and is this event').toBe(event.reason);
      }
    }
  }

  function rootAt(size: number): string {
    return naiveRoot(leaves.slice(0, size)).toString('hex');
  }

  async function checkSigned(): Promise<void> {
    const signed = [...notes.values()].map((note) => note.toString().split('\n'));
    for await (const { value } of rowsOf(tables, 'checkpoint')) {
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

  return {
    async check(acknowledged) {
      await read();
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
