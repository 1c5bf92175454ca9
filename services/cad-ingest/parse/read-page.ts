import type { CadDraft, CadFieldKey, CadFields } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { readLearned } from '../learn/read-learned.ts';
import {
  type Compiled,
  compileProfile,
  replaceAll,
  type Sample,
  sampleOf,
  withReplaced,
} from './compile.ts';
import { joinHalves } from './cut-in-two.ts';
import { type Draft, has, newDraft } from './draft.ts';
import { finishFields, finishText } from './finish.ts';
import { readGeneric } from './generic.ts';
import { harvest } from './harvest.ts';
import { isCancel, kindOf } from './kind.ts';
import { withinPage } from './page-memo.ts';
import { builtInProfiles } from './profiles/built-in.ts';
import { readSubject } from './subject.ts';
import { doubtSwallowed } from './swallowed.ts';
import { applyTables, type Tables, type Translated } from './tables.ts';
import { joinBroken } from './text/broken-words.ts';
import { type PageText, preparePage } from './text/prepare.ts';
import { updateToken } from './values/update-word.ts';

/** One dispatch mail as text. `body` is plain text or HTML source; `html` is the HTML part, if any. */
export interface Page {
  readonly subject?: string;
  readonly body: string;
  readonly html?: string;
  readonly from?: string;
  readonly receivedAt?: string;
  readonly source?: string;
}

/** Below this certainty a field wants a person's eye. */
const SURE = 0.8;
/** A reading this good is not compared with another. */
const GOOD = 0.75;
/** So much better must a page read in one piece to be believed to be one. */
const WHOLE_MARGIN = 0.05;
/** How many profiles whose marks are in the page are tried on it. */
const PROFILES_TRIED_MAX = 3;
const BY_PROFILE = 0.97;
const COMPLETE_LEAST = 0.35;

const builtIn = builtInProfiles.map(compileProfile);
/** Profiles given more than once, as by a loop over pages, are made ready once. */
const ready = new WeakMap<Profile, Compiled>();

/**
 * Reads one page into a draft; any text gets an answer and none throws. `prepared` is the text of
 * the page, where it was made ready before.
 */
export function readPage(page: Page, profiles: readonly Profile[], prepared?: PageText): CadDraft {
  return bestReading(page, { profiles }, prepared).finish().draft;
}

/** What a page is read by. */
export interface ReadBy {
  readonly profiles: readonly Profile[];
  /** Code tables of the centre; they count before those of a profile. */
  readonly tables?: Tables | undefined;
}

/** The same with the grounds of the draft: version of the profile, confidence per field, codes. */
export function readPageInFull(page: Page, by: ReadBy, prepared?: PageText): CadDraft {
  const { draft, grounds } = bestReading(page, by, prepared).finish();
  return { ...draft, ...grounds };
}

function bestReading(page: Page, by: ReadBy, prepared?: PageText): Reading {
  return withinPage(() => bestOf(page, by, prepared ?? preparePage(page)));
}

function bestOf(page: Page, { profiles, tables }: ReadBy, text: PageText): Reading {
  const received = dayOf(page.receivedAt);
  const reader = { given: profiles.map(readyOf), source: page.source, received, tables };
  const first = readHalves(page, readText(text, reader), reader);
  if (page.html === undefined || first.value >= GOOD) return first;
  const second = readText(preparePage({ ...page, body: page.html }), reader);
  return second.value > first.value ? second : first;
}

/** A page cut in two, half of it in the subject, is read in one piece where that reads better. */
function readHalves(page: Page, apart: Reading, reader: Reader): Reading {
  if (apart.value >= GOOD) return apart;
  const body = joinHalves(page.subject ?? '', page.body);
  if (body === undefined) return apart;
  const whole = readText(preparePage({ ...page, subject: '', body }), reader);
  return whole.value > apart.value + WHOLE_MARGIN ? whole : apart;
}

/** A page as it is read where nothing is known of its agency. */
export interface PlainReading {
  readonly text: PageText;
  readonly fields: CadFields;
}

/** What the built-in profiles and the generic reader make of a page. */
export function readPlain(page: Page): PlainReading {
  const text = preparePage(page);
  const reader = { given: [], source: undefined, received: dayOf(page.receivedAt) };
  const { draft } = withinPage(() => readText(text, reader).finish());
  return { text: { ...text, body: shedUpdate(text) }, fields: draft.fields };
}

interface Reader {
  readonly given: readonly Compiled[];
  readonly source: string | undefined;
  /** The day on which the mail came, as `YYYY-MM-DD`: dates without a year are near it. */
  readonly received: string | undefined;
  readonly tables?: Tables | undefined;
}

interface Reading {
  /** 0..1: how much was found, and how surely: what readings are compared by. */
  readonly value: number;
  /** A nature and an address were found where the profile looked for them. */
  readonly complete: boolean;
  /** The draft, which is made of the best reading alone. */
  readonly finish: () => Finished;
}

interface Finished {
  readonly draft: CadDraft;
  readonly grounds: Pick<CadDraft, 'profileVersion' | 'fieldConfidence' | 'translated'>;
}

/** The first profile that reads the page well, else the best of what was tried. */
function readText(text: PageText, reader: Reader): Reading {
  const sample = sampleOf(text);
  let best: Reading | undefined;
  let left = PROFILES_TRIED_MAX;
  for (const compiled of inOrder(reader)) {
    if (!isCandidate(compiled, sample)) continue;
    if (left-- === 0) break;
    if (compiled.learned !== undefined) return byLearned(text, sample, compiled, reader);
    const reading = byProfile(text, sample, compiled, reader);
    if (reading.value >= GOOD || reading.complete) return reading;
    if (best === undefined || reading.value > best.value) best = reading;
  }
  const generic = byLabels(text, reader);
  return best !== undefined && best.value >= generic.value ? best : generic;
}

/** Those of the page's source first, then those that any page may be of. */
function inOrder({ given, source }: Reader): readonly Compiled[] {
  if (given.length === 0) return builtIn;
  const own = given.filter((each) => source !== undefined && each.sources.has(source));
  return [...own, ...given.filter(({ sources }) => sources.size === 0), ...builtIn];
}

/** Marks are looked for only where no profile before read the page well. */
function isCandidate({ sources, profile, detects }: Compiled, sample: Sample): boolean {
  return sources.size > 0 || profile.detect === undefined || detects(sample);
}

function byProfile(text: PageText, sample: Sample, compiled: Compiled, reader: Reader): Reading {
  const { profile } = compiled;
  const draft = draftFor(reader);
  for (const city of profile.known?.city ?? []) draft.hints.cities.add(city.toUpperCase());
  const work = { draft, sure: profile.certain ?? BY_PROFILE, natures: compiled.natures };
  compiled.subject?.(replaceAll(profile, text.subject), work);
  compiled.body(mended(replaceAll(profile, shedUpdate(text)), { profile, draft, reader }), work);
  if (compiled.subject === undefined) readSubject(text, draft);
  const translated = applyTables([reader.tables, profile.tables], draft);
  return judge({ text, draft, profile, kind: compiled.kindOf(sample), translated });
}

/** The body with the words whole that the product breaks. */
function mended(
  body: string,
  by: { readonly profile: Profile; readonly draft: Draft; readonly reader: Reader },
): string {
  if (by.profile.brokenWords === undefined) return body;
  const named = [by.reader.tables, by.profile.tables].flatMap((each) =>
    Object.values(each?.city ?? {}),
  );
  return joinBroken(body, [...by.draft.hints.cities, ...named]);
}

/** What was learned of this very source is blended with the other readers, and wins over them. */
function byLearned(text: PageText, sample: Sample, compiled: Compiled, reader: Reader): Reading {
  const { profile, learned } = compiled;
  const draft = draftFor(reader);
  const plain = readText(text, { given: [], source: undefined, received: reader.received });
  const shed = withReplaced({ ...text, body: shedUpdate(text) }, profile);
  const target = { draft, reader: plain.finish().draft.fields };
  const { fits } = learned === undefined ? { fits: true } : readLearned(shed, learned, target);
  // The centre has another form of page, that no sample was of.
  if (!fits && plain.complete) return plain;
  const translated = applyTables([reader.tables, profile.tables], draft);
  return judge({ text, draft, profile, kind: compiled.kindOf(sample), translated });
}

function byLabels(text: PageText, reader: Reader): Reading {
  const draft = draftFor(reader);
  // A page that is all in the subject is read as a body is.
  const body = text.body.trim() === '' ? text.subject : text.body;
  readGeneric({ ...text, body: shedUpdate({ ...text, body }) }, draft);
  if (text.body.trim() !== '') readSubject(text, draft);
  const translated = applyTables([reader.tables], draft);
  return judge({ text, draft, profile: { id: 'generic' }, kind: undefined, translated });
}

/** The page without the word that says it is an update. */
function shedUpdate(text: Pick<PageText, 'body'>): string {
  const token = updateToken(text.body);
  return token === undefined
    ? text.body
    : text.body.slice(token.length).replace(/^[\s;:]{1,8}/, '');
}

interface Read {
  readonly text: PageText;
  readonly draft: Draft;
  readonly profile: Pick<Profile, 'id'> & Partial<Pick<Profile, 'version'>>;
  readonly translated: Translated;
  /** What the profile itself says that the page does. */
  readonly kind: CadDraft['kind'] | undefined;
}

function judge(read: Read): Reading {
  const { text, draft } = read;
  harvest(text, draft);
  doubtSwallowed(draft);
  const value = worthOf(draft);
  const complete = has(draft, 'nature') && (draft.certain.get('address') ?? 0) >= COMPLETE_LEAST;
  return { value, complete, finish: () => finishReading(read, value) };
}

function finishReading(read: Read, value: number): Finished {
  const { text, draft, profile, kind: said, translated } = read;
  const kind = said ?? kindOf(text, draft);
  const fields = kind === 'other' ? finishText(text) : finishFields(draft);
  const keys = Object.keys(fields) as CadFieldKey[];
  const unsure = keys.filter((key) => (draft.certain.get(key) ?? 1) < SURE);
  if (text.cut && !unsure.includes('narrative')) unsure.push('narrative');
  const found = keys.length > 0;
  return {
    grounds: found ? groundsOf({ draft, keys, profile, translated }) : {},
    draft: {
      kind,
      profile: found ? profile.id : 'none',
      confidence: found ? Math.round(value * 100) / 100 : 0,
      fields,
      unsure,
      ...(kind === 'update' && isCancel(text, draft) ? { cancels: true as const } : {}),
    },
  };
}

function groundsOf(about: {
  readonly draft: Draft;
  readonly keys: readonly CadFieldKey[];
  readonly profile: Read['profile'];
  readonly translated: Translated;
}): Finished['grounds'] {
  const { draft, keys, profile, translated } = about;
  const fieldConfidence: NonNullable<CadDraft['fieldConfidence']> = {};
  for (const key of keys) {
    const certain = draft.certain.get(key);
    if (certain !== undefined) {
      fieldConfidence[key] = Math.min(1, Math.round(certain * 100) / 100);
    }
  }
  const written = Object.entries(translated).filter(([key]) => keys.some((each) => each === key));
  return {
    fieldConfidence,
    ...(profile.version === undefined ? {} : { profileVersion: profile.version }),
    ...(written.length === 0 ? {} : { translated: Object.fromEntries(written) }),
  };
}

/** Codes of towns end a street as the towns' names do; those of one or two letters are too common. */
const TOWN_CODE_CHARS_MIN = 3;

function draftFor({ received, tables }: Reader): Draft {
  const draft = newDraft(received);
  const codes = Object.keys(tables?.city ?? {});
  for (const code of codes) {
    if (code.length >= TOWN_CODE_CHARS_MIN) draft.hints.cities.add(code.toUpperCase());
  }
  return draft;
}

/** Nature and address are what a crew needs; without a street a place or coordinates must do. */
function worthOf(draft: Draft): number {
  const nature = draft.certain.get('nature') ?? 0;
  const located = has(draft, 'coordinates') || has(draft, 'placeName') ? 0.3 : 0;
  const address = draft.certain.get('address') ?? located;
  return Math.min(1, (nature + address) / 2);
}

function readyOf(profile: Profile): Compiled {
  const known = ready.get(profile);
  if (known !== undefined) return known;
  const compiled = compileProfile(profile);
  ready.set(profile, compiled);
  return compiled;
}

function dayOf(receivedAt: string | undefined): string | undefined {
  const day = receivedAt?.slice(0, 10) ?? '';
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : undefined;
}
