/**
 * The centre's clocks as moments. A page tells local time, mostly without a date and never with a
 * zone; the zone is the department's.
 */
import type { IncidentFields } from '#contracts/records/incident.ts';

/** The clock of a centre may be ahead of ours by this much. */
const AHEAD_MS = 30 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** When summer time ends an hour comes `twice`; when it begins one is `skipped` and cannot be right. */
export type ClockDoubt = 'twice' | 'skipped';

export interface Moment {
  /** UTC with milliseconds. */
  readonly at: string;
  readonly doubt?: ClockDoubt | undefined;
}

interface Clock {
  /** `HH:MM` or `HH:MM:SS`. */
  readonly time: string;
  readonly zone: string;
}

/** The moment of a page by its own clock; `undefined` where it has none. */
export function momentOfPage(
  fields: Pick<IncidentFields, 'date' | 'time' | 'unitTimes'>,
  { receivedAt, zone }: { readonly receivedAt: string; readonly zone: string },
): Moment | undefined {
  const [first] = fields.unitTimes ?? [];
  const time = fields.time ?? first?.dispatched ?? first?.received;
  if (time === undefined) return undefined;
  const latest = Date.parse(receivedAt) + AHEAD_MS;
  if (fields.date === undefined) return lastUntil({ time, zone }, latest);
  const all = momentsOn(fields.date, { time, zone });
  return all.findLast(({ at }) => Date.parse(at) <= latest) ?? all[0];
}

/** Of the moments that a clock and a date, if there is one, may mean the nearest. */
export function nearestTo(
  { date, ...clock }: Clock & { readonly date?: string | undefined },
  near: number,
): Moment | undefined {
  const all = date === undefined ? around(clock, near) : momentsOn(date, clock);
  const apart = ({ at }: Moment) => Math.abs(Date.parse(at) - near);
  return all.toSorted((left, right) => apart(left) - apart(right))[0];
}

/** The last time that a clock showed this, until then: the day before where the day has just begun. */
export function lastUntil(clock: Clock, until: number): Moment | undefined {
  return around(clock, until).findLast(({ at }) => Date.parse(at) <= until);
}

/** The first time that a clock shows this, from then on: past midnight where the day ends before. */
export function firstFrom(clock: Clock, from: number): Moment | undefined {
  return around(clock, from + DAY_MS / 2).find(({ at }) => Date.parse(at) >= from);
}

/** Moments of the days around, in order: all that lie within a day of it, and some more. */
function around({ time, zone }: Clock, middle: number): readonly Moment[] {
  const day = Temporal.Instant.fromEpochMilliseconds(middle).toZonedDateTimeISO(zone).toPlainDate();
  const days = [-1, 0, 1].map((days) => day.add({ days }).toString());
  return days.flatMap((date) => momentsOn(date, { time, zone }));
}

/** One moment, or the two of an hour that comes twice. */
export function momentsOn(date: string, { time, zone }: Clock): readonly Moment[] {
  const local = Temporal.PlainDateTime.from(`${date}T${time}`);
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = local.toZonedDateTime(zone, { disambiguation: 'later' });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return [momentOf(earlier)];
  const isThere = earlier.toPlainDateTime().equals(local);
  // A skipped clock was most likely not put forward: it is read in the time before.
  return isThere
    ? [momentOf(earlier, 'twice'), momentOf(later, 'twice')]
    : [momentOf(later, 'skipped')];
}

function momentOf({ epochMilliseconds }: Temporal.ZonedDateTime, doubt?: ClockDoubt): Moment {
  const at = new Date(epochMilliseconds).toISOString();
  return doubt === undefined ? { at } : { at, doubt };
}
