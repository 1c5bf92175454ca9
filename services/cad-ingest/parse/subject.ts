import { findAddress } from './address/find.ts';
import { isAgency, withoutAgency } from './agency-name.ts';
import { type Draft, has, take } from './draft.ts';
import { cutFragments } from './fragments.ts';
import { cutSegments } from './segments.ts';
import { settle } from './settle.ts';
import type { PageText } from './text/prepare.ts';
import { squeeze } from './text/squeeze.ts';
import { natureScore } from './values/nature-words.ts';
import { unitListScore } from './values/units.ts';

const GENERIC = new Set(
  'CAD PAGE DISPATCH DISPATCHED ALERT INCIDENT MESSAGE E911 911 CALL NOTIFICATION NEW ALARM ! FIRE EMS EMERGENCY FROM FOR AUTOMATIC R&R REPORT RIP AND RUN ACTIVE911 INFO CENTER COUNTY SHERIFF COMMUNICATIONS FW FWD RE TEXT SMS MAIL EMAIL UNIT STATION DEPARTMENT DEPT TONE OUT PAGEOUT PAGING PAGER NOTICE SYSTEM ACTIVE TIMES MESSAGES ALERTS PAGES EVENT EVENTS RIP&RUN BOX NEWS COMPLETE DETAILS AUTOMATED'.split(
    ' ',
  ),
);
const LEAD =
  /^(?:dispatch alert|alert|page|dispatch|cad|call|cfs|automatic r&r notification|new call|incident alert)\s?[-:]\s?/i;
const FROM_SUBJECT = 0.7;
/** The body says the words of the subject again. */
const SAID_TWICE = 0.8;

/** Nothing but the name of the system or of the kind of mail. */
export function isGenericSubject(subject: string): boolean {
  const words = subject
    .toUpperCase()
    .split(/[\s:;,.*#_-]+/)
    .filter((word) => word !== '');
  return words.every((word) => GENERIC.has(word));
}

/** How surely a subject is the call type: by its words, or because it is short and says nothing else. */
function natureCertain(subject: string, body: string): number {
  if (isNoNature(subject)) return 0;
  const again = body.toUpperCase().includes(subject.toUpperCase());
  if (natureScore(subject) >= 0.5) return again ? SAID_TWICE : 0.72;
  const words = subject.split(' ');
  const plain = words.length <= 4 && !/\d{3}/.test(subject) && !/[|;@:]/.test(subject);
  const named = words.some(
    (word) => GENERIC.has(word.toUpperCase()) || /^(?:VFD|FD|CO|COUNTY)$/i.test(word),
  );
  const called = plain && !named && /[A-Za-z]{2}/.test(subject);
  return called ? (again ? 0.6 : 0.48) : 0;
}

/** Units, numbers, what a unit does, or several fields. */
function isNoNature(subject: string): boolean {
  if (/[;|~*]|\bgets\b|\bincident #|\b20\d{2}-?\d{3}/i.test(subject)) return true;
  return unitListScore(subject) >= 0.6 || findAddress(subject) !== undefined;
}

const BEGIN_CHARS_MIN = 25;

/** The subject is the beginning of the body, cut wherever its length ended: it says nothing more. */
function isBegin({ subject, body, prefix }: PageText): boolean {
  const bare = subject.startsWith(`${prefix}:`) ? subject.slice(prefix.length + 1) : subject;
  const front = bare.trim();
  if (front.length < BEGIN_CHARS_MIN || !squeeze(body.slice(0, 200)).startsWith(squeeze(front))) {
    return false;
  }
  return /\d/.test(front) || /^[A-Za-z]/.test(squeeze(body).slice(squeeze(front).length));
}

/** What a mail says of units in front of their ids, and behind them. */
const OF_UNITS =
  /^(?:(?:dispatch(?:ed)?|page|alert|free|clear(?:ed)?|avail(?:able)?|times?|units?|call|cad|tone(?:d)?|for|to)[\s:,-]+){1,4}(?=[A-Z0-9])/i;
const DOES = / (?:gets?|is|are|was) .{1,24}$/i;

/** `Dispatch E91`, `Free 18-2`, `Dispatch for Engine 4`: the ids, where the subject has nothing else. */
function unitsOf(subject: string): string | undefined {
  const ids = subject.replace(OF_UNITS, '').replace(DOES, '');
  return ids !== subject && unitListScore(ids) >= 0.6 ? ids : undefined;
}

/** Fills from the subject what the body left open. */
export function readSubject(page: PageText, draft: Draft): void {
  const subject = withoutAgency(page.subject.replace(LEAD, '').trim());
  if (subject === '' || isGenericSubject(subject) || isBegin(page)) return;
  if (isAgency(subject)) {
    take(draft, 'source', subject, FROM_SUBJECT);
    return;
  }
  const units = unitsOf(page.subject.trim());
  if (units !== undefined) {
    take(draft, 'units', units, FROM_SUBJECT);
    return;
  }
  const known = draft.certain.get('nature') ?? 0;
  const certain = natureCertain(subject, page.body);
  if (certain > known) {
    take(draft, 'nature', subject, certain);
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
