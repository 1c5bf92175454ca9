import type { CadDraft } from '#contracts/cad-fields.ts';
import type { Profile } from '#contracts/cad-profile.ts';
import { labelRoles, normalLabel } from './dictionary.ts';
import { findLabels } from './labels.ts';
import { type Page, readPage } from './read-page.ts';
import { preparePage } from './text/prepare.ts';

/** A mail with more calls than this is a list, not a page. */
const CALLS_MAX = 20;
const HEADING_CHARS_MIN = 6;
const HEADING_CHARS_MAX = 60;

/**
 * The drafts of a mail that may hold several calls, one after the other, each begun by the same
 * label or heading. Stacked pages of one call are one draft. Nearly every mail holds one.
 */
export function readPages(page: Page, profiles: readonly Profile[]): CadDraft[] {
  const text = preparePage(page);
  const starts = callStarts(text.lines);
  if (starts.length < 2 || starts.length > CALLS_MAX) return [readPage(page, profiles)];
  const drafts = starts.map((start, index) => {
    const body = text.lines.slice(start, starts[index + 1]).join('\n');
    const { html: _, ...rest } = page;
    return readPage({ ...rest, body }, profiles);
  });
  // Parts that are no call by themselves are sections of one page.
  const calls = drafts.filter(isCall);
  if (calls.length < drafts.length) return [readPage(page, profiles)];
  return withoutRepeats(drafts);
}

/** Lines that begin as the first line of the page does. */
function callStarts(lines: readonly string[]): number[] {
  const first = lines.findIndex((line) => line.trim() !== '');
  const opening = openingOf(lines[first] ?? '');
  if (opening === undefined) return [];
  return [...lines.keys()].filter((at) => openingOf(lines[at] ?? '') === opening);
}

/** The label that a line begins with, or the whole of a line that is a heading. */
function openingOf(line: string): string | undefined {
  const text = line.trim();
  const mark = findLabels(text.slice(0, 200), { lookup: labelRoles, unknownInside: false })[0];
  if (mark !== undefined) return mark.start === 0 ? normalLabel(mark.label) : undefined;
  const heading = text.length >= HEADING_CHARS_MIN && text.length <= HEADING_CHARS_MAX;
  return heading && !/\d/.test(text) ? text.toUpperCase() : undefined;
}

function isCall({ fields }: CadDraft): boolean {
  const located = fields.address ?? fields.coordinates ?? fields.placeName;
  return located !== undefined && (fields.nature ?? fields.number) !== undefined;
}

/** Pages of one call carry its number, or else its address and nature: the first one stays. */
function withoutRepeats(drafts: readonly CadDraft[]): CadDraft[] {
  const seen = new Set<string>();
  return drafts.filter(({ fields }) => {
    const name = fields.number ?? `${fields.address}\n${fields.nature}`;
    const repeated = seen.has(name);
    seen.add(name);
    return !repeated;
  });
}
