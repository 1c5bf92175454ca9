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
  const none = new Map<number, number>();
  const bare = scores.map((_, field) => sumOf(index, none, field));
  for (const [at, anchors] of spots.entries()) {
    const sums = new Map<number, number>();
    for (const anchor of anchors) {
      for (const { slot, weight } of index.hits.get(anchor.key) ?? []) {
        sums.set(slot, Math.max(sums.get(slot) ?? weight, weight));
      }
    }
    const hit = new Set([...sums.keys()].map((slot) => Math.floor(slot / WIDTH)));
    for (const [field, list] of scores.entries()) {
      list[at] = hit.has(field) ? sumOf(index, sums, field) : (bare[field] ?? 0);
    }
  }
  return scores;
}

/** Behind its own label a value may stand anywhere: the order of the parts was only another one. */
const LABEL_LEAST = 4;
const MOVED = 0.4;

function sumOf(index: Index, sums: ReadonlyMap<number, number>, field: number): number {
  let sum = 0;
  const labelled = (sums.get(field * WIDTH) ?? 0) >= LABEL_LEAST;
  for (const [kind, by] of families.entries()) {
    const slot = field * WIDTH + kind;
    const miss = (index.misses[slot] ?? 0) * (labelled ? MOVED : 1);
    sum += COUNTS[by] * (sums.get(slot) ?? miss);
  }
  return sum;
}
