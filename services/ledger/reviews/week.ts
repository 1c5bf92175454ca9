/** ISO 8601 weeks in UTC: Monday to Sunday, numbered by the year that has their Thursday. */

const DAY_MS = 24 * 60 * 60 * 1000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

export interface Week {
  /** `2031-W07`. */
  readonly name: string;
  /** Milliseconds since the epoch; `toMs` is the beginning of the next week. */
  readonly fromMs: number;
  readonly toMs: number;
}

export function weekAt(ms: number): Week {
  const fromMs = Math.floor((ms - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
  const thursday = new Date(fromMs + 3 * DAY_MS);
  const year = thursday.getUTCFullYear();
  const number = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / WEEK_MS) + 1;
  const name = `${String(year).padStart(4, '0')}-W${String(number).padStart(2, '0')}`;
  return { name, fromMs, toMs: fromMs + WEEK_MS };
}

/** The week of that name; `undefined` for one that its year does not have. */
export function weekNamed(name: string): Week | undefined {
  const [year = Number.NaN, number = Number.NaN] = name.split('-W').map(Number);
  // The fourth of January is always in the first week.
  const found = weekAt(weekAt(Date.UTC(year, 0, 4)).fromMs + (number - 1) * WEEK_MS);
  return found.name === name ? found : undefined;
}

export function weekBefore({ fromMs }: Week): Week {
  return weekAt(fromMs - 1);
}

export function bounds({ fromMs, toMs }: Week): { readonly from: string; readonly to: string } {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}
