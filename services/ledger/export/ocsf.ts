/**
 * Entries as events of the Open Cybersecurity Schema Framework (schema.ocsf.io). The class follows
 * from the family of the action; the entry as it was hashed stands in `raw_data`.
 */
import { hash } from 'node:crypto';
import type { LedgerEntry } from '#contracts/ledger.ts';
import type { Exported } from './exported.ts';
import { type Family, familyOf, verbOf } from './family.ts';

const OCSF_VERSION = '1.6.0';
/** `activity_id` of what the class has no word for. */
const OTHER = 99;
/** Fingerprint algorithms: SHA-256. */
const SHA256_ID = 3;
/** Types of users: a person, a system, unknown. */
const userTypes = { user: 1, key: 3, service: 3, anonymous: 0 } as const;

interface EventClass {
  readonly uid: number;
  readonly name: string;
  readonly category: { readonly uid: number; readonly name: string };
  /** `activity_id` and name by the verb of the action. */
  readonly activities: Readonly<Record<string, readonly [number, string]>>;
  /** What was done to what, under the names of the class. */
  subject(entry: LedgerEntry): object;
}

const identity = { uid: 3, name: 'Identity & Access Management' };
const application = { uid: 6, name: 'Application Activity' };

/** Verbs of changes and reads, as entities and operations have them. */
const crud = {
  created: [1, 'Create'],
  begun: [1, 'Create'],
  received: [1, 'Create'],
  proposed: [1, 'Create'],
  queued: [1, 'Create'],
  invited: [1, 'Create'],
  read: [2, 'Read'],
  'raw-read': [2, 'Read'],
  'url-issued': [2, 'Read'],
  updated: [3, 'Update'],
  voided: [3, 'Update'],
  finished: [3, 'Update'],
  accepted: [3, 'Update'],
  locked: [3, 'Update'],
  unlocked: [3, 'Update'],
  deactivated: [3, 'Update'],
  revoked: [4, 'Delete'],
  abandoned: [4, 'Delete'],
} as const;

const classes: Readonly<Record<Family, EventClass>> = {
  authentication: {
    uid: 3002,
    name: 'Authentication',
    category: identity,
    activities: { created: [1, 'Logon'], refused: [1, 'Logon'], ended: [2, 'Logoff'] },
    subject: ({ actor, object, action }) => ({
      // Who is refused is nobody yet; whose account it was about is known.
      user: object.type === 'user' ? { uid: object.id } : userOf(actor),
      service: { name: serviceOf(action) },
      // Only of a session that was made is the object its id.
      ...(object.type === 'session' ? { session: { uid: object.id } } : {}),
    }),
  },
  'entity-management': {
    uid: 3004,
    name: 'Entity Management',
    category: identity,
    activities: crud,
    subject: ({ object, reason }) => ({
      entity: { uid: object.id, type: object.type, ...versionOf(object) },
      ...(reason === undefined ? {} : { comment: reason }),
    }),
  },
  datastore: {
    uid: 6005,
    name: 'Datastore Activity',
    category: application,
    activities: {
      read: [1, 'Read'],
      proved: [1, 'Read'],
      verified: [1, 'Read'],
      exported: [1, 'Read'],
      pushed: [1, 'Read'],
      summarised: [4, 'Query'],
      searched: [4, 'Query'],
      conflicted: [5, 'Write'],
      'signed-off': [5, 'Write'],
    },
    subject: ({ tenant, object }) => ({
      type_id: 3,
      type: 'Table',
      table: { name: 'ledger', uid: tenant },
      unmapped: { object: { type: object.type, uid: object.id } },
    }),
  },
  api: {
    uid: 6003,
    name: 'API Activity',
    category: application,
    activities: crud,
    subject: ({ action, object, requestId }) => ({
      api: { operation: action, service: { name: serviceOf(action) }, request: { uid: requestId } },
      resources: [{ uid: object.id, type: object.type, ...versionOf(object) }],
    }),
  },
};

/** One line. */
export function ocsfLine(exported: Exported): string {
  return JSON.stringify(ocsfEvent(exported));
}

export function ocsfEvent({ entry, text, leafHash, checkpoint }: Exported): object {
  const { action, actor } = entry;
  const { activities, category, subject, ...made } = classes[familyOf(action)];
  const [activity, activityName] = activities[verbOf(action)] ?? [OTHER, verbOf(action)];
  const { unmapped, ...named } = { unmapped: {}, ...subject(entry) };
  return {
    metadata: metadataOf(entry),
    category_uid: category.uid,
    category_name: category.name,
    class_uid: made.uid,
    class_name: made.name,
    activity_id: activity,
    activity_name: activityName,
    type_uid: made.uid * 100 + activity,
    type_name: `${made.name}: ${activityName}`,
    time: Date.parse(entry.at),
    ...judgementOf(entry),
    actor: actorOf(actor),
    src_endpoint: endpointOf(actor),
    ...(actor.agent === undefined ? {} : { http_request: { user_agent: actor.agent } }),
    ...named,
    raw_data: text,
    raw_data_hash: { algorithm: 'SHA-256', algorithm_id: SHA256_ID, value: hash('sha256', text) },
    unmapped: {
      ...unmapped,
      leaf_hash: leafHash,
      checkpoint: checkpoint.note,
      verifier_key: checkpoint.verifierKey,
    },
  };
}

function metadataOf({ id, seq, tenant, action, at, recordedAt, requestId }: LedgerEntry): object {
  return {
    version: OCSF_VERSION,
    product: { name: 'Watchdesk', vendor_name: 'Watchdesk', feature: { name: serviceOf(action) } },
    uid: id,
    sequence: seq,
    tenant_uid: tenant,
    event_code: action,
    log_name: 'ledger',
    original_time: at,
    logged_time: Date.parse(recordedAt),
    correlation_uid: requestId,
  };
}

/** Status and severity: what was refused or failed is worth a look. */
function judgementOf({ outcome, reason }: LedgerEntry): object {
  const detail = reason === undefined ? {} : { status_detail: reason };
  if (outcome === 'success') {
    return {
      severity_id: 1,
      severity: 'Informational',
      status_id: 1,
      status: 'Success',
      ...detail,
    };
  }
  const status_code = outcome;
  return {
    severity_id: 3,
    severity: 'Medium',
    status_id: 2,
    status: 'Failure',
    status_code,
    ...detail,
  };
}

function actorOf(actor: LedgerEntry['actor']): object {
  return {
    user: userOf(actor),
    ...(actor.session === undefined ? {} : { session: { uid: actor.session } }),
    ...(actor.via === undefined ? {} : { app_name: actor.via }),
  };
}

function userOf({ id, name, type }: LedgerEntry['actor']): object {
  return { uid: id, ...(name === undefined ? {} : { name }), type_id: userTypes[type], type };
}

/** An endpoint has an address, or at least a name: a service that acts for itself has only that. */
function endpointOf({ address, via, id }: LedgerEntry['actor']): object {
  return address === undefined ? { name: via ?? id } : { ip: address };
}

function versionOf({ version }: LedgerEntry['object']): object {
  return version === undefined ? {} : { version: String(version) };
}

function serviceOf(action: string): string {
  return action.slice(0, action.indexOf('.'));
}
