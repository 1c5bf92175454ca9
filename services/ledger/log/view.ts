/**
 * What a process knows of one log: its head, and every entry since the last full page. It changes
 * in two places only, each without a pause: `advance` when a block is known to be committed, and
 * `dropPage` when everything derived from the oldest page is in the tables. So an event id is at
 * every moment either in `ids` or in a page that `pageTimes` leads to.
 */
import type { Boundary } from '../chain/boundary.ts';
import { type DamagedLog, EMPTY_HEAD, type Head, type Step } from '../chain/head.ts';
import type { Marked } from '../chain/marks.ts';
import { type IdTimes, idKey, openPageTimes, type PageTimes } from '../chain/page.ts';
import { TILE_WIDTH } from '../chain/tiles.ts';

export interface View {
  head: Head;
  /** Where the log begins, once entries were removed. */
  purged: Boundary | undefined;
  /** Why nothing behind the head can be read, where there is more: nothing may be appended then. */
  broken: DamagedLog | undefined;
  /** Full pages whose rows are in the tables; entries from `pages * TILE_WIDTH` on are in here. */
  pages: number;
  /** When the ids of those pages were made. */
  readonly pageTimes: PageTimes;
  readonly leaves: Buffer[];
  readonly marks: Marked[];
  /** `seq` by `idKey`. */
  readonly ids: Map<string, number>;
  /** Blocks of those entries: number of the first entry, and of the block. */
  readonly blocks: (readonly [number, number])[];
  /** Inner nodes of the tree that tiles are made of and that are not in the tables yet. */
  readonly nodes: Map<string, Buffer>;
  /** Items of the tile that is not full, for each tile level from 1. */
  readonly partial: Buffer[][];
}

export function emptyView(pageTimes: readonly IdTimes[] = []): View {
  return {
    head: EMPTY_HEAD,
    purged: undefined,
    broken: undefined,
    pages: 0,
    pageTimes: openPageTimes(pageTimes),
    leaves: [],
    marks: [],
    ids: new Map(),
    blocks: [],
    nodes: new Map(),
    partial: [],
  };
}

/** First entry that is in the view and not in the rows. */
export function tailBegin(view: View): number {
  return view.pages * TILE_WIDTH;
}

/** Takes the block in. `false` when it is not the next one: it is known already. */
export function advance(view: View, step: Step, marks: readonly Marked[]): boolean {
  const { header, leaves, nodes, head } = step;
  if (header.blockNo !== view.head.blockNo + 1) return false;
  const begin = tailBegin(view);
  for (const [index, leaf] of leaves.entries()) {
    const seq = header.first + index;
    const mark = marks[index];
    if (seq < begin || mark === undefined) continue;
    view.leaves.push(leaf);
    view.marks.push(mark);
    view.ids.set(idKey(mark.id), seq);
  }
  if (header.size > begin) view.blocks.push([header.first, header.blockNo]);
  for (const { level, index, hash } of nodes) view.nodes.set(nodeName(level, index), hash);
  view.head = head;
  return true;
}

/** Lets go of the oldest page, whose rows are in the tables now. */
export function dropPage(view: View, times: IdTimes, partial: readonly Buffer[][]): void {
  for (const { id } of view.marks.splice(0, TILE_WIDTH)) view.ids.delete(idKey(id));
  view.leaves.splice(0, TILE_WIDTH);
  view.pages += 1;
  view.pageTimes.add(times);
  const begin = tailBegin(view);
  // The block that holds the first entry behind the page stays, and those after it.
  while ((view.blocks[1]?.[0] ?? Number.POSITIVE_INFINITY) <= begin) view.blocks.shift();
  if (view.head.edge.size <= begin) view.blocks.length = 0;
  view.partial.splice(0, view.partial.length, ...partial);
  for (const name of [...view.nodes.keys()]) {
    if (!isAhead(name, begin)) view.nodes.delete(name);
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
