/**
 * How often a source sends, learned from when it did, and since when it has been silent for too long.
 *
 * Centres page in bursts and by the hour of the week: a quiet night says nothing, a quiet Saturday
 * evening much. So the unit of silence is not the hour but the burst that was to be expected: each
 * hour of the week has a rate, and a silence is as long as the bursts that its hours used to bring.
 * It is too long when it is half as long again as nearly every one that the source had before. Pure.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;
const HOURS_OF_WEEK = 168;

/** Mails so close together are about the same calls. */
const BURST_MS = 10 * MINUTE_MS;
/** With fewer bursts, or a shorter past, nobody knows the rhythm. */
export const BURSTS_MIN = 50;
const PAST_MS_MIN = WEEK_MS;
/** A rate for each hour of the week is smoothed by so many bursts at the rate of the whole. */
const PRIOR_HOURS = 1;
/** One in a hundred of the silences before may be longer: an outage that was none of the rhythm. */
const QUANTILE = 0.99;
const FACTOR = 1.5;
/** Chance alone brings a silence of seven expected bursts once in a thousand. */
const EXPECTED_MIN = 7;
/** However busy a centre is, for so long it may be silent. */
const SILENCE_MS_MIN = HOUR_MS;
/** However slow it is, after so long somebody should look. */
const SILENCE_MS_MAX = 4 * WEEK_MS;

export interface Rhythm {
  /** Expected bursts in each hour of the week; UTC, from Thursday as the epoch does. */
  readonly rates: readonly number[];
  /** A silence of more expected bursts is an alarm. */
  readonly bound: number;
  readonly lastAt: number;
}

/** From the times of mails, in order; `undefined` while there are too few. */
export function learnRhythm(times: readonly number[]): Rhythm | undefined {
  const bursts = burstsOf(times);
  const [first] = bursts;
  const lastAt = times.at(-1);
  const latest = bursts.at(-1);
  if (first === undefined || latest === undefined || lastAt === undefined) return undefined;
  if (bursts.length < BURSTS_MIN || latest - first < PAST_MS_MIN) return undefined;
  const rates = ratesOf(bursts, latest - first);
  const silences = bursts
    .slice(1)
    .map((at, index) => expectedIn(rates, bursts[index] ?? at, at))
    .toSorted((left, right) => left - right);
  const usual = silences[Math.floor(QUANTILE * (silences.length - 1))] ?? 0;
  return { rates, bound: Math.max(EXPECTED_MIN, FACTOR * usual), lastAt };
}

/** When a source that sends nothing more counts as silent. */
export function silentFrom({ rates, bound, lastAt }: Rhythm): number {
  let expected = 0;
  let at = lastAt;
  while (expected < bound && at < lastAt + SILENCE_MS_MAX) {
    const end = nextHour(at);
    const rate = rates[hourOf(at)] ?? 0;
    const inHour = (rate * (end - at)) / HOUR_MS;
    if (expected + inHour >= bound) {
      at += ((bound - expected) / rate) * HOUR_MS;
      break;
    }
    expected += inHour;
    at = end;
  }
  return Math.round(Math.max(at, lastAt + SILENCE_MS_MIN));
}

/** The first mail of each burst. */
function burstsOf(times: readonly number[]): number[] {
  const bursts: number[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const at of times) {
    if (at - before >= BURST_MS) bursts.push(at);
    before = at;
  }
  return bursts;
}

function ratesOf(bursts: readonly number[], pastMs: number): readonly number[] {
  const whole = bursts.length / (pastMs / HOUR_MS);
  const weeks = pastMs / WEEK_MS;
  const counts = new Array<number>(HOURS_OF_WEEK).fill(0);
  for (const at of bursts) {
    // The hours beside tell of each hour too: half as much.
    for (const [step, share] of [
      [-1, 0.25],
      [0, 0.5],
      [1, 0.25],
    ] as const) {
      const hour = (hourOf(at) + step + HOURS_OF_WEEK) % HOURS_OF_WEEK;
      counts[hour] = (counts[hour] ?? 0) + share;
    }
  }
  return counts.map((count) => (count + whole * PRIOR_HOURS) / (weeks + PRIOR_HOURS));
}

function expectedIn(rates: readonly number[], from: number, to: number): number {
  let expected = 0;
  for (let at = from; at < to; at = nextHour(at)) {
    const end = Math.min(nextHour(at), to);
    expected += ((rates[hourOf(at)] ?? 0) * (end - at)) / HOUR_MS;
  }
  return expected;
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) % HOURS_OF_WEEK;
}

function nextHour(at: number): number {
  return (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
}
