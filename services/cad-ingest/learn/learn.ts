import type { CadFieldKey, CadFields } from '#contracts/cad-fields.ts';
import type { Learned, Place } from '#contracts/cad-learned.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { newDraft } from '../parse/draft.ts';
import { applyTables } from '../parse/tables.ts';
import { alignValue, type Stretch } from './align.ts';
import { type Borders, bordersOf } from './anchors.ts';
import { type Census, takeCensus } from './census.ts';
import { type Aligned, type Chosen, chooseAlike } from './choose.ts';
import { alignCode } from './codes.ts';
import { sharedLabels } from './labels-learned.ts';
import { type Known, type Landmarks, landmarksOf } from './landmarks.ts';
import { shapeOf, stretch, type TokenPage, tokenizePage, widestGap } from './page-tokens.ts';
import { learnedReader, readLearned } from './read-learned.ts';
import type { MarkedValue, Sample } from './sample.ts';
import { isSame, writeAddress } from './values.ts';
import { weighBorder } from './weigh.ts';

/** What samples of one agency taught: the parts of a profile. */
export type Lesson = Required<Pick<Profile, 'learned' | 'known' | 'tables'>>;

/** A sample with what the general reader makes of it. */
export interface ReadSample extends Sample {
  readonly reader: CadFields;
}

/** Leaving out more samples than this one by one tells nothing new and takes time. */
const TRIALS_MAX = 12;
const SHAPES_MAX = 20;
const UNTRIED = 0.5;

/**
 * Learns from labelled samples of one agency. Each field's trust is how often the rest of the samples
 * led to the value of the one left out.
 */
export function learnAgency(samples: readonly ReadSample[]): Lesson {
  const trust = samples.length > 1 ? trustByTrial(samples) : new Map();
  return learnFrom(samples, trust);
}

type Trust = ReadonlyMap<CadFieldKey, number>;

function trustByTrial(samples: readonly ReadSample[]): Trust {
  const right = new Map<CadFieldKey, number>();
  const total = new Map<CadFieldKey, number>();
  for (const [at, sample] of samples.slice(0, TRIALS_MAX).entries()) {
    const lesson = learnFrom(samples.toSpliced(at, 1), new Map());
    const fields = readBy(lesson, sample);
    for (const [key, value] of sample.fields) {
      total.set(key, (total.get(key) ?? 0) + 1);
      if (sameValue(fields[key], value)) right.set(key, (right.get(key) ?? 0) + 1);
    }
  }
  return new Map([...total].map(([key, count]) => [key, (right.get(key) ?? 0) / count]));
}

function readBy(lesson: Lesson, sample: ReadSample): CadFields {
  const draft = newDraft();
  const reader = learnedReader(lesson);
  if (reader !== undefined) readLearned(sample.text, reader, { draft, reader: sample.reader });
  applyTables([lesson.tables], draft);
  return draft.fields;
}

/** Whether a value that was read is the one that a person marked. */
export function sameValue(one: unknown, other: MarkedValue): boolean {
  return isSame(asText(one), asText(other));
}

function asText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function learnFrom(samples: readonly ReadSample[], trust: Trust): Lesson {
  const labels = sharedLabels(samples.map((sample) => tokenizePage(sample.text)));
  const pages = samples.map((sample) => tokenizePage(sample.text, labels));
  const plain = bordersWith(pages, {
    cities: new Set(),
    natures: new Set(),
    labels: new Set(labels),
  });
  const { aligned, codes } = alignAll(samples, pages);
  const first = chooseAlike(aligned, plain, takeCensus(plain));
  const known = {
    cities: valuesOf(first, pages, 'city'),
    natures: valuesOf(first, pages, 'nature'),
    labels: new Set(labels),
  };
  const landmarks = pages.map((page) => landmarksOf(page, known));
  const borders = pages.map((page, at) =>
    bordersOf(page, landmarks[at] ?? landmarksOf(page, known)),
  );
  const census = takeCensus(borders);
  const chosen = chooseAlike(aligned, borders, census);
  const materials = { samples, pages, landmarks, borders, census, chosen, trust };
  return {
    learned: {
      samples: samples.length,
      labels,
      fields: placesOf(materials),
      follows: followsOf(materials),
    },
    known: { city: [...known.cities], nature: [...known.natures] },
    tables: tablesOf(codes, chosen, pages),
  };
}

function bordersWith(pages: readonly TokenPage[], known: Known): Borders[] {
  return pages.map((page) => bordersOf(page, landmarksOf(page, known)));
}

interface Alignment {
  readonly aligned: readonly Aligned[];
  /** Towns that only a code on the page can stand for, by the number of the page. */
  readonly codes: ReadonlyMap<number, string>;
}

function alignAll(samples: readonly Sample[], pages: readonly TokenPage[]): Alignment {
  const aligned: Aligned[] = [];
  const codes = new Map<number, string>();
  for (const [page, sample] of samples.entries()) {
    const tokens = pages[page];
    if (tokens === undefined) continue;
    const parts = [...sample.fields].flatMap(([key, value]) =>
      alignValue(tokens, key, value).map((choices) => ({ page, key, choices })),
    );
    const city = asText(sample.fields.get('city'));
    const missing = city !== undefined && !parts.some((part) => part.key === 'city');
    const choices = missing ? alignCode(tokens, city) : [];
    if (choices.length > 0) {
      codes.set(page, city ?? '');
      parts.push({ page, key: 'city', choices });
    }
    aligned.push(...parts);
  }
  return { aligned, codes };
}

function valuesOf(
  chosen: readonly Chosen[],
  pages: readonly TokenPage[],
  key: CadFieldKey,
): ReadonlySet<string> {
  const values = chosen.filter((each) => each.key === key).map((each) => textAt(pages, each));
  return new Set(values.filter((value) => value.length <= 100));
}

function textAt(pages: readonly TokenPage[], place: Chosen): string {
  const page = pages[place.page];
  return page === undefined ? '' : stretch(page, place.from, place.to).replaceAll(/\s+/g, ' ');
}

interface Materials {
  readonly samples: readonly ReadSample[];
  readonly pages: readonly TokenPage[];
  readonly landmarks: readonly Landmarks[];
  readonly borders: readonly Borders[];
  readonly census: Census;
  readonly chosen: readonly Chosen[];
  readonly trust: Trust;
}

function placesOf(materials: Materials): Learned['fields'] {
  const fields: Partial<Record<CadFieldKey, Place>> = {};
  const byKey = Map.groupBy(materials.chosen, (each) => each.key);
  for (const [key, places] of byKey) fields[key] = placeOf(key, places, materials);
  return fields;
}

function placeOf(key: CadFieldKey, places: readonly Chosen[], materials: Materials): Place {
  const { samples, pages, borders, census, trust } = materials;
  const texts = places.map((place) => textAt(pages, place));
  const marked = samples.filter((sample) => sample.fields.has(key));
  const read = marked.filter((sample) =>
    sameValue(sample.reader[key], sample.fields.get(key) ?? ''),
  );
  const acrossLines = places.some((place) => crossesLines(pages[place.page], place));
  return {
    share: round(new Set(places.map((place) => place.page)).size / samples.length),
    starts: weighBorder({ borders, census, side: 'starts', places }),
    ends: weighBorder({ borders, census, side: 'ends', places }),
    shapes: [...new Set(texts.map(shapeOf))].filter((shape) => shape !== '').slice(0, SHAPES_MAX),
    tokensMax: Math.min(2_000, Math.max(...places.map((place) => place.to - place.from))),
    ...(acrossLines ? { lines: true } : {}),
    ...(isNarrow(places, pages) ? { narrow: true } : {}),
    ...(key === 'address' ? addressHabits(places, materials) : {}),
    trust: round(trust.get(key) ?? UNTRIED),
    readerTrust: round(read.length / Math.max(1, marked.length)),
  };
}

function crossesLines(page: TokenPage | undefined, place: Stretch): boolean {
  return page?.tokens.slice(place.from, place.to).some((token) => token.kind === 'line') ?? false;
}

/** Fields that wide blanks part from their neighbours hold none. */
function isNarrow(places: readonly Chosen[], pages: readonly TokenPage[]): boolean {
  const parted = places.filter((place) => {
    const page = pages[place.page];
    return page !== undefined && widestGap(page, place.from - 1, place.to + 1) > 1;
  });
  const inside = places.some((place) => {
    const page = pages[place.page];
    return page !== undefined && widestGap(page, place.from, place.to) > 1;
  });
  return !inside && parted.length * 2 > places.length;
}

function addressHabits(
  places: readonly Chosen[],
  materials: Materials,
): Pick<Place, 'written' | 'firm'> {
  return { written: writtenBy(places, materials), firm: firmShare(places, materials) };
}

const WAYS = ['parts', 'grammar', 'page'] as const;

/** How the marked addresses are written; the first way wins a draw. */
function writtenBy(places: readonly Chosen[], { samples, pages }: Materials): Place['written'] {
  const right = WAYS.map((way) => {
    const same = places.filter((place) => {
      const marked = String(samples[place.page]?.fields.get('address') ?? '');
      return isSame(writeAddress(textAt(pages, place), way), marked);
    });
    return same.length;
  });
  return WAYS[right.indexOf(Math.max(...right))];
}

function firmShare(places: readonly Chosen[], { landmarks }: Materials): number {
  const firm = places.filter((place) => {
    const found = landmarks[place.page]?.places.get(place.from);
    return found?.end === place.to && found.match.form !== 'road';
  });
  return round(firm.length / Math.max(1, places.length));
}

const ORDER_MOST = 1.2;

/** How often each field stands right behind another, and what stands between. */
function followsOf({ chosen, samples, landmarks }: Materials): Learned['follows'] {
  const pairs = new Map<string, Learned['follows'][number]>();
  for (const [page, places] of Map.groupBy(chosen, (each) => each.page)) {
    const wordsBefore = landmarks[page]?.wordsBefore ?? [];
    let first = '^';
    let end = 0;
    for (const { key: next, from, to } of places.toSorted((one, other) => one.from - other.from)) {
      if (next === 'narrative') continue;
      const known = pairs.get(`${first} ${next}`);
      const between = Math.max(0, (wordsBefore[from] ?? 0) - (wordsBefore[end] ?? 0));
      const words = Math.max(known?.words ?? 0, between);
      pairs.set(`${first} ${next}`, { first, next, weight: (known?.weight ?? 0) + 1, words });
      first = next;
      end = to;
    }
  }
  return [...pairs.values()].map((pair) => ({
    ...pair,
    weight: Math.min(ORDER_MOST, round(ORDER_MOST * (pair.weight / samples.length) ** 0.5)),
  }));
}

/** The codes of towns; one that stands for two towns is left out. */
function tablesOf(
  codes: Alignment['codes'],
  chosen: readonly Chosen[],
  pages: readonly TokenPage[],
): Lesson['tables'] {
  const city = new Map<string, Set<string>>();
  for (const [page, value] of codes) {
    const place = chosen.find((each) => each.page === page && each.key === 'city');
    if (place === undefined) continue;
    const code = textAt(pages, place);
    city.set(code, (city.get(code) ?? new Set()).add(value));
  }
  const sure = [...city].filter(([, values]) => values.size === 1);
  if (sure.length === 0) return {};
  return { city: Object.fromEntries(sure.map(([code, values]) => [code, [...values][0] ?? code])) };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
