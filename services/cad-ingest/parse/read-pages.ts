import { type CadDraft, cadFields } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { normalLabel, rolesOf } from './dictionary.ts';
import { findLabels } from './labels.ts';
import { withinPage } from './page-memo.ts';
import { type Page, type ReadBy, readPage, readPageInFull } from './read-page.ts';
import { type PageText, preparePage } from './text/prepare.ts';

/** A mail with more calls than this is a list, not a page. */
const CALLS_MAX = 20;
const HEADING_CHARS_MIN = 6;
const HEADING_CHARS_MAX = 60;

/**
 * The drafts of a mail that may hold several calls, one after the other, each begun by the same
 * label or heading. Stacked pages of one call are one draft. Nearly every mail holds one.
 */
export function readPages(page: Page, profiles: readonly Profile[]): CadDraft[] {
  return readEach(page, (each, text) => readPage(each, profiles, text));
}

/** The same with the grounds of each draft. */
export function readPagesInFull(page: Page, by: ReadBy): CadDraft[] {
  return readEach(page, (each, text) => readPageInFull(each, by, text));
}

/** Reads a page; `text` is that page made ready, where it is known already. */
type Read = (page: Page, text?: PageText) => CadDraft;

function readEach(given: Page, read: Read): CadDraft[] {
  return withinPage(() => readAll(given, read));
}

function readAll(given: Page, read: Read): CadDraft[] {
  const page = asBody(given);
  const text = preparePage(page);
  const starts = callStarts(text.lines);
  if (starts.length < 2 || starts.length > CALLS_MAX) return [read(page, text)];
  const drafts = starts.map((start, index) => {
    const body = text.lines.slice(start, starts[index + 1]).join('\n');
    const { html: _, ...rest } = page;
    return read({ ...rest, body });
  });
  // Parts that are no call by themselves are sections of one page.
  const calls = drafts.filter(isCall);
  if (calls.length < drafts.length) return [read(page, text)];
  return merged(drafts);
}

/** A mail without plain text is cut by its HTML. */
function asBody(page: Page): Page {
  if (page.html === undefined || page.body.trim() !== '') return page;
  const { html, ...rest } = page;
  return { ...rest, body: html };
}

/** Lines that begin as the first line of the page does. */
function callStarts(lines: readonly string[]): number[] {
  const first =
    lines
      .find((line) => line.trim() !== '')
      ?.trimStart()[0]
      ?.toUpperCase() ?? '';
  const alike = [...lines.keys()].filter((at) => mayOpen(lines[at] ?? '', first));
  if (alike.length < 2) return [];
  const opening = openingOf(lines[alike[0] ?? 0] ?? '');
  if (opening === undefined) return [];
  return alike.filter((at) => openingOf(lines[at] ?? '') === opening);
}

/** Labels are looked for only in lines that begin with the same letter or digit, or with a sign. */
function mayOpen(line: string, first: string): boolean {
  const own = line.trimStart()[0] ?? '';
  if (own === '') return false;
  return own.toUpperCase() === first || !/[A-Za-z0-9]/.test(own);
}

/** The label that a line begins with, or the whole of a line that is a heading. */
function openingOf(line: string): string | undefined {
  const text = line.trim();
  const options = { lookup: rolesOf, unknownInside: false };
  const [mark] = findLabels(text.slice(0, 200), options, 1);
  if (mark !== undefined) return mark.start === 0 ? normalLabel(mark.label) : undefined;
  const heading = text.length >= HEADING_CHARS_MIN && text.length <= HEADING_CHARS_MAX;
  return heading && !/\d/.test(text) ? text.toUpperCase() : undefined;
}

function isCall({ fields }: CadDraft): boolean {
  const located = fields.address ?? fields.coordinates ?? fields.placeName;
  return located !== undefined && (fields.nature ?? fields.number) !== undefined;
}

/** Pages of one call carry its number, or else its address and nature: they are one draft. */
function merged(drafts: readonly CadDraft[]): CadDraft[] {
  const calls = new Map<string, CadDraft>();
  for (const draft of drafts) {
    const { number, address, nature } = draft.fields;
    const name = number ?? `${address}\n${nature}`;
    const known = calls.get(name);
    calls.set(name, known === undefined ? draft : withMore(known, draft));
  }
  return [...calls.values()];
}

/** What the first page says stands; a later one adds what is not there. */
function withMore(first: CadDraft, later: CadDraft): CadDraft {
  const lists = (['units', 'crossStreets', 'unitTimes'] as const).flatMap((key) => {
    const items = [...(first.fields[key] ?? []), ...(later.fields[key] ?? [])];
    const once = new Map(items.map((item) => [JSON.stringify(item), item]));
    return items.length === 0 ? [] : [[key, [...once.values()]]];
  });
  const texts = [first.fields.narrative, later.fields.narrative];
  const lines = new Set(texts.flatMap((text) => text?.split('\n') ?? []));
  const narrative = lines.size === 0 ? {} : { narrative: [...lines].join('\n') };
  const all = { ...later.fields, ...first.fields, ...Object.fromEntries(lists), ...narrative };
  const whole = cadFields.safeParse(all);
  // Past the bounds of a field the first page is what is left.
  const fields = whole.success ? whole.data : first.fields;
  const unsure = new Set([...first.unsure, ...later.unsure]);
  const isCalled = first.kind === 'dispatch' || later.kind === 'dispatch';
  return {
    ...first,
    kind: isCalled ? 'dispatch' : first.kind,
    confidence: Math.min(first.confidence, later.confidence),
    fields,
    unsure: [...unsure],
  };
}
