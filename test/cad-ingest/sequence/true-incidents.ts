/** Calls as they were, and the mails about them as a centre sends them. */
import type { UpdatePolicy } from '#contracts/cad-update-policy.ts';
import type { Random } from '../generator/random.ts';

export const ZONE = 'America/Chicago';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const NATURES = ['CHIMNEY FIRE', 'CHEST PAIN', 'GAS LEAK', 'FIRE ALARM', 'FALL', 'CAR FIRE'];
const STREETS = ['MILL RD', 'QUARRY LN', 'OAK CT', 'ELM ST', 'PINE HOLLOW RD', 'RIVER DR'];
const UNITS = ['E91', 'T91', 'M4', 'E92', 'BC2', 'R7'];
const STATUSES = ['dispatched', 'enRoute', 'onScene', 'cleared'] as const;
const ABBREVIATIONS = { dispatched: 'DSP', enRoute: 'ENR', onScene: 'ARV', cleared: 'CLR' };
const WORDS = {
  dispatched: 'Dispatched',
  enRoute: 'Enroute',
  onScene: 'Arrived',
  cleared: 'Cleared',
};

type Status = (typeof STATUSES)[number];
type Times = Readonly<Record<Status, number>>;

/** What a centre prints: numbers or none; the time of the call, of the page, or none. */
export interface Style {
  readonly numbered: boolean;
  readonly clock: 'call' | 'page' | 'none';
}

export interface SentPage {
  readonly kind: 'page' | 'times';
  readonly subject: string;
  readonly body: string;
  readonly sentAt: number;
  /** When it reached us, which may be after pages that were sent later. */
  readonly receivedAt: number;
  readonly nature: string;
  readonly address: string;
  readonly units: readonly string[];
}

export interface TrueIncident {
  readonly number?: string | undefined;
  readonly at: number;
  readonly times: ReadonlyMap<string, Times>;
  readonly isCancelled: boolean;
  /** In the order in which they were sent. */
  readonly sent: readonly SentPage[];
}

/** Around these moments a clock without a date is hard to read: midnight, and both changes of clocks. */
const HARD_NIGHTS = [
  Date.UTC(2031, 0, 3, 6),
  Date.UTC(2031, 2, 9, 6, 30),
  Date.UTC(2031, 2, 9, 9),
  Date.UTC(2031, 10, 2, 5),
  Date.UTC(2031, 10, 3, 6),
];

export function inventIncidents(
  random: Random,
  { style, policy }: { readonly style: Style; readonly policy: UpdatePolicy },
): readonly TrueIncident[] {
  const begin = random.pick(HARD_NIGHTS) + random.int(-40, 10) * MINUTE;
  const count = random.int(2, 4);
  return Array.from({ length: count }, (_, index) => {
    const at = begin + index * random.int(0, 30) * MINUTE + random.int(0, 59) * SECOND;
    return inventIncident(random.fork(`incident ${index}`), { style, policy, at, index });
  });
}

interface About {
  readonly style: Style;
  readonly policy: UpdatePolicy;
  readonly at: number;
  readonly index: number;
}

function inventIncident(random: Random, about: About): TrueIncident {
  const { style, policy, at, index } = about;
  const number = style.numbered ? `31-${random.digits(4)}${index}` : undefined;
  const units = random.shuffle(UNITS).slice(0, random.int(1, 3));
  const nature = random.pick(NATURES);
  const address = `${100 * (index + 1) + random.int(1, 99)} ${random.pick(STREETS)}`;
  const isCancelled = random.chance(0.3);
  const byNumber = style.numbered && policy.match.startsWith('number');
  const first = { nature, address, units: units.slice(0, 1), number };
  const retyped = policy.match === 'locationAndNature' ? nature : random.pick(NATURES);
  const all = { ...first, nature: retyped, units };
  const moved = byNumber && random.chance(0.4) ? { ...all, address: `9${all.address}` } : all;
  const said = [first, first, all, moved].slice(0, random.int(1, 4));
  const last = said.at(-1) ?? first;
  const pages = said.map((page, step) =>
    pageOf(random, {
      ...about,
      page,
      word: step < 2 ? '' : random.pick(['', 'UPDATE:', 'FYI: ']),
      step,
    }),
  );
  const cancels = { ...about, page: last, word: 'CANCEL', step: said.length };
  const times = new Map(last.units.map((unit) => [unit, timesOf(random, at)]));
  return {
    number,
    at,
    times,
    isCancelled,
    sent: [
      ...pages,
      ...(isCancelled ? [pageOf(random, cancels)] : []),
      ...reportsOf(random, { style, at, times, page: last }),
    ],
  };
}

interface Said {
  readonly nature: string;
  readonly address: string;
  readonly units: readonly string[];
  readonly number: string | undefined;
}

/** Pages are a minute apart; where they have a clock of their own they may overtake each other. */
function pageOf(
  random: Random,
  about: About & { readonly page: Said; readonly word: string; readonly step: number },
): SentPage {
  const { style, at, page, word, step } = about;
  const sentAt = at + step * MINUTE;
  const overtakes = style.clock === 'page' && random.chance(0.4);
  const lateMs = (overtakes ? random.int(60, 170) : random.int(1, 20)) * SECOND;
  const clock = style.clock === 'none' ? undefined : style.clock === 'call' ? at : sentAt;
  const station = `STATION ${random.int(1, 9)}`;
  const lines = [
    ...(word === '' ? [] : [word.trim()]),
    ...headOf(page, clock),
    `UNIT: ${page.units.join(', ')}`,
    `INFO: page ${step} for ${station}`,
  ];
  const body = `${lines.join('\n')}\n`;
  const { nature, address, units } = page;
  return {
    kind: 'page',
    subject: 'CAD Page',
    body,
    sentAt,
    receivedAt: sentAt + lateMs,
    nature,
    address,
    units,
  };
}

function headOf({ nature, address, number }: Said, clock: number | undefined): string[] {
  const local = clock === undefined ? undefined : localOf(clock);
  return [
    `CALL: ${nature}`,
    `ADDR: ${address}`,
    'CITY: FAIRVALE',
    ...(number === undefined ? [] : [`ID: ${number}`]),
    ...(local === undefined
      ? []
      : [`TIME: ${local.toPlainTime().toString({ smallestUnit: 'second' })}`]),
  ];
}

/** In whole seconds, as reports print them. */
function timesOf(random: Random, at: number): Times {
  const dispatched = at + random.int(0, 30) * SECOND;
  const enRoute = dispatched + random.int(30, 120) * SECOND;
  const onScene = enRoute + random.int(120, 900) * SECOND;
  return { dispatched, enRoute, onScene, cleared: onScene + random.int(300, 5_000) * SECOND };
}

/** One report for all units, one for each, or one as a log; now and then the same again. */
function reportsOf(
  random: Random,
  about: {
    readonly style: Style;
    readonly at: number;
    readonly times: TrueIncident['times'];
    readonly page: Said;
  },
): SentPage[] {
  const { at, times, page, style } = about;
  const form = random.pick(['all', 'each', 'log'] as const);
  const clock = style.clock === 'none' ? undefined : at;
  const entries = [...times];
  const groups = form === 'each' ? entries.map((entry) => [entry]) : [entries];
  const reports = groups.map((group, index): SentPage => {
    const lines = form === 'log' ? group.flatMap(logLines) : group.map(labelledLine);
    const end = Math.max(...group.map(([, { cleared }]) => cleared));
    const sentAt = end + (1 + index) * MINUTE;
    return {
      ...page,
      kind: 'times',
      subject: 'Clear Report',
      body: `${[...headOf(page, clock), ...lines].join('\n')}\n`,
      sentAt,
      receivedAt: sentAt + random.int(1, 30) * SECOND,
    };
  });
  return random.chance(0.3)
    ? [...reports, ...reports.map((each) => ({ ...each, subject: 'Final Report' }))]
    : reports;
}

function labelledLine([unit, times]: readonly [string, Times]): string {
  const clocks = STATUSES.map((status) => `${ABBREVIATIONS[status]}: ${clockOf(times[status])}`);
  return `Unit: ${unit} ${clocks.join(' ')}`;
}

function logLines([unit, times]: readonly [string, Times]): string[] {
  return STATUSES.map((status) => `${clockOf(times[status])} ${unit} ${WORDS[status]}`);
}

function clockOf(at: number): string {
  return localOf(at).toPlainTime().toString({ smallestUnit: 'second' });
}

function localOf(at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(ZONE);
}
