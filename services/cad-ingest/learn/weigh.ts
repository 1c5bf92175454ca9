import type { Border, Family } from '#contracts/cad-learned.ts';
import { type Anchor, type Borders, keyOf } from './anchors.ts';
import type { Census } from './census.ts';
import type { Chosen } from './choose.ts';

const ANCHORS_MAX = 120;
/** Added to counts, so that what was never seen is rare and not impossible. */
const SMOOTH = 0.4;
const WEIGHT_LEAST = 0.4;

/** What is counted for one field and one side of its values. */
interface Weighing {
  readonly borders: readonly Borders[];
  readonly census: Census;
  readonly side: 'starts' | 'ends';
  /** The places of the field. */
  readonly places: readonly Chosen[];
}

/** Weighs each anchor by how much oftener it stands at the field's border than elsewhere. */
export function weighBorder({ borders, census, side, places }: Weighing): Border {
  const spots = places.map((place) => anchorsAt(borders, side, place));
  const hits = countAnchors(spots);
  const all = census[side];
  const elsewhere = all.total - places.length;
  const kept: { by: Family; is: string; weight: number }[] = [];
  const least = places.length > 2 ? 2 : 1;
  for (const [key, { anchor, count }] of hits) {
    if (count < least && !(anchor.by === 'text' && !anchor.is.includes(' '))) continue;
    const others = (all.counts.get(key) ?? 0) - count;
    const weight = round(
      Math.log(
        (count + SMOOTH / 2) / (places.length + SMOOTH) / ((others + SMOOTH) / (elsewhere + 1)),
      ),
    );
    if (weight >= WEIGHT_LEAST && anchor.is.length <= 160)
      kept.push({ by: anchor.by, is: anchor.is, weight });
  }
  const anchors = kept.toSorted((one, other) => other.weight - one.weight).slice(0, ANCHORS_MAX);
  return { anchors, misses: missesOf(anchors, spots) };
}

function anchorsAt(
  borders: readonly Borders[],
  side: Weighing['side'],
  place: Chosen,
): readonly Anchor[] {
  const at = side === 'starts' ? place.from : place.to;
  return borders[place.page]?.[side][at] ?? [];
}

function countAnchors(
  spots: readonly (readonly Anchor[])[],
): Map<string, { anchor: Anchor; count: number }> {
  const hits = new Map<string, { anchor: Anchor; count: number }>();
  for (const anchor of spots.flat()) {
    const known = hits.get(anchor.key);
    hits.set(anchor.key, { anchor, count: (known?.count ?? 0) + 1 });
  }
  return hits;
}

/** The surer a kind of anchor was there, the more its absence says. */
function missesOf(
  anchors: Border['anchors'],
  spots: readonly (readonly Anchor[])[],
): Border['misses'] {
  const kept = new Set(anchors.map(keyOf));
  const misses: Partial<Record<Family, number>> = {};
  for (const by of new Set(anchors.map((anchor) => anchor.by))) {
    const covered = spots.filter((spot) =>
      spot.some((anchor) => anchor.by === by && kept.has(anchor.key)),
    ).length;
    misses[by] = round(Math.log((spots.length - covered + SMOOTH) / (spots.length + SMOOTH)));
  }
  return misses;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
