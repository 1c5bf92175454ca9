/** When mail is due, by the clocks of a department. Pure. */

/** ISO 8601: Monday is 1. */
export const MONDAY = 1;
export const WEDNESDAY = 3;
/** After the night's shift has written its log, before the day begins. */
const HOUR = 7;

export interface Slot {
  /** The date there, `2031-01-06`. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** The last seven in the morning there, of any day. */
export function lastDaily(zone: string, nowMs: number): Slot {
  return lastSlot(zone, nowMs, () => true);
}

/** The last seven in the morning there of that day of the week. */
export function lastWeekly(zone: string, nowMs: number, dayOfWeek: number): Slot {
  return lastSlot(zone, nowMs, (date) => date.dayOfWeek === dayOfWeek);
}

/**
 * Where clocks are put forward over it, it is as much later as they were; where they are put back it
 * is the first of the two. So each date has one, and only one.
 */
function lastSlot(zone: string, nowMs: number, isDay: (date: Temporal.PlainDate) => boolean): Slot {
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(zone);
  for (let date = now.toPlainDate(); ; date = date.subtract({ days: 1 })) {
    if (!isDay(date)) continue;
    const plainTime = Temporal.PlainTime.from({ hour: HOUR });
    const atMs = date.toZonedDateTime({ timeZone: zone, plainTime }).epochMilliseconds;
    if (atMs <= nowMs) return { key: date.toString(), atMs };
  }
}
