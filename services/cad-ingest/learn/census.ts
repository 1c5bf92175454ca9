import type { Anchor, Borders } from './anchors.ts';

/** How often each anchor stands on the pages of all samples, on each side of a value. */
export interface Census {
  readonly starts: Counted;
  readonly ends: Counted;
}

export interface Counted {
  readonly counts: ReadonlyMap<string, number>;
  /** Borders there are. */
  readonly total: number;
}

export function takeCensus(borders: readonly Borders[]): Census {
  return {
    starts: countAll(borders.map((page) => page.starts)),
    ends: countAll(borders.map((page) => page.ends)),
  };
}

function countAll(pages: readonly (readonly (readonly Anchor[])[])[]): Counted {
  const counts = new Map<string, number>();
  let total = 0;
  for (const spots of pages) {
    total += spots.length;
    for (const spot of spots) {
      for (const { key } of spot) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return { counts, total };
}
