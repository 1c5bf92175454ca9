/**
 * What an installation costs a month, for so many departments: `node infra/cost.ts [departments...]`.
 *
 * 1. `usageOf` says what departments do in a month (the assumptions stand at the top).
 * 2. The same figures that size the stacks (services.ts, network.ts) say what runs all the time.
 * 3. Prices and their date are in `prices.json`, and nowhere else.
 */
import { readFileSync } from 'node:fs';
import { alarmKinds } from '#contracts/alarms.ts';
import { BUS_SERVERS } from './bus.ts';
import { MANAGED_RULES } from './firewall.ts';
import { DOOR_COUNT, ZONES } from './network.ts';
import { SERVICES, tasksFor } from './services.ts';

/** A department of middle size, in a month. */
export const DEPARTMENT = {
  /** Dispatch mails: pages, updates, times reports. */
  mails: 900,
  mailKilobytes: 12,
  incidents: 350,
  /** Requests to the API, by people and machines. */
  requests: 60_000,
  answerKilobytes: 4,
  files: 120,
  fileMegabytes: 1.5,
  /** Ledger entries: every change, sign-in and sensitive read. */
  entries: 12_000,
  entryBytes: 500,
  mailsOut: 60,
} as const;

/** What one thing costs in units of the tables. */
const WRITE_UNITS = {
  /** A block holds many entries; per entry, measured by the bench of the AWS profile. */
  perEntry: 0.35,
  /** Record, history, index rows and outbox, in one transaction (which counts twice). */
  perChange: 14,
  perMail: 24,
} as const;
const READ_UNITS = { perRequest: 6, perMail: 12 } as const;
const CACHE_LOOKS_PER_REQUEST = 3;
const KEPT_MONTHS = 24;
const HOURS = 730;
const QUEUE_REQUESTS_PER_MAIL = 8;
const LOG_KILOBYTES_PER_REQUEST = 0.6;
const POLLS_PER_TASK = (3_600 / 20) * HOURS;

export interface CostLine {
  readonly what: string;
  readonly dollars: number;
}

interface Prices {
  readonly asOf: string;
  readonly prices: Readonly<Record<PriceName, number>>;
}
type PriceName = keyof typeof import('./prices.json')['prices'];

export function readPrices(): Prices {
  return JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8'));
}

/** The bill, largest first. */
export function costOf(departments: number, { prices }: Prices): CostLine[] {
  const lines = [
    ...alwaysThere(departments, prices),
    ...tables(departments, prices),
    ...traffic(departments, prices),
  ];
  return lines.toSorted((one, other) => other.dollars - one.dollars);
}

function alwaysThere(departments: number, prices: Prices['prices']): CostLine[] {
  const tasks = SERVICES.map((service) => ({
    count: tasksFor(service, departments),
    vcpus: service.cpuUnits / 1_024,
    gigabytes: service.memoryMiB / 1_024,
  }));
  tasks.push({ count: BUS_SERVERS, vcpus: 0.25, gigabytes: 0.5 });
  const hourly = tasks.map(
    ({ count, vcpus, gigabytes }) =>
      count * (vcpus * prices.fargateArmVcpuHour + gigabytes * prices.fargateArmGigabyteHour),
  );
  const doors = DOOR_COUNT * ZONES;
  const keys = 10;
  const secrets = 22;
  const alarms = alarmKinds.length + 14;
  return [
    { what: 'Tasks (Fargate)', dollars: sum(hourly) * HOURS },
    { what: 'Endpoints in the network', dollars: doors * prices.endpointZoneHour * HOURS },
    {
      what: 'Load balancer',
      dollars: (prices.balancerHour + prices.balancerUnitHour * units(departments)) * HOURS,
    },
    {
      what: 'Firewall, rules',
      dollars: prices.firewallMonth + (MANAGED_RULES + 1) * prices.firewallRuleMonth,
    },
    { what: 'Keys', dollars: keys * prices.kmsKeyMonth },
    { what: 'Secrets', dollars: secrets * prices.secretMonth },
    {
      what: 'Alarms, metrics, dashboard, zone',
      dollars:
        alarms * prices.alarmMonth +
        alarmKinds.length * prices.metricMonth +
        prices.dashboardMonth +
        prices.hostedZoneMonth,
    },
    { what: 'Cache', dollars: cache(departments, prices) },
  ];
}

/** It is never smaller than a tenth of a gigabyte. */
function cache(departments: number, prices: Prices['prices']): number {
  const gigabytes = Math.max(0.1, departments / 2_000);
  const looks = departments * DEPARTMENT.requests * CACHE_LOOKS_PER_REQUEST;
  return gigabytes * prices.cacheGigabyteHour * HOURS + (looks * prices.cacheMillionUnits) / 1e6;
}

/** Capacity units of the balancer: one for 25 new connections a second. */
function units(departments: number): number {
  return Math.max(1, (departments * DEPARTMENT.requests) / (HOURS * 3_600) / 25);
}

function tables(departments: number, prices: Prices['prices']): CostLine[] {
  const { entries, incidents, files, mails, requests, entryBytes } = DEPARTMENT;
  const changes = incidents * 4 + files * 2;
  const writes =
    entries * WRITE_UNITS.perEntry + changes * WRITE_UNITS.perChange + mails * WRITE_UNITS.perMail;
  const reads = requests * READ_UNITS.perRequest + mails * READ_UNITS.perMail;
  const kilobytes = (entries * entryBytes) / 1_000 + changes * 4 + mails * 6;
  const gigabytes = (departments * kilobytes * KEPT_MONTHS) / 1e6;
  return [
    {
      what: 'Tables, writes',
      dollars: (departments * writes * prices.dynamodbMillionWriteUnits) / 1e6,
    },
    {
      what: 'Tables, reads',
      dollars: (departments * reads * prices.dynamodbMillionReadUnits) / 1e6,
    },
    {
      what: `Tables, kept for ${KEPT_MONTHS} months, and their backup`,
      dollars: gigabytes * (prices.dynamodbGigabyteMonth + prices.dynamodbBackupGigabyteMonth),
    },
  ];
}

function traffic(departments: number, prices: Prices['prices']): CostLine[] {
  const { mails, mailKilobytes, mailsOut, files, fileMegabytes } = DEPARTMENT;
  const { requests, answerKilobytes } = DEPARTMENT;
  const objects = mails * 2 + files;
  const kept = mails * mailKilobytes * 1e-6 + files * fileMegabytes * 1e-3;
  const cadTasks = SERVICES.filter(({ name }) => name === 'cad-ingest');
  const polls = sum(cadTasks.map((task) => tasksFor(task, departments))) * POLLS_PER_TASK * 3;
  const queue = polls + departments * mails * QUEUE_REQUESTS_PER_MAIL;
  const logs = departments * requests * LOG_KILOBYTES_PER_REQUEST * 1e-6;
  return [
    {
      what: 'Dispatch mail in',
      dollars:
        (departments * mails * (prices.sesThousandMailsIn + prices.sesThousandChunksIn)) / 1_000,
    },
    { what: 'Mail out', dollars: (departments * mailsOut * prices.sesThousandMailsOut) / 1_000 },
    {
      what: 'Objects: requests',
      dollars: (departments * objects * (prices.s3ThousandPuts + prices.s3ThousandGets)) / 1_000,
    },
    {
      what: `Objects: kept for ${KEPT_MONTHS} months`,
      dollars: departments * kept * KEPT_MONTHS * prices.s3GigabyteMonth,
    },
    {
      what: 'Queues and notices of mail',
      dollars:
        (queue * prices.sqsMillionRequests + departments * mails * prices.snsMillionPublishes) /
        1e6,
    },
    {
      what: 'Content network and its firewall',
      dollars:
        departments *
        ((requests * prices.edgeTenThousandRequests) / 1e4 +
          requests * answerKilobytes * 1e-6 * prices.edgeGigabyteOut +
          (requests * prices.firewallMillionRequests) / 1e6),
    },
    {
      what: 'Keys: requests',
      dollars: (departments * objects * 2 * prices.kmsTenThousandRequests) / 1e4,
    },
    { what: 'Logs', dollars: logs * (prices.logGigabyte + 13 * prices.logGigabyteMonth) },
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** The bill as a table of text. */
export function costSheet(departments: number, prices: Prices): string {
  const lines = costOf(departments, prices);
  const total = sum(lines.map(({ dollars }) => dollars));
  const row = (what: string, dollars: number) =>
    `${what.padEnd(52)}${dollars.toFixed(2).padStart(14)}`;
  return [
    `${departments} departments, a month, in US dollars (prices of ${prices.asOf})`,
    ...lines.map(({ what, dollars }) => row(what, dollars)),
    row('Together', total),
    row('For a department', total / departments),
  ].join('\n');
}

if (import.meta.main) {
  const asked = process.argv.slice(2).map(Number);
  for (const departments of asked.length > 0 ? asked : [1, 100, 10_000]) {
    process.stdout.write(`${costSheet(departments, readPrices())}\n\n`);
  }
}
