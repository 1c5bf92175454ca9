import type { Draft } from './draft.ts';
import type { PageText } from './text/prepare.ts';
import { natureScore } from './values/nature-words.ts';

const TEST =
  /\b(?:this is (?:only )?a test|test page|test message|page test|weekly test|daily test|monthly test|radio test|test only|pager test|test tones?)\b/i;
const GENERAL =
  /\b(?:meeting (?:tonight|tomorrow|at|will|is)|training (?:tonight|tomorrow|at|will|is)|drill (?:tonight|tomorrow)|reminder|cancelled for tonight|road clos(?:ed|ure)|fire weather|red flag warning|burn ban|please be advised|attention all|all personnel)\b/i;

/** General texts say what they are at once. */
const NEAR_CHARS_MAX = 200;
const NAMED_LEAST = 0.6;

/** A test or general text: it says so, and there is no address that says otherwise. */
export function isOtherText(page: PageText, draft: Draft): boolean {
  const { fields } = draft;
  const near = `${page.subject}\n${page.body.slice(0, NEAR_CHARS_MAX)}`;
  const located = fields.address !== undefined && (draft.certain.get('address') ?? 0) >= 0.5;
  if (TEST.test(near)) return !located || TEST.test(fields.nature ?? '');
  if (located || fields.number !== undefined) return false;
  if (GENERAL.test(near)) return true;
  // Words of a call type without a place that was understood are a call all the same.
  const named = fields.nature !== undefined && (draft.certain.get('nature') ?? 0) >= NAMED_LEAST;
  const placed = fields.address ?? fields.placeName ?? fields.coordinates;
  return placed === undefined && !named && !opensAsCall(page.body);
}

/** `STRUCTURE FIRE BEHIND THE OLD SCHOOL`: the first words are those of a call type. */
function opensAsCall(body: string): boolean {
  const words = (body.slice(0, 80).match(/\S*[A-Za-z0-9]\S*/g) ?? []).slice(0, 3);
  return words.length > 1 && natureScore(words.join(' ')) > 0.6;
}
