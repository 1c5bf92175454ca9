import { type Draft, has, take } from './draft.ts';
import { cutFragments } from './fragments.ts';
import { cutSegments } from './segments.ts';
import { settle } from './settle.ts';
import type { PageText } from './text/prepare.ts';
import { natureScore } from './values/nature-words.ts';

const GENERIC = new Set(
  'CAD PAGE DISPATCH ALERT INCIDENT MESSAGE E911 911 CALL NOTIFICATION NEW ALARM ! FIRE EMS EMERGENCY FROM FOR AUTOMATIC R&R REPORT RIP AND RUN ACTIVE911 INFO CENTER COUNTY SHERIFF COMMUNICATIONS FW FWD RE TEXT SMS MAIL EMAIL UNIT STATION DEPARTMENT DEPT TONE OUT PAGEOUT PAGING PAGER NOTICE SYSTEM'.split(
    ' ',
  ),
);
const LEAD =
  /^(?:dispatch alert|alert|page|dispatch|cad|call|cfs|automatic r&r notification|new call|incident alert)\s?[-:]\s?/i;
const FROM_SUBJECT = 0.7;

/** Nothing but the name of the system or of the kind of mail. */
export function isGenericSubject(subject: string): boolean {
  const words = subject
    .toUpperCase()
    .split(/[\s:;,.*#_-]+/)
    .filter((word) => word !== '');
  return words.every((word) => GENERIC.has(word));
}

/** Fills from the subject what the body left open. */
export function readSubject(page: PageText, draft: Draft): void {
  const subject = page.subject.replace(LEAD, '').trim();
  if (subject === '' || isGenericSubject(subject)) return;
  if (!has(draft, 'nature') && natureScore(subject) >= 0.5) {
    take(draft, 'nature', subject, FROM_SUBJECT);
    return;
  }
  const open = !has(draft, 'nature') || !has(draft, 'address') || !has(draft, 'number');
  if (!open) return;
  const notes = draft.notes.length;
  const unlabelled: string[] = [];
  for (const segment of cutSegments([subject])) {
    const role = segment.roles?.[0];
    if (role === undefined) unlabelled.push(segment.text);
    else take(draft, role, segment.text, FROM_SUBJECT);
  }
  settle(draft, cutFragments(unlabelled.join('\n')), FROM_SUBJECT);
  // A subject is a heading: what no field took of it is no narrative.
  draft.notes.length = notes;
}
