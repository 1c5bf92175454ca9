/**
 * What a process knows of one log: its head, and every entry since the last full page. It changes
 * in two places only, each without a pause: `advance` when a block is known to be committed, and
 * `dropPage` when everything derived from the oldest page is in the tables.
 *
 * An event id is therefore at every moment in `ids`, or in a row, or in both. Who looks for one
 * asks `ids` first and the rows second: the other way round it could slip from one to the other.
 */
import type { Head, Step } from './chain/head.ts';
import { EMPTY_HEAD } from './chain/head.ts';
import type { Marked } from './chain/marks.ts';
import { TILE_WIDTH } from './chain/tiles.ts';

export interface View {
  head: Head;
  /** Full pages whose rows are in the tables; entries from `pages * TILE_WIDTH` on are in here. */
  pages: number;
  readonly leaves: Buffer[];
  readonly marks: Marked[];
  readonly ids: Map<string, number>;
  /** Blocks of those entries: number of the first entry, and of the block. */
  readonly blocks: (readonly [number, number])[];
  /** Roots of tiles that are full but not in the tables yet, by `nodeName`. */
  readonly tileRoots: Map<string, Buffer>;
  /** Items of the tile that is not full, for each tile level from 1. */
  readonly partial: Buffer[][];
}

export function emptyView(): View {
  return {
    head: EMPTY_HEAD,
    pages: 0,
    leaves: [],
    marks: [],
    ids: new Map(),
    blocks: [],
    tileRoots: new Map(),
    partial: [],
  };
}

/** First entry that is in the view and not in the rows. */
export function tailBegin(view: View): number {
  return view.pages * TILE_WIDTH;
}

/** Takes the block in. `false` when it is not the next one: it is known already. */
export function advance(view: View, step: Step, marks: readonly Marked[]): boolean {
  const { header, leaves, tileRoots, head } = step;
  if (header.blockNo !== view.head.blockNo + 1) return false;
  const begin = tailBegin(view);
  for (const [index, leaf] of leaves.entries()) {
    const seq = header.first + index;
    const mark = marks[index];
    if (seq < begin || mark === undefined) continue;
    view.leaves.push(leaf);
    view.marks.push(mark);
    view.ids.set(mark.id, seq);
  }
  if (header.size > begin) view.blocks.push([header.first, header.blockNo]);
  for (const { level, index, hash } of tileRoots) view.tileRoots.set(nodeName(level, index), hash);
  view.head = head;
  return true;
}

/** Lets go of the oldest page, whose rows are in the tables now. */
export function dropPage(view: View, partial: readonly (readonly Buffer[])[]): void {
  for (const { id } of view.marks.splice(0, TILE_WIDTH)) view.ids.delete(id);
  view.leaves.splice(0, TILE_WIDTH);
  view.pages += 1;
  const begin = tailBegin(view);
  // The block that holds the first entry behind the page stays, and those after it.
  while ((view.blocks[1]?.[0] ?? Number.POSITIVE_INFINITY) <= begin) view.blocks.shift();
  if (view.head.edge.size <= begin) view.blocks.length = 0;
  view.partial.length = 0;
  view.partial.push(...partial.map((items) => [...items]));
  for (const name of [...view.tileRoots.keys()]) {
    if (!isAhead(name, begin)) view.tileRoots.delete(name);
  }
}

export function nodeName(level: number, index: number): string {
  return `${level}/${index}`;
}

/** Does the node end behind this entry? */
function isAhead(name: string, begin: number): boolean {
  const [level = 0, index = 0] = name.split('/').map(Number);
  return (index + 1) * 2 ** level > begin;
}
