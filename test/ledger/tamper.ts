import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Block,
  type BlockHeader,
  blockHeader,
  headerHash,
} from '#services/ledger/chain/block.ts';
import { eventsOf, type Fixture, openFixture } from './fixture.ts';

export interface RawRow {
  readonly id: string;
  /** The JSON text as stored. */
  readonly value: string;
  readonly bytes: Buffer;
}

/** The store's file from behind: what an insider, or a failing disk, can do to it. */
export interface Tamper extends Disposable {
  rows(kind: string): RawRow[];
  put(kind: string, row: RawRow): void;
  remove(kind: string, id: string): void;
}

export function openTamper({ host, tenant }: Pick<Fixture, 'host' | 'tenant'>): Tamper {
  const database = new DatabaseSync(join(host.dataDir, 'ledger', 'tables.sqlite'));
  const select = database.prepare(
    'SELECT id, value, bytes FROM rows WHERE tenant = ? AND kind = ? ORDER BY id',
  );
  const insert = database.prepare(
    'INSERT OR REPLACE INTO rows (tenant, kind, id, version, value, bytes) VALUES (?, ?, ?, 1, ?, ?)',
  );
  const erase = database.prepare('DELETE FROM rows WHERE tenant = ? AND kind = ? AND id = ?');
  return {
    rows: (kind) =>
      select.all(tenant, kind).map(({ id, value, bytes }) => ({
        id: String(id),
        value: String(value),
        bytes: Buffer.from(bytes instanceof Uint8Array ? bytes : []),
      })),
    put(kind, { id, value, bytes }) {
      insert.run(tenant, kind, id, value, bytes);
    },
    remove(kind, id) {
      erase.run(tenant, kind, id);
    },
    [Symbol.dispose]: () => database.close(),
  };
}

/** A log with blocks of known sizes, signed at its end, and closed. */
export async function openLogOf(blocks: readonly number[]): Promise<Fixture> {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture());
  await using log = await fixture.open();
  for (const count of blocks) await log.append(eventsOf(fixture.tenant, count));
  await log.checkpoint(log.size());
  opened.move();
  return fixture;
}

export function blockIn(row: RawRow): Block {
  return { header: blockHeader.parse(JSON.parse(row.value)), body: row.bytes };
}

export function rowOf({ header, body }: Block, id: string): RawRow {
  return { id, value: JSON.stringify(header), bytes: Buffer.from(body) };
}

/** A header that its own hash fits again, as somebody would write it who knows how. */
export function rehashed(header: BlockHeader): BlockHeader {
  return { ...header, hash: headerHash(header) };
}

/** The same bytes with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = bit >> 3;
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit & 7)), at);
  return copy;
}
