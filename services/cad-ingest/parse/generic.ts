import { isStatusTarget, type Target } from '#contracts/cad-targets.ts';
import { findAddress } from './address/find.ts';
import { classify } from './classify.ts';
import { isWeakLabel } from './dictionary.ts';
import { type Draft, has, take } from './draft.ts';
import { fitness } from './fitness.ts';
import { cutFragments, streetsEnd } from './fragments.ts';
import { labelFormsOf } from './label-forms.ts';
import { labelsApart, unnumbered } from './labels-apart.ts';
import { cutSegments, type Segment } from './segments.ts';
import { settle } from './settle.ts';
import type { PageText } from './text/prepare.ts';
import { joinWraps } from './text/wraps.ts';
import { isIncidentNumber } from './values/codes.ts';
import { isStrongNatureWord } from './values/nature-words.ts';
import { isNamedUnit } from './values/units.ts';

const BY_LABEL = 0.95;
const BY_GUESS = 0.8;
const BY_WEAK = 0.9;
/** A value that fits its label less is no value of it: the label was none, or holds a whole page. */
const MISFIT = 0.15;
const WITHOUT_LABEL = 0.9;
/** `Engine 31: Fire Alarm`: whom the page is for, in front of all of it. */
const UNIT_LABEL = 0.7;

/** Reads a page of which nothing is known: labels first, then what stands without one. */
export function readGeneric(page: PageText, draft: Draft): void {
  const lines = unnumbered(joinWraps(page.body.split('\n'))).flatMap(labelsApart);
  const segments = unitOfHouse(cutSegments(lines, labelFormsOf(lines)))
    .flatMap(crossApart)
    .flatMap(callApart);
  const labelled = segments.filter((segment) => segment.roles !== undefined && segment.text !== '');
  // The town first: it tells where an address ends.
  const cities = labelled.filter((segment) => segment.roles?.[0] === 'city');
  const others = labelled.filter((segment) => segment.roles?.[0] !== 'city');
  const misfits = new Set([...cities, ...others].filter((each) => !takeLabelled(draft, each)));
  // Where labels named no call, words behind a label that nobody knows may tell it.
  const called = has(draft, 'nature') && has(draft, 'address');
  const unlabelled: string[] = [];
  for (const segment of segments) {
    if (misfits.has(segment)) unlabelled.push(segment.text);
    else readRest(draft, segment, { called, unlabelled });
  }
  if (unlabelled.length > 0) settle(draft, cutFragments(unlabelled.join('\n')), WITHOUT_LABEL);
}

/** `ADDR: 12 MILL RD UNIT: 6 ... RESP: E91`: where another label has the units, this one is the house's. */
function unitOfHouse(segments: readonly Segment[]): readonly Segment[] {
  const at = segments.findIndex((segment, index) => isUnitBehind(segments[index - 1], segment));
  const found = segments[at];
  const others = segments.some(
    ({ roles, text }, index) => index !== at && roles?.[0] === 'units' && text !== '',
  );
  return found === undefined || !others
    ? segments
    : segments.with(at, { ...found, roles: ['apartment'] });
}

function isUnitBehind(before: Segment | undefined, { label, text }: Segment): boolean {
  if (before?.roles?.[0] !== 'address' || label?.toUpperCase() !== 'UNIT') return false;
  return /^(?:UNIT ?)?#?[A-Z0-9-]{0,6}$/i.test(text);
}

/** `XS: ELM ST & OAK AVE STRUCTURE FIRE caller sees`: no label says where the cross streets end. */
function crossApart(segment: Segment): Segment[] {
  const { text, roles } = segment;
  if (roles?.[0] !== 'crossStreets' || text.length > CROSS_CHARS_MAX) return [segment];
  const end = streetsEnd(text);
  const rest = text.slice(end).trim();
  const words = rest.split(' ');
  const more =
    words.length > 1 && words.some((word) => isStrongNatureWord(word) || /^[a-z]{3}/.test(word));
  if (!more || /^(?:[/&,;(-]|and )/i.test(rest)) return [segment];
  return [
    { ...segment, text: text.slice(0, end) },
    { text: rest, line: segment.line },
  ];
}

/** `CAD #31-0042: GAS LEAK`: the call type behind the number. */
function callApart(segment: Segment): Segment[] {
  const { text, roles } = segment;
  if (roles?.[0] !== 'number' || text.length > CALL_CHARS_MAX) return [segment];
  const [, number = '', rest = ''] = /^(\S{3,24}?)(?::| -|) +([A-Za-z].+)$/.exec(text) ?? [];
  if (!isIncidentNumber(number) || classify(rest).kind !== 'nature') return [segment];
  return [
    { ...segment, text: number },
    { text: rest, line: segment.line },
  ];
}

const CALL_CHARS_MAX = 100;
const CROSS_CHARS_MAX = 600;

function readRest(
  draft: Draft,
  segment: Segment,
  rest: { readonly called: boolean; readonly unlabelled: string[] },
): void {
  if (segment.text === '' || segment.roles !== undefined) return;
  const unit = segment.label !== undefined && isNamedUnit(segment.label);
  if (unit) take(draft, 'units', segment.label, UNIT_LABEL);
  const loose = unit || segment.label === undefined || (!rest.called && isTelling(segment.text));
  if (loose) rest.unlabelled.push(segment.text);
  else draft.notes.push(`${segment.label}: ${segment.text}`);
}

/** Behind a label that nobody knows, a call type or an address tells what it is by itself. */
function isTelling(text: string): boolean {
  const { kind, score } = classify(text);
  if (kind === 'nature' || kind === 'address') return score >= 0.6;
  return kind === 'text' && (findAddress(text)?.match.certain ?? 0) > 0.8;
}

/** Gives a labelled value to the meaning of its label that it fits; false where it fits none. */
export function takeLabelled(draft: Draft, segment: Segment): boolean {
  if (segment.text === '') return true;
  const roles = segment.roles ?? [];
  const { role, fit } = chooseRole(draft, roles, segment.text);
  if (fit < MISFIT) return false;
  const value = Math.max(fit, 0.5);
  const first = role === roles[0] ? 1 : 0.95;
  const told = (segment.guessed ? BY_GUESS : 1) * (isWeakLabel(segment.label ?? '') ? BY_WEAK : 1);
  const before = draft.fields.nature;
  const sure = BY_LABEL * told * first * Math.min(1, 0.6 + value / 2);
  if (role === 'nature' && takeCodeOrWords(draft, segment.text, sure)) return true;
  take(draft, role, segment.text, sure);
  // A second call type adds to what is known of the call.
  const added = role === 'nature' && before !== undefined && draft.fields.nature === before;
  if (added && segment.text !== before) draft.notes.push(segment.text);
  return true;
}

/** Of two labels of the call type one may hold the code of the other: `TYPE: HEART`, `NATURE: Heart Problems`. */
function takeCodeOrWords(draft: Draft, text: string, sure: number): boolean {
  const known = draft.fields.nature;
  if (known === undefined || draft.fields.code !== undefined) return false;
  if (isShortCode(text) && known.includes(' ')) {
    take(draft, 'code', text, sure);
    return true;
  }
  if (!isShortCode(known) || !text.trim().includes(' ') || text.length > 60) return false;
  draft.fields.code = known;
  draft.certain.set('code', sure);
  delete draft.fields.nature;
  return false;
}

function isShortCode(text: string): boolean {
  return /^[A-Z0-9]{2,8}$/.test(text.trim());
}

/** The first meaning of the label that the value fits and that is still open. */
function chooseRole(draft: Draft, roles: readonly Target[], value: string): Choice {
  let best: (Choice & { readonly worth: number }) | undefined;
  for (const role of roles) {
    const fit = fitness(role, value);
    const worth = fit - taken(draft, role);
    if (best === undefined || worth > best.worth || worth >= 0.5) best = { role, fit, worth };
    if (worth >= 0.5) break;
  }
  return best ?? { role: 'narrative', fit: fitness('narrative', value) };
}

interface Choice {
  readonly role: Target;
  /** 0..1: how well the value fits it. */
  readonly fit: number;
}

function taken(draft: Draft, role: Target): number {
  if (isStatusTarget(role) || role === 'skip' || role === 'narrative') return 0;
  if (role === 'any' || role === 'dateTime' || role === 'unitLog') return 0;
  if (role === 'latitude' || role === 'longitude') return draft[role] === undefined ? 0 : 0.3;
  return has(draft, role) ? 0.2 : 0;
}
