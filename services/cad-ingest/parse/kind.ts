import type { CadDraft } from '#contracts/cad-fields.ts';
import type { StatusTarget } from '#contracts/cad-targets.ts';
import type { Draft } from './draft.ts';
import { isOtherText } from './other.ts';
import type { PageText } from './text/prepare.ts';
import { updateToken } from './values/update-word.ts';

type Kind = CadDraft['kind'];

const TIMES_SUBJECT =
  /\b(?:clear(?:ed)? report|final report|times report|(?<!rip and )run report|cleared|gets available|gets cleared|gets enroute|gets en route|gets on scene|gets onscene|gets at scene|call closed|incident closed|unit times|crn & times|run times|status times)\b|^free \S|has a(?:n)? \S+ status change/i;
const TIMES_BODY =
  /\b(?:final report|clear report|rip and run: final|crn & times|time completed:|times report)/i;
/** Update words which end a call. */
const CANCEL = /^\*{0,3}(?:cancel|disregard)/i;
/** Status times that only a running or ended call has. */
const AFTER: readonly StatusTarget[] = [
  'enRoute',
  'onScene',
  'transporting',
  'atHospital',
  'available',
  'cleared',
];

/** What a page does: calls, changes a call, reports its times, or nothing of these. */
export function kindOf(page: PageText, draft: Draft): Kind {
  if (isTimes(page, draft)) return 'times';
  if (!hasCall(draft) || isOtherText(page, draft)) return 'other';
  return draft.updated !== undefined || isUpdate(page) ? 'update' : 'dispatch';
}

function isTimes(page: PageText, draft: Draft): boolean {
  const later = AFTER.filter((target) => draft.status.has(target)).length;
  const perUnit = draft.unitTimes.some((unit) =>
    AFTER.some((target) => unit[target] !== undefined),
  );
  if (later >= 2 || draft.status.has('cleared') || perUnit) return true;
  if (TIMES_SUBJECT.test(page.subject)) return true;
  return TIMES_BODY.test(page.body.slice(0, 4_000));
}

function hasCall(draft: Draft): boolean {
  const { address, nature, number, coordinates, placeName } = draft.fields;
  return [address, nature, number, coordinates, placeName].some((value) => value !== undefined);
}

/** The token stands where the first field stands; behind the unit's brackets a label may follow. */
function isUpdate(page: PageText): boolean {
  return updateToken(opening(page)) !== undefined || HEADING.test(page.subject);
}

function opening(page: PageText): string {
  return page.body.slice(0, 80).replace(/^\[[^[\]]{1,40}\]\s?-\s?/, '');
}

/** The word, in front of the page, its subject or its call type, says that nobody need come any more. */
export function isCancel(page: PageText, draft: Draft): boolean {
  const words = [updateToken(opening(page)), HEADING.exec(page.subject)?.[0], draft.updated];
  return CANCEL.test(words.find((word) => word !== undefined) ?? '');
}

const HEADING =
  /^(?:update[ds]?|fyi|cancel(?:l?ed|lation)?|reassign(?:ed)?|correction|disregard)\b/i;
