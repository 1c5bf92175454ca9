import type { CadFieldKey } from '#contracts/cad-fields.ts';
import {
  type Border,
  type Family,
  families,
  type Learned,
  type Place,
} from '#contracts/cad-learned.ts';
import { type Anchor, type Borders, keyOf } from './anchors.ts';

/** A learned part of a profile, made ready: anchors are found by their text. */
export interface Ready {
  readonly learned: Learned;
  readonly fields: readonly (readonly [key: CadFieldKey, place: Place])[];
  readonly starts: Index;
  readonly ends: Index;
  readonly follows: Follows;
}

/** By field, by the field behind it: what the order is worth, and the words between at the most. */
export type Follows = ReadonlyMap<
  string,
  ReadonlyMap<string, { readonly weight: number; readonly words: number }>
>;

interface Hit {
  /** Where the sum of this field and kind of anchor stands. */
  readonly slot: number;
  readonly weight: number;
}

interface Index {
  readonly hits: ReadonlyMap<string, readonly Hit[]>;
  /** The cost of each kind of anchor that is not there, by field. */
  readonly misses: readonly number[];
}

/** What the kinds of anchors count for beside each other: they are not independent. */
const COUNTS: Record<Family, number> = {
  text: 1,
  line: 0.5,
  piece: 0.5,
  cell: 0.2,
  shape: 0.4,
  begins: 0.6,
  behind: 0.5,
  gap: 0.4,
  case: 0.3,
};
const COUNT_OF = families.map((by) => COUNTS[by]);
const WIDTH = families.length;

export function makeReady(learned: Learned): Ready {
  const fields = Object.entries(learned.fields) as [CadFieldKey, Place][];
  return {
    learned,
    fields,
    starts: indexOf(fields.map(([, place]) => place.starts)),
    ends: indexOf(fields.map(([, place]) => place.ends)),
    follows: new Map(
      [...Map.groupBy(learned.follows, (each) => each.first)].map(([first, list]) => [
        first,
        new Map(list.map((each) => [each.next, each])),
      ]),
    ),
  };
}

function indexOf(borders: readonly Border[]): Index {
  const hits = new Map<string, Hit[]>();
  const misses: number[] = [];
  for (const [field, border] of borders.entries()) {
    for (const by of families) misses.push(border.misses[by] ?? 0);
    for (const anchor of border.anchors) {
      const list = hits.get(keyOf(anchor)) ?? [];
      list.push({ slot: field * WIDTH + families.indexOf(anchor.by), weight: anchor.weight });
      hits.set(keyOf(anchor), list);
    }
  }
  return { hits, misses };
}

/** By field and border of a page: how much speaks for a value to start (or end) there. */
export type BorderScores = readonly Float64Array[];

export interface Scores {
  readonly starts: BorderScores;
  readonly ends: BorderScores;
}

export function scoreBorders(ready: Ready, borders: Borders): Scores {
  return {
    starts: scoresOf(ready.starts, borders.starts, ready.fields.length),
    ends: scoresOf(ready.ends, borders.ends, ready.fields.length),
  };
}

function scoresOf(
  index: Index,
  spots: readonly (readonly Anchor[])[],
  fields: number,
): BorderScores {
  const scores = Array.from({ length: fields }, () => new Float64Array(spots.length));
  const sums = new Float64Array(fields * WIDTH).fill(Number.NaN);
  const bare = scores.map((_, field) => sumOf(index, sums, field));
  for (const [field, list] of scores.entries()) list.fill(bare[field] ?? 0);
  for (const [at, anchors] of spots.entries()) {
    const slots = addHits(sums, index, anchors);
    for (const field of new Set(slots.map((slot) => Math.floor(slot / WIDTH)))) {
      const list = scores[field];
      if (list !== undefined) list[at] = sumOf(index, sums, field);
    }
    for (const slot of slots) sums[slot] = Number.NaN;
  }
  return scores;
}

/** The strongest anchor of each kind counts. Answers which sums have one now: the others are no number. */
function addHits(sums: Float64Array, index: Index, anchors: readonly Anchor[]): number[] {
  const slots: number[] = [];
  for (const anchor of anchors) {
    for (const { slot, weight } of index.hits.get(anchor.key) ?? []) {
      const before = sums[slot] ?? Number.NaN;
      if (Number.isNaN(before)) slots.push(slot);
      if (!(before >= weight)) sums[slot] = weight;
    }
  }
  return slots;
}

/** Behind its own label a value may stand anywhere: the order of the parts was only another one. */
const LABEL_LEAST = 4;
const MOVED = 0.4;

function sumOf({ misses }: Index, sums: Float64Array, field: number): number {
  let sum = 0;
  const labelled = (sums[field * WIDTH] ?? 0) >= LABEL_LEAST;
  for (let kind = 0; kind < WIDTH; kind += 1) {
    const slot = field * WIDTH + kind;
    const hit = sums[slot] ?? Number.NaN;
    const miss = (misses[slot] ?? 0) * (labelled ? MOVED : 1);
    sum += (COUNT_OF[kind] ?? 0) * (Number.isNaN(hit) ? miss : hit);
  }
  return sum;
}
