import type { CadDraft } from '#contracts/cad-fields.ts';
import type { StatusTarget } from '#contracts/cad-targets.ts';
import type { Draft } from './draft.ts';
import { isOtherText } from './other.ts';
import type { PageText } from './text/prepare.ts';

type Kind = CadDraft['kind'];

const TIMES_SUBJECT =
  /\b(?:clear(?:ed)? report|final report|times report|(?<!rip and )run report|cleared|gets available|gets cleared|gets enroute|gets en route|gets on scene|gets onscene|gets at scene|call closed|incident closed|unit times|crn & times|run times|status times)\b|^free \S|has a(?:n)? \S+ status change/i;
const TIMES_BODY =
  /\b(?:final report|clear report|rip and run: final|crn & times|time completed:|times report)/i;
const UPDATE =
  /^(?:update[ds]?|fyi|cancel(?:l?ed)?|cancellation|reassign(?:ed)?|2nd page|second page|info|changed?|correction|disregard|upgrade[ds]?|change of address)\b[ :;!*.-]{0,4}/i;
/** Words of UPDATE which end a call. */
const CANCEL = /^(?:cancel|disregard)/i;
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
  return isUpdate(page) ? 'update' : 'dispatch';
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

/** The token stands where the first field stands. */
function isUpdate(page: PageText): boolean {
  return updateToken(page.body) !== undefined || UPDATE.test(page.subject);
}

/** The token, in front of the page or of its subject, says that nobody need come any more. */
export function isCancel(page: PageText): boolean {
  const token = updateToken(page.body) ?? UPDATE.exec(page.subject)?.[0];
  return token !== undefined && CANCEL.test(token);
}

/** `FYI: ;`, `Update: ;` or `CANCEL;` in front of a page: the text of the token. */
export function updateToken(body: string): string | undefined {
  const found = UPDATE.exec(body.slice(0, 40));
  if (found === null) return undefined;
  const [token] = found;
  const mark =
    /[:;!*-]/.test(token) || /^\s*[;:\n]/.test(body.slice(token.length, token.length + 3));
  return mark || /^\s*$/.test(body.slice(token.length)) ? token : undefined;
}
