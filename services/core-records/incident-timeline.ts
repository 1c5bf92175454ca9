/**
 * The clocks of an incident as moments. Unit clocks have no date: each is the first time that a clock
 * showed it since shortly before the call, so that 00:07 after a call at 23:58 is of the next day.
 */
import { unitStatuses } from '#contracts/cad-fields.ts';
import type { IncidentFields, Timeline } from '#contracts/records/incident.ts';
import { firstFrom, lastUntil, type Moment, nearestTo } from './incident-clock.ts';

/** Clocks of units may be a little before that of the call: several people write them down. */
const BEFORE_CALL_MS = 60 * 60_000;

export interface CallAt {
  /** By a page's own clock. */
  readonly told?: Moment | undefined;
  /** When the first page came. */
  readonly pagedAt?: string | undefined;
  /** When the last report came: all its times are before it. */
  readonly reportedAt?: string | undefined;
}

export function timelineOf(
  fields: IncidentFields,
  { zone, call }: { readonly zone: string; readonly call: CallAt },
): Timeline {
  const at = callMoment(fields, { zone, call });
  const doubts: { readonly clock: string; readonly doubt: Moment['doubt'] }[] = [];
  if (at?.doubt !== undefined) doubts.push({ clock: 'time', doubt: at.doubt });
  const begin = at?.at ?? call.told?.at ?? call.pagedAt;
  const units = (fields.unitTimes ?? []).map((row) => {
    let before = '';
    const moments = unitStatuses.flatMap((status) => {
      const time = row[status];
      if (time === undefined) return [];
      const moment = momentOfStatus({ time, zone }, { begin, before, end: call.reportedAt });
      if (moment === undefined) return [];
      before = moment.at;
      const clock = row.unit === undefined ? status : `${row.unit} ${status}`;
      if (moment.doubt !== undefined) doubts.push({ clock, doubt: moment.doubt });
      return [[status, moment.at]];
    });
    return {
      ...(row.unit === undefined ? {} : { unit: row.unit }),
      ...Object.fromEntries(moments),
    };
  });
  const twice = doubts.filter(({ doubt }) => doubt === 'twice').map(({ clock }) => clock);
  const skipped = doubts.filter(({ doubt }) => doubt === 'skipped').map(({ clock }) => clock);
  return {
    zone,
    ...(at === undefined ? {} : { at: at.at }),
    units,
    ...(twice.length === 0 ? {} : { twice }),
    ...(skipped.length === 0 ? {} : { skipped }),
  };
}

/** A person may have set another date or time than the pages tell. */
function callMoment(
  { date, time }: IncidentFields,
  { zone, call }: { readonly zone: string; readonly call: CallAt },
): Moment | undefined {
  const near = call.told?.at ?? call.pagedAt ?? call.reportedAt;
  if (time === undefined || near === undefined) return undefined;
  return nearestTo({ date, time, zone }, Date.parse(near));
}

function momentOfStatus(
  clock: { readonly time: string; readonly zone: string },
  about: {
    readonly begin: string | undefined;
    /** The status before it of the same unit. */
    readonly before: string;
    readonly end: string | undefined;
  },
): Moment | undefined {
  const { begin, before, end } = about;
  if (begin !== undefined) {
    const first = firstFrom(clock, Date.parse(begin) - BEFORE_CALL_MS);
    // Of an hour that comes twice the second one, where the first is before what had happened.
    const isEarly = first?.doubt === 'twice' && first.at < before;
    return isEarly ? firstFrom(clock, Date.parse(before)) : first;
  }
  return end === undefined ? undefined : lastUntil(clock, Date.parse(end));
}
