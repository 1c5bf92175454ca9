/** What a trial says. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type CadDraft, type CadFieldKey, cadFieldKeys } from '#contracts/cad-fields.ts';
import { SHOWN_TEXT_CHARS_MAX, type TrialCounts, type TriedMail } from '#contracts/cad-trials.ts';
import { BUS_MESSAGE_BYTES_MAX } from '#contracts/limits.ts';

/** Half of a bus message: the rest is room for the envelope, and for one mail over the bound. */
const ANSWER_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2;
/** Of a narrative as a trial shows it. */
const NARRATIVE_CHARS_MAX = 2_000;

/** A mail that was read both ways. */
export interface TwoReadings {
  readonly messageId: string;
  readonly receivedAt: string;
  readonly active: CadDraft;
  readonly tried: CadDraft;
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
}

export function countsOf(drafts: readonly CadDraft[]): TrialCounts {
  const found = drafts.filter(
    ({ fields }) => fields.nature !== undefined && fields.address !== undefined,
  );
  const sure = found.filter(
    ({ unsure }) => !unsure.includes('nature') && !unsure.includes('address'),
  );
  const unsure = drafts.filter((draft) => draft.unsure.length > 0);
  return { found: found.length, sure: sure.length, unsure: unsure.length };
}

/** A wrong address that looks sure is the worst; a trial cannot see it, so fewer sure ones is worse. */
export function isWorse(tried: TrialCounts, active: TrialCounts): boolean {
  if (tried.sure !== active.sure) return tried.sure < active.sure;
  return tried.found < active.found;
}

/** Fields whose values two readings do not share. */
export function differingFields(one: CadDraft, other: CadDraft): CadFieldKey[] {
  return cadFieldKeys.filter((key) => !isDeepStrictEqual(one.fields[key], other.fields[key]));
}

/**
 * The mails as they are shown: values and texts only as asked and allowed, and only as many as an
 * answer has room for. What is left out is said by `abridged`.
 */
export function shownMails(
  mails: readonly TwoReadings[],
  shows: { readonly values: boolean; readonly text: boolean },
): { readonly items: TriedMail[]; readonly abridged: boolean } {
  let bytes = 0;
  let abridged = false;
  const items = mails.map((mail) => {
    const ways = [shows, { ...shows, text: false }, { values: false, text: false }];
    const shown = ways.map((way) => shownMail(mail, way));
    const at = shown.findIndex((each) => bytes + sizeOf(each) <= ANSWER_BYTES_MAX);
    const taken = shown.at(at) ?? shownMail(mail, { values: false, text: false });
    abridged ||= sizeOf(taken) < sizeOf(shown[0] ?? taken);
    bytes += sizeOf(taken);
    return taken;
  });
  return { items, abridged };
}

function shownMail(
  { active, tried, subject, text, ...about }: TwoReadings,
  shows: { readonly values: boolean; readonly text: boolean },
): TriedMail {
  const textShown = shows.values && shows.text && text !== undefined;
  return {
    ...about,
    active: shownReading(active, shows.values),
    tried: shownReading(tried, shows.values),
    differs: differingFields(active, tried),
    ...(shows.values && subject !== undefined ? { subject } : {}),
    ...(textShown ? { text: text.slice(0, SHOWN_TEXT_CHARS_MAX).toWellFormed() } : {}),
  };
}

function shownReading(
  { fields, translated: _codes, ...rest }: CadDraft,
  values: boolean,
): TriedMail['active'] {
  if (!values) return rest;
  const { narrative } = fields;
  const cut =
    narrative === undefined || narrative.length <= NARRATIVE_CHARS_MAX
      ? {}
      : { narrative: narrative.slice(0, NARRATIVE_CHARS_MAX).toWellFormed() };
  return { ...rest, fields: { ...fields, ...cut } };
}

function sizeOf(item: TriedMail): number {
  return Buffer.byteLength(JSON.stringify(item));
}
