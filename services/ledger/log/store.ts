/**
 * The rows of a log: their kinds, ids and values, in one place.
 *
 * Truth, written once and never changed: `block`, `block-part`.
 * Kept beside it: `record-key` (goes when a record is expunged), `kept-values`, `expungement`,
 * `checkpoint`, `purge`; `purged`, which stands for the blocks that a purge has removed.
 * Derived, can be made again from the blocks: `page`, `page-times`, `tile`.
 * Under the platform's tenant: `log`, one row for each tenant that has a log.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { PLATFORM_TENANT, tenantId } from '#contracts/primitives.ts';
import { rowsOf } from '#shared/pages.ts';
import type { Change, Row, Tables, TenantTables } from '#shared/ports/tables.ts';
import { type Block, BODY_ROW_BYTES_MAX, blockHeader } from '../chain/block.ts';
import { type Boundary, boundary } from '../chain/boundary.ts';
import { type Checkpoint, checkpoint } from '../chain/checkpoint.ts';
import { DamagedLog } from '../chain/head.ts';

/** Why these writes carry no events. */
export const UNAUDITED = 'the ledger is the audit';

/** Requests that values be destroyed, and what became of them. Ids are UUIDv7. */
export const EXPUNGEMENT = 'expungement';

/** Requests that the oldest entries be removed, and what became of them. Ids are UUIDv7. */
export const PURGE = 'purge';

/** Where the log begins; there is none before the first purge. */
export const BOUNDARY = { kind: 'purged', id: 'boundary' } as const;
/** Expungements that other services have not carried out yet: one row for each, with its id. */
export const EXPUNGING = 'expunging';

/** 2^53 has 16 digits: ids sort as the numbers do. */
const DIGITS = 16;
const PART_DIGITS = 2;

export function numberId(value: number): string {
  return String(value).padStart(DIGITS, '0');
}

/** The number in a row's id, or `NaN` where it is none. */
export function numberOf(id: string): number {
  return /^\d{16}$/.test(id) ? Number(id) : Number.NaN;
}

export function blockChanges({ header, body }: Block): Change[] {
  const id = numberId(header.blockNo);
  const first = body.subarray(0, BODY_ROW_BYTES_MAX);
  const parts = Array.from({ length: partsOf(header.bodyBytes) }, (_, part) => ({
    put: {
      kind: 'block-part',
      id: partId(header.blockNo, part),
      value: {},
      bytes: body.subarray((part + 1) * BODY_ROW_BYTES_MAX, (part + 2) * BODY_ROW_BYTES_MAX),
    },
    expect: 0,
  }));
  return [{ put: { kind: 'block', id, value: header, bytes: first }, expect: 0 }, ...parts];
}

/** Rows besides its own that a body needs. */
export function partsOf(bodyBytes: number): number {
  return Math.max(0, Math.ceil(bodyBytes / BODY_ROW_BYTES_MAX) - 1);
}

/** The block; `undefined` when there is none of this number. Throws DamagedLog when its header is none. */
export async function readBlock(tables: TenantTables, blockNo: number): Promise<Block | undefined> {
  const row = await tables.get({ kind: 'block', id: numberId(blockNo) });
  if (row === undefined) return undefined;
  const header = blockHeader.safeParse(row.value);
  if (!header.success) throw new DamagedLog(blockNo, 'its header cannot be read');
  return { header: header.data, body: await readBody(tables, blockNo, row) };
}

/** The body, with the parts that are there; whether they are the right ones its hash tells. */
export async function readBody(
  tables: TenantTables,
  blockNo: number,
  row: Row,
): Promise<Uint8Array> {
  let piece = row.bytes ?? new Uint8Array();
  const pieces = [piece];
  for (let part = 0; piece.length === BODY_ROW_BYTES_MAX; part += 1) {
    const next = await tables.get({ kind: 'block-part', id: partId(blockNo, part) });
    if (next === undefined) break;
    piece = next.bytes ?? new Uint8Array();
    pieces.push(piece);
  }
  return pieces.length === 1 ? piece : Buffer.concat(pieces);
}

/** Where the log begins. Throws DamagedLog when that cannot be read: nothing may be built on it. */
export async function readBoundary(tables: TenantTables): Promise<Boundary | undefined> {
  const row = await tables.get(BOUNDARY);
  if (row === undefined) return undefined;
  const parsed = boundary.safeParse(row.value);
  if (!parsed.success) throw new DamagedLog(0, 'the row that tells where the log begins is none');
  return parsed.data;
}

/** Number of the last block, by its row. */
export async function lastBlockNo(tables: TenantTables): Promise<number | undefined> {
  const [last] = await tables.list({ kind: 'block', limit: 1, descending: true });
  return last && numberOf(last.id);
}

/** Value of a row whose bytes are derived and must not be believed when they were altered. */
export function timesValue(bytes: Uint8Array) {
  return { v: 1, crc: crc32(bytes) };
}

/** Id of a tile row: level and number. */
export function tileId(level: number, tile: number): string {
  return `${level}/${numberId(tile)}`;
}

/** A tenant's log, as the list of logs knows it. */
export const logRow = z.strictObject({
  v: z.literal(1),
  /** Names the log to the outside: witnesses see it, and no tenant can be known by it. */
  opaqueId: z.string().regex(/^[0-9a-f]{32}$/),
});

export async function findOpaqueId(tables: Tables, tenant: string): Promise<string | undefined> {
  const row = await tables.forTenant(PLATFORM_TENANT).get({ kind: 'log', id: tenant });
  return row && logRow.parse(row.value).opaqueId;
}

/** The log's opaque id; `fresh` becomes it when there is none yet. */
export async function ensureOpaqueId(
  tables: Tables,
  tenant: string,
  fresh: string,
): Promise<string> {
  const found = await findOpaqueId(tables, tenant);
  if (found !== undefined) return found;
  await tables.forTenant(PLATFORM_TENANT).write({
    changes: [{ put: { kind: 'log', id: tenant, value: { v: 1, opaqueId: fresh } }, expect: 0 }],
    directory: [{ add: { kind: 'log', id: fresh }, entry: { tenant, id: tenant } }],
    events: [],
    unaudited: UNAUDITED,
  });
  // Another process may have been first: its id is the one.
  const settled = await findOpaqueId(tables, tenant);
  if (settled === undefined) throw new Error('the log has no row after it was written');
  return settled;
}

/** Tenants that have a log, in the order of their ids. */
export async function* tenantsWithLogs(tables: Tables): AsyncGenerator<string> {
  for await (const row of rowsOf(tables.forTenant(PLATFORM_TENANT), { kind: 'log' })) {
    yield tenantId.parse(row.id);
  }
}

/** The newest checkpoint that is kept beside the blocks. */
export async function newestCheckpoint(tables: TenantTables): Promise<Checkpoint | undefined> {
  const [row] = await tables.list({ kind: 'checkpoint', limit: 1, descending: true });
  return row && checkpoint.parse(row.value);
}

/** The smallest checkpoint beside the blocks with `from` to `to` entries. */
export async function checkpointWithin(
  tables: TenantTables,
  from: number,
  to: number,
): Promise<Checkpoint | undefined> {
  const after = numberId(Math.max(0, from - 1));
  const [row] = await tables.list({ kind: 'checkpoint', after, limit: 1 });
  const signed = row && checkpoint.parse(row.value);
  return signed !== undefined && signed.size <= to ? signed : undefined;
}

export function checkpointChange(signed: Checkpoint): Change {
  return { put: { kind: 'checkpoint', id: numberId(signed.size), value: signed }, expect: 0 };
}

function partId(blockNo: number, part: number): string {
  return `${numberId(blockNo)}/${String(part).padStart(PART_DIGITS, '0')}`;
}
