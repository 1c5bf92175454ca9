/**
 * What one installation decides: names, place and size. Read from one JSON file and checked before
 * anything is made of it.
 */
import { readFileSync } from 'node:fs';

/** Stores of record stay in the United States. */
export const REGIONS = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'] as const;
export type Region = (typeof REGIONS)[number];

/** Certificates and firewall of the content network can only be made here. */
export const EDGE_REGION = 'us-east-1';

export interface Settings {
  /** Names every stack and resource; one account can hold a test installation beside the real one. */
  readonly name: string;
  readonly account: string;
  readonly region: Region;
  /** The host that people use; departments are reached at `<slug>.<domain>`. */
  readonly domain: string;
  /** The Route 53 zone that the domain is in. */
  readonly hostedZone: { readonly id: string; readonly name: string };
  /** Dispatch mail comes to `cad+<token>@<mailDomain>`. */
  readonly mailDomain: string;
  /** Where alarms go. */
  readonly alarmEmail: string;
  /** Images of the release, by digest, in the account's own registry. */
  readonly imageDigests: Readonly<Record<ImageName, string>>;
  /** Hosts that the ledger's sinks and witnesses are at. None: nothing can leave the network. */
  readonly outboundHosts: readonly string[];
  /** Bundle of the authorities whose collectors may connect with a certificate; absent: none may. */
  readonly collectorAuthorities?: { readonly bucket: string; readonly key: string };
  /** Whether the ledger may remove blocks that a purge by two persons has archived. */
  readonly ledgerMayPurge: boolean;
  /** Departments that the installation is made for: sizes tasks and their bounds. */
  readonly departments: number;
}

export const IMAGE_NAMES = ['service', 'bus'] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** Throws one sentence for each thing that is wrong, with its name and the mend. */
export function readSettings(file: string): Settings {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const faults = faultsOf(parsed);
  if (faults.length > 0) throw new Error(`${file} does not fit:\n  ${faults.join('\n  ')}`);
  return parsed as Settings;
}

/** What is wrong with settings; nothing when they can be used. */
export function faultsOf(parsed: unknown): string[] {
  if (!isObject(parsed)) return ['it must be one JSON object'];
  const known = new Set([...Object.keys(checks), 'collectorAuthorities']);
  const faults = Object.entries(checks)
    .filter(([key, { holds }]) => !holds(parsed[key]))
    .map(([key, { mend }]) => `${key}: ${mend}`);
  const authorities = parsed.collectorAuthorities;
  if (authorities !== undefined && !hasTexts(authorities, ['bucket', 'key'])) {
    faults.push('collectorAuthorities: must name bucket and key of a PEM bundle');
  }
  const strangers = Object.keys(parsed).filter((key) => !known.has(key));
  return [...faults, ...strangers.map((key) => `${key}: is not a setting; take it out`)];
}

interface Check {
  readonly holds: (value: unknown) => boolean;
  readonly mend: string;
}

const HOST = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

const checks: Readonly<Record<Exclude<keyof Settings, 'collectorAuthorities'>, Check>> = {
  name: { holds: matches(/^[a-z][a-z0-9-]{1,20}$/), mend: 'must be a short word of a-z, 0-9, -' },
  account: { holds: matches(/^\d{12}$/), mend: 'must be the twelve digits of the AWS account' },
  region: {
    holds: (value) => REGIONS.some((region) => region === value),
    mend: `must be one of ${REGIONS.join(', ')}: records stay in the United States`,
  },
  domain: { holds: matches(HOST), mend: 'must be a host name such as desk.example.org' },
  hostedZone: {
    holds: (value) => hasTexts(value, ['id', 'name']),
    mend: 'must have the id and name of a Route 53 zone',
  },
  mailDomain: { holds: matches(HOST), mend: 'must be a host name such as mail.desk.example.org' },
  alarmEmail: { holds: matches(/^\S+@\S+$/), mend: 'must be an e-mail address' },
  imageDigests: {
    holds: (value) =>
      isObject(value) &&
      IMAGE_NAMES.every((image) => matches(/^sha256:[0-9a-f]{64}$/)(value[image])),
    mend: `must have the digest (sha256:...) of each image: ${IMAGE_NAMES.join(', ')}`,
  },
  outboundHosts: {
    holds: (value) => Array.isArray(value) && value.every(matches(HOST)),
    mend: 'must be a list of host names; [] when nothing may leave',
  },
  ledgerMayPurge: {
    holds: (value) => typeof value === 'boolean',
    mend: 'must be true or false; false keeps every block for ever',
  },
  departments: {
    holds: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100_000,
    mend: 'must be a number from 1 to 100000',
  },
};

function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasTexts(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => matches(/\S/)(value[key]));
}
