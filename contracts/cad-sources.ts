import { z } from 'zod';
import { profileChoice } from './cad-profiles.ts';
import { updatePolicy } from './cad-update-policy.ts';
import { operation } from './operation.ts';
import { email, pageOf, pageQuery, reason, rowId, shortText, timestamp } from './primitives.ts';

/** `dispatch@example.org`, or a whole domain as `@example.org`. */
const sender = z.union(
  [
    email,
    z
      .string()
      .regex(/^@[a-z0-9.-]+\.[a-z]{2,}$/i)
      .transform((value) => value.toLowerCase()),
  ],
  { error: 'must be an address (dispatch@example.org) or a domain (@example.org)' },
);

const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
  error: 'must be an IP address or network, such as 192.0.2.0/24',
});

const settings = {
  name: shortText(120),
  /** Addresses or `@domains` from which dispatch mail of this source may come. */
  senders: z.array(sender).min(1).max(50),
  /**
   * `authenticated`: SPF, DKIM and DMARC must vouch for the sender. `listed`: a listed sender from a
   * listed network suffices, for a centre on the same network.
   */
  trust: z.enum(['authenticated', 'listed']),
  networks: z.array(network).max(50).optional(),
  /** Id of the profile that reads the mail, built-in or own; absent: detected for each mail. */
  profile: z
    .string()
    .regex(/^[a-z0-9-]{1,80}$/)
    .optional(),
  /** What becomes of further pages of a call; absent: matched by number, else by place and time. */
  updates: updatePolicy.optional(),
};

const mailCounts = z.strictObject({
  mails: z.number().int(),
  /** Ended after their last try. */
  failed: z.number().int(),
  /** Could not be read: each is an incident that needs review. */
  unread: z.number().int(),
  quarantined: z.number().int(),
  /** Share of the mails that failed or were not read, 0..1. */
  failureRate: z.number().min(0).max(1),
});

export const sourceHealth = z.strictObject({
  /** Absent while none has come. */
  lastMailAt: timestamp.optional(),
  /** The last 24 hours. */
  day: mailCounts,
  /** The last seven days. */
  week: mailCounts,
  silence: z.strictObject({
    alarm: z.boolean(),
    /** Since when, while the alarm is on. */
    since: timestamp.optional(),
    /** When the alarm comes if no mail does, by the source's own rhythm; a new source has none. */
    expectedBy: timestamp.optional(),
  }),
});
export type SourceHealth = z.infer<typeof sourceHealth>;

export const cadSource = z.strictObject({
  id: rowId,
  version: z.number().int().positive(),
  ...settings,
  /** The version of the department's own profile that is active; a built-in one has one version. */
  profileVersion: z.number().int().positive().optional(),
  updates: updatePolicy,
  /** Where the centre sends its mail. The part behind the `+` is the key; it is not guessable. */
  address: z.string(),
  createdAt: timestamp,
  /** Only where one source is read. */
  health: sourceHealth.optional(),
});
export type CadSource = z.infer<typeof cadSource>;

/** With trust "listed" the network is what vouches for the sender. */
export function hasVoucher(source: {
  readonly trust: 'authenticated' | 'listed';
  readonly networks?: readonly string[] | undefined;
}): boolean {
  return source.trust !== 'listed' || (source.networks?.length ?? 0) > 0;
}
export const NETWORK_WANTED =
  'give at least one network: with trust "listed" it is what vouches for the sender';

export const createCadSource = operation({
  name: 'cad-ingest.source.create',
  summary: 'Make an inbound address for a dispatch centre',
  http: { method: 'POST', path: '/v1/cad/sources', status: 201 },
  body: z.strictObject(settings).refine(hasVoucher, { path: ['networks'], error: NETWORK_WANTED }),
  output: cadSource,
  problems: ['idempotency-key-reused', 'ledger-behind'],
  permission: 'cad-sources:manage',
  audit: { kind: 'change', action: 'cad-ingest.source.created', object: 'cad-source' },
  idempotent: true,
  versioned: true,
});

export const listCadSources = operation({
  name: 'cad-ingest.source.list',
  summary: 'List CAD sources',
  http: { method: 'GET', path: '/v1/cad/sources', status: 200 },
  query: z.strictObject(pageQuery),
  output: pageOf(cadSource),
  problems: ['invalid-cursor'],
  permission: 'cad-sources:read',
  audit: { kind: 'none', because: 'settings, read inside their own department' },
});

export const readCadSource = operation({
  name: 'cad-ingest.source.read',
  summary: 'Read a CAD source',
  http: { method: 'GET', path: '/v1/cad/sources/{id}', status: 200 },
  params: z.strictObject({ id: rowId }),
  output: cadSource,
  problems: ['not-found'],
  permission: 'cad-sources:read',
  audit: { kind: 'none', because: 'settings, read inside their own department' },
  versioned: true,
});

export const activateCadProfile = operation({
  name: 'cad-ingest.source.activate',
  summary: 'Read the mail of a source by this version of a profile from now on',
  http: { method: 'POST', path: '/v1/cad/sources/{id}/activate', status: 200 },
  params: z.strictObject({ id: rowId }),
  body: z.strictObject({
    ...profileChoice,
    /** Activates it untried, or although it did worse than the active one when it was tried. */
    force: z.boolean().optional(),
    reason: reason.optional(),
  }),
  output: cadSource,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-profiles:manage',
  audit: { kind: 'change', action: 'cad-ingest.source.activated', object: 'cad-source' },
  versioned: true,
});

/** RFC 7396 merge patch. The profile is not among it: that is activated after it was tried. */
export const updateCadSource = operation({
  name: 'cad-ingest.source.update',
  summary: 'Change the settings of a CAD source; its address stays',
  http: {
    method: 'PATCH',
    path: '/v1/cad/sources/{id}',
    status: 200,
    accepts: 'application/merge-patch+json',
  },
  params: z.strictObject({ id: rowId }),
  body: z
    .strictObject({
      name: settings.name.optional(),
      senders: settings.senders.optional(),
      trust: settings.trust.optional(),
      networks: settings.networks.nullable(),
      updates: settings.updates.nullable(),
    })
    .refine((patch) => Object.keys(patch).length > 0, {
      error: 'give at least one setting to change',
    }),
  output: cadSource,
  problems: ['not-found', 'conflict', 'version-mismatch', 'ledger-behind'],
  permission: 'cad-sources:manage',
  audit: { kind: 'change', action: 'cad-ingest.source.updated', object: 'cad-source' },
  versioned: true,
});
