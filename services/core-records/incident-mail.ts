/**
 * How a mail adds to what is known of an incident; incident-log.ts has them read in order.
 *
 * - The latest mail counts, field by field. What a mail repeats of an earlier mail is no news.
 * - What a person has set or removed stands. Other news makes the field doubtful, no more.
 * - Units, numbers, times, cross streets and lines of the narrative are added to each other.
 * - An address that moves leaves cross streets, coordinates, apartment and place name behind.
 * - The date and time are those of the first mail that has them: later pages carry their own.
 * - A report of times and a cancellation fill what is empty, and add units, times and lines.
 * - A doubt ends with a later mail that is sure of the field. A review ends only with a person.
 */
import { isDeepStrictEqual } from 'node:util';
import { type CadDraft, type CadFieldKey, cadFieldKey } from '#contracts/cad-fields.ts';
import { UPDATE_POLICY_DEFAULT, type UpdatePolicy } from '#contracts/cad-update-policy.ts';
import { type IncidentFields, incidentFields } from '#contracts/records/incident.ts';
import type { Moment } from './incident-clock.ts';
import { numbersIn, spellingOf } from './incident-numbers.ts';

/** Below this a page was not understood well enough to go without a person's eye. */
const CONFIDENCE_MIN = 0.5;
/**
 * A narrative that mails make, as JSON. Before and after stand in one audit event, in base64url,
 * which has to fit a row; the longest page ever seen fits here one and a half times.
 */
const NARRATIVE_BYTES_MAX = 100_000;
/** A narrative cut to this fits in any script: JSON needs at most 3 bytes for a UTF-16 unit. */
const NARRATIVE_CHARS_CUT = NARRATIVE_BYTES_MAX / 3 - 2;

type FieldKey = keyof IncidentFields;
type ListKey = 'units' | 'number' | 'crossStreets' | 'narrative';
type Clocks = Record<string, string | undefined>;

const fieldKeys = Object.keys(incidentFields.shape) as readonly FieldKey[];
/** Fields with a rule of their own; in all others the latest mail counts. */
const ruled: readonly FieldKey[] = [
  'units',
  'number',
  'crossStreets',
  'narrative',
  'unitTimes',
  'date',
  'time',
];
/** Fields to which every mail adds. */
const added: readonly CadFieldKey[] = ['units', 'number', 'narrative', 'unitTimes'];
const ofThePlace = ['crossStreets', 'coordinates', 'apartment', 'placeName'] as const;

/** What is known while a log is read. */
export interface Hearing {
  fields: IncidentFields;
  unsure: Set<CadFieldKey>;
  needsReview: boolean;
  /** Somebody has said what the call is: a dispatch, or a person. */
  begun: boolean;
  cancelledAt: string | undefined;
  /** Fields that a person has set or removed. */
  readonly byHand: Set<FieldKey>;
  /** What mails said last, and every item that they ever said. */
  readonly said: IncidentFields;
  readonly saidItems: Readonly<Record<ListKey, Set<string>>>;
  readonly saidTimes: Map<string, Clocks>;
}

export function openHearing(): Hearing {
  return {
    fields: {},
    unsure: new Set(),
    needsReview: false,
    begun: false,
    cancelledAt: undefined,
    byHand: new Set(),
    said: {},
    saidItems: {
      units: new Set(),
      number: new Set(),
      crossStreets: new Set(),
      narrative: new Set(),
    },
    saidTimes: new Map(),
  };
}

/** A mail as its entry in the log has it. */
export interface HeardMail {
  readonly draft: CadDraft;
  readonly message: { readonly receivedAt: string };
  readonly updates?: UpdatePolicy | undefined;
  readonly moment?: Moment | undefined;
}

export function hearMail(hearing: Hearing, heard: HeardMail): void {
  const { draft, updates = UPDATE_POLICY_DEFAULT } = heard;
  const { mail, unsure } = saidBy(hearing, draft);
  endDoubts(hearing, mail, draft);
  if (addsOnly(draft)) fillIn(hearing, mail);
  else takeNews(hearing, mail);
  takeDispatchTime(hearing, mail);
  addUnits(hearing, mail);
  addNumbers(hearing, mail);
  addTimes(hearing, mail);
  addNarrative(hearing, mail);
  for (const key of unsure) hearing.unsure.add(key);
  const isPage = draft.kind === 'dispatch' || updates.action === 'passthrough';
  hearing.begun ||= isPage && draft.kind !== 'times' && draft.kind !== 'other';
  hearing.needsReview ||= unsure.length > 0 || wantsReview(hearing, draft);
  if (draft.cancels) hearing.cancelledAt = heard.message.receivedAt;
  // A clock that was never shown: nobody knows when the call was.
  if (heard.moment?.doubt === 'skipped' && mail.time !== undefined) doubt(hearing, 'time');
}

/** Where a page cancels, the reason stands where the call type stood. */
function addsOnly({ kind, cancels }: CadDraft): boolean {
  return kind === 'times' || cancels === true;
}

/** A person must look when the mail was not read in full, or does not say what the call is. */
function wantsReview({ fields, begun }: Hearing, { kind, confidence }: CadDraft): boolean {
  // What a report says of the call is known already; without a page there is a review in any case.
  if (kind === 'times') return false;
  if (kind === 'other' || confidence < CONFIDENCE_MIN) return true;
  return begun && (fields.nature === undefined || fields.address === undefined);
}

/** What a report is not sure of it does not say where the call is known: that would make a doubt of it. */
function saidBy(
  { begun }: Hearing,
  draft: CadDraft,
): { readonly mail: IncidentFields; readonly unsure: readonly CadFieldKey[] } {
  const isLeftOut = (key: CadFieldKey) =>
    begun && addsOnly(draft) && draft.unsure.includes(key) && !added.includes(key);
  const kept = Object.entries(draft.fields).filter(([key]) => !isLeftOut(cadFieldKey.parse(key)));
  const { source, ...rest }: CadDraft['fields'] = Object.fromEntries(kept);
  return {
    mail: { ...rest, ...(source === undefined ? {} : { agency: source }) },
    unsure: draft.unsure.filter((key) => !isLeftOut(key)),
  };
}

/** Not of what a person has set: there the doubt is about the person's word. */
function endDoubts(hearing: Hearing, mail: IncidentFields, draft: CadDraft): void {
  const { unsure } = draft;
  if (addsOnly(draft)) return;
  for (const key of fieldKeys) {
    const isSure = mail[key] !== undefined && !unsure.includes(cadKeyOf(key));
    if (isSure && !hearing.byHand.has(key)) hearing.unsure.delete(cadKeyOf(key));
  }
}

function takeNews(hearing: Hearing, mail: IncidentFields): void {
  if (moves(hearing, mail)) leavePlace(hearing);
  for (const key of fieldKeys) {
    if (!ruled.includes(key)) takeNewsOf(hearing, mail, key);
  }
  addCrossStreets(hearing, mail);
}

function takeNewsOf<Key extends FieldKey>(hearing: Hearing, mail: IncidentFields, key: Key): void {
  const { fields, said, byHand } = hearing;
  if (mail[key] === undefined || isDeepStrictEqual(mail[key], said[key])) return;
  said[key] = mail[key];
  if (!byHand.has(key)) fields[key] = mail[key];
  else if (!isDeepStrictEqual(mail[key], fields[key])) doubt(hearing, key);
}

/** True when the mail puts the call to another address than the one it had. */
function moves({ fields, said, byHand }: Hearing, { address }: IncidentFields): boolean {
  if (address === undefined || fields.address === undefined || byHand.has('address')) return false;
  return address !== said.address && plain(address) !== plain(fields.address);
}

function leavePlace({ fields, said, saidItems, byHand }: Hearing): void {
  for (const key of ofThePlace) {
    delete said[key];
    if (!byHand.has(key)) delete fields[key];
  }
  saidItems.crossStreets.clear();
}

function fillIn(hearing: Hearing, mail: IncidentFields): void {
  for (const key of fieldKeys) {
    const hasRule = ruled.includes(key) && key !== 'crossStreets';
    if (!hasRule && !hearing.byHand.has(key)) fill(hearing.fields, mail, key);
  }
}

function fill<Key extends FieldKey>(fields: IncidentFields, mail: IncidentFields, key: Key): void {
  if (fields[key] === undefined && mail[key] !== undefined) fields[key] = mail[key];
}

/** Date and time belong together; a date alone is taken only for the same time. */
function takeDispatchTime({ fields, byHand }: Hearing, mail: IncidentFields): void {
  if (byHand.has('date') || byHand.has('time') || fields.date !== undefined) return;
  if (fields.time !== undefined && fields.time !== mail.time) return;
  fill(fields, mail, 'date');
  fill(fields, mail, 'time');
}

function addUnits(hearing: Hearing, { units = [], unitTimes = [] }: IncidentFields): void {
  const timed = unitTimes.flatMap(({ unit }) => (unit === undefined ? [] : [unit]));
  const { units: known = [] } = hearing.fields;
  const added = newItems({ hearing, key: 'units', known, items: [...units, ...timed] });
  if (added.length > 0) setIfItFits(hearing, 'units', [...known, ...added]);
}

function addCrossStreets(hearing: Hearing, { crossStreets = [] }: IncidentFields): void {
  const { crossStreets: known = [] } = hearing.fields;
  const added = newItems({ hearing, key: 'crossStreets', known, items: crossStreets });
  if (added.length > 0) setIfItFits(hearing, 'crossStreets', [...known, ...added]);
}

function addNumbers(hearing: Hearing, { number }: IncidentFields): void {
  const known = numbersIn(hearing.fields.number);
  const added = newItems({ hearing, key: 'number', known, items: numbersIn(number) });
  if (added.length > 0) setIfItFits(hearing, 'number', [...known, ...added].join(', '));
}

/** A first narrative is taken as it is; of later ones the lines that are new. */
function addNarrative(hearing: Hearing, { narrative }: IncidentFields): void {
  if (narrative === undefined) return;
  const known = hearing.fields.narrative?.split('\n') ?? [];
  const isFirst = known.length === 0 && hearing.saidItems.narrative.size === 0;
  const items = narrative.split('\n').filter((line) => line.trim() !== '');
  const added = newItems({ hearing, key: 'narrative', known, items });
  if (added.length === 0) return;
  const text = isFirst ? narrative : [...known, ...added].join('\n');
  const fits = Buffer.byteLength(JSON.stringify(text)) <= NARRATIVE_BYTES_MAX;
  if (fits) setIfItFits(hearing, 'narrative', text);
  else doubt(hearing, 'narrative');
  if (fits || !isFirst) return;
  hearing.fields.narrative = narrative.slice(0, NARRATIVE_CHARS_CUT).toWellFormed();
}

/** Items that no mail has said before and that do not stand there already. */
function newItems(request: {
  readonly hearing: Hearing;
  readonly key: ListKey;
  readonly known: readonly string[];
  readonly items: readonly string[];
}): readonly string[] {
  const spell = request.key === 'number' ? spellingOf : plain;
  const said = request.hearing.saidItems[request.key];
  const known = new Set(request.known.map(spell));
  return request.items.filter((item) => {
    const isNew = !said.has(spell(item)) && !known.has(spell(item));
    said.add(spell(item));
    return isNew;
  });
}

function addTimes(hearing: Hearing, { unitTimes = [] }: IncidentFields): void {
  for (const { unit, ...clocks } of unitTimes) {
    const said = hearing.saidTimes.get(plain(unit ?? '')) ?? {};
    const news = Object.entries(clocks).filter(([name, clock]) => said[name] !== clock);
    hearing.saidTimes.set(plain(unit ?? ''), { ...said, ...clocks });
    if (news.length > 0) addTimesOf(hearing, unit, Object.fromEntries(news));
  }
}

function addTimesOf(hearing: Hearing, unit: string | undefined, news: Clocks): void {
  const { unitTimes: rows = [] } = hearing.fields;
  const index = rows.findIndex((row) => plain(row.unit ?? '') === plain(unit ?? ''));
  const known: Clocks = rows[index] ?? {};
  const stands = ([name, clock]: [string, string | undefined]) =>
    hearing.byHand.has('unitTimes') && known[name] !== undefined && known[name] !== clock;
  const entries = Object.entries(news);
  if (entries.some(stands)) doubt(hearing, 'unitTimes');
  const taken = Object.fromEntries(entries.filter((entry) => !stands(entry)));
  const row = { ...(unit === undefined ? {} : { unit }), ...rows[index], ...taken };
  setIfItFits(hearing, 'unitTimes', index < 0 ? [...rows, row] : rows.with(index, row));
}

/** What would go past the bounds of a field stays out, and a person has to look. */
function setIfItFits<Key extends FieldKey>(
  hearing: Hearing,
  key: Key,
  value: NonNullable<IncidentFields[Key]>,
): void {
  if (incidentFields.shape[key].safeParse(value).success) hearing.fields[key] = value;
  else doubt(hearing, key);
}

/** The incident says something there that a person has to look at. */
export function doubt(hearing: Hearing, key: FieldKey): void {
  hearing.unsure.add(cadKeyOf(key));
  hearing.needsReview = true;
}

function cadKeyOf(key: FieldKey): CadFieldKey {
  return key === 'agency' ? 'source' : key;
}

/** Spelling for comparison: centres vary letter case and spaces. */
function plain(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toUpperCase();
}
