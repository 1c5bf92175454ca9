/**
 * A mail may be read more than once: by a profile or code tables that came later. Each reading has a
 * number, so that core-records knows a later one from a repeated one, and is remembered. Pure.
 */
import type { CadDraft } from '#contracts/cad-fields.ts';
import type { CadMessage } from '#contracts/cad-messages.ts';
import type { MessageRow } from '../message.ts';

type Page = NonNullable<CadMessage['pages']>[number];
type Readings = NonNullable<CadMessage['readings']>;

/** The last ones of a mail that are remembered. */
const READINGS_MAX = 20;

/** The row of a mail that is to be read once more; what it was read as stays until then. */
export function toBeReadAgain({ reading = 1, ...value }: MessageRow): MessageRow {
  return { ...value, reading: reading + 1 };
}

export function isReadAgain({ reading = 1 }: MessageRow): boolean {
  return reading > 1;
}

/** The readings of a mail with one more. */
export function readingsWith({ readings = [] }: MessageRow, draft: CadDraft, at: string): Readings {
  const { kind, profile, profileVersion, confidence } = draft;
  const version = profileVersion === undefined ? {} : { profileVersion };
  return [...readings, { at, kind, profile, ...version, confidence }].slice(-READINGS_MAX);
}

/** Calls that the new reading does not find any more stay the incidents that they are. */
export function pagesWith(before: MessageRow, pages: readonly [Page, ...Page[]]): readonly Page[] {
  const earlier = before.pages ?? [];
  return [...pages, ...earlier.slice(pages.length)];
}
