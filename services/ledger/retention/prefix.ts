/** Where a prefix of a log begins and ends, as its rows say. */
import { rowsOf } from '#shared/pages.ts';
import type { TenantTables } from '#shared/ports/tables.ts';
import { type BlockHeader, headerHash } from '../chain/block.ts';
import { type Boundary, headAt } from '../chain/boundary.ts';
import { DamagedLog, EMPTY_HEAD, headAfter } from '../chain/head.ts';
import { pageValue } from '../chain/page.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';
import { rootOf } from '../chain/tree.ts';
import { numberId, numberOf, readBlock, readBoundary } from '../log/store.ts';

/** The tree before the first entry that is kept, and the leaf hash of the last one that is not. */
export async function startOf(tables: TenantTables) {
  const boundary = await readBoundary(tables);
  const { edge, leaf } = boundary === undefined ? EMPTY_HEAD : headAt(boundary);
  return { edge, prev: leaf };
}

/** Sizes at which both a page and a block end, ascending; behind the given one, which is such. */
export async function* wholeSizes(tables: TenantTables, from: number): AsyncGenerator<number> {
  for await (const row of rowsOf(tables, { kind: 'page', after: numberId(from / TILE_WIDTH) })) {
    const begin = numberOf(row.id) * TILE_WIDTH;
    const [first] = pageValue.parse(row.value).blocks;
    if (first?.[0] === begin) yield begin;
  }
}

/** The boundary behind the block that ends there. */
export async function boundaryAt(
  tables: TenantTables,
  size: number,
): Promise<Omit<Boundary, 'purge' | 'fact'>> {
  const { header } = await blockEndingAt(tables, size);
  const { blockNo, edge, leaf, blockHash, writer, epoch } = headAfter(header);
  return {
    v: 1,
    size,
    root: rootOf(edge),
    edge: edge.hashes.map((hash) => hash.toString('hex')),
    leaf,
    blockNo,
    blockHash,
    writer,
    epoch,
  };
}

async function blockEndingAt(
  tables: TenantTables,
  size: number,
): Promise<{ readonly header: BlockHeader }> {
  const id = numberId(size / TILE_WIDTH - 1);
  const page = pageValue.parse((await tables.get({ kind: 'page', id }))?.value);
  const blockNo = page.blocks.at(-1)?.[1] ?? 0;
  const block = await readBlock(tables, blockNo);
  if (block === undefined || headerHash(block.header) !== block.header.hash) {
    throw new DamagedLog(blockNo, 'its header is not the one that was written');
  }
  if (block.header.size !== size) throw new Error('the prefix does not end with a block');
  return block;
}
