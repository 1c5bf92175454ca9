import type { CadFieldKey } from '#contracts/cad-fields.ts';
import type { Stretch } from './align.ts';
import type { Anchor, Borders } from './anchors.ts';
import type { Census } from './census.ts';

/** A field of one sample: for each of its parts every place where it may stand. */
export interface Aligned {
  readonly page: number;
  readonly key: CadFieldKey;
  readonly choices: readonly Stretch[];
}

/** A field's place on one page, decided. */
export interface Chosen extends Stretch {
  readonly page: number;
  readonly key: CadFieldKey;
}

const TURNS = 2;
/** How much each line further down speaks against a place, where all else is equal. */
const LATER_COST = 0.000_1;

/**
 * A value may stand on a page several times (`1` nearly always does). The places are taken that look
 * most alike over the samples.
 */
export function chooseAlike(
  aligned: readonly Aligned[],
  borders: readonly Borders[],
  census: Census,
): Chosen[] {
  let chosen: Chosen[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const support = supportOf(turn === 0 ? everyChoice(aligned) : chosen, borders);
    chosen = aligned.flatMap((each) => best(each, { borders, census, support }));
  }
  return chosen;
}

interface Evidence {
  readonly borders: readonly Borders[];
  readonly census: Census;
  /** Pages on which a place of the field has the anchor. */
  readonly support: ReadonlyMap<string, ReadonlySet<number>>;
}

function everyChoice(aligned: readonly Aligned[]): Chosen[] {
  return aligned.flatMap(({ page, key, choices }) =>
    choices.map((each) => ({ page, key, ...each })),
  );
}

function best(aligned: Aligned, evidence: Evidence): Chosen[] {
  let found: Chosen | undefined;
  let bestScore = -1;
  for (const choice of aligned.choices) {
    const place = { page: aligned.page, key: aligned.key, ...choice };
    const score = scoreOf(place, evidence) - choice.from * LATER_COST;
    if (found === undefined || score > bestScore) {
      found = place;
      bestScore = score;
    }
  }
  return found === undefined ? [] : [found];
}

function scoreOf(place: Chosen, { borders, census, support }: Evidence): number {
  const byFamily = new Map<string, number>();
  for (const [side, anchor] of anchorsOf(place, borders)) {
    const pages = support.get(`${place.key} ${side} ${anchor.key}`);
    const others = (pages?.size ?? 0) - (pages?.has(place.page) ? 1 : 0);
    const value = others === 0 ? 0 : others * rarityOf(census, side, anchor);
    const family = `${side} ${anchor.by}`;
    byFamily.set(family, Math.max(byFamily.get(family) ?? 0, value));
  }
  let sum = 0;
  for (const value of byFamily.values()) sum += value;
  return sum;
}

function supportOf(
  places: readonly Chosen[],
  borders: readonly Borders[],
): ReadonlyMap<string, ReadonlySet<number>> {
  const support = new Map<string, Set<number>>();
  for (const place of places) {
    for (const [side, anchor] of anchorsOf(place, borders)) {
      const key = `${place.key} ${side} ${anchor.key}`;
      const pages = support.get(key) ?? new Set();
      pages.add(place.page);
      support.set(key, pages);
    }
  }
  return support;
}

type Side = 'start' | 'end';

function anchorsOf(place: Chosen, borders: readonly Borders[]): (readonly [Side, Anchor])[] {
  const page = borders[place.page];
  const starts = (page?.starts[place.from] ?? []).map((anchor) => ['start', anchor] as const);
  const ends = (page?.ends[place.to] ?? []).map((anchor) => ['end', anchor] as const);
  return [...starts, ...ends];
}

/** How seldom an anchor is, as a logarithm. */
function rarityOf({ starts, ends }: Census, side: Side, anchor: Anchor): number {
  const all = side === 'start' ? starts.total : ends.total;
  const count = (side === 'start' ? starts : ends).counts.get(anchor.key) ?? all;
  return Math.log(1 + (starts.total + ends.total) / count);
}
