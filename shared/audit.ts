import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Actor, AuditEvent } from '#contracts/audit-event.ts';
import type { Caller } from '#contracts/caller.ts';
import type { TenantId } from '#contracts/primitives.ts';
import type { Json } from './ports/tables.ts';

/** RFC 9901 section 4.2.1 recommends 128 bits of salt. */
const SALT_BYTES = 16;

/** Stands for the changes of an event that has none. */
const nothingChanged = { field: '_' } as const;

/** One changed value. An absent `before` means that there was none, an absent `after` removal. */
export interface FieldChange {
  readonly field: string;
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
}

export interface Fact {
  readonly caller: Caller;
  /** Whose chain; the caller's own unless the fact concerns another tenant too. */
  readonly tenant?: TenantId;
  readonly action: string;
  readonly object: AuditEvent['object'];
  readonly outcome?: AuditEvent['outcome'];
  readonly reason?: string | undefined;
  readonly changes?: readonly FieldChange[];
  readonly now: Date;
}

/**
 * The audit event of a fact. Salts are drawn here, once, so that the event can be sent to the ledger
 * any number of times and is the same event each time.
 */
export function auditEventOf(fact: Fact): AuditEvent {
  const { caller, object, outcome = 'success', reason, changes = [], now } = fact;
  return {
    id: randomUUIDv7(),
    tenant: fact.tenant ?? caller.tenant,
    at: now.toISOString(),
    actor: actorOf(caller),
    action: fact.action,
    object,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    requestId: caller.requestId,
    disclosures: disclosuresOf(changes),
  };
}

/** Fields whose value differs, in the order of the keys. Values are compared as JSON. */
export function changesBetween(
  before: Readonly<Record<string, Json | undefined>>,
  after: Readonly<Record<string, Json | undefined>>,
): readonly FieldChange[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return fields
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ field, before: before[field], after: after[field] }));
}

function actorOf(caller: Caller): Actor {
  const who = caller.actingFor ?? caller;
  const { address, agent, session } = who;
  return {
    ...who.subject,
    ...(caller.actingFor === undefined ? {} : { via: caller.subject.id }),
    ...(address === undefined ? {} : { address }),
    ...(agent === undefined ? {} : { agent }),
    ...(session === undefined ? {} : { session }),
  };
}

/** An event without changes still commits to one salt: its leaf hash must not be guessable. */
function disclosuresOf(changes: readonly FieldChange[]): string[] {
  const disclosed: readonly FieldChange[] = changes.length > 0 ? changes : [nothingChanged];
  // One draw for all of them: asking the generator is what a salt costs.
  const salts = randomBytes(SALT_BYTES * disclosed.length);
  return disclosed.map(({ field, before, after }, index) => {
    const salt = salts.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES);
    const value = {
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    };
    return disclosure(salt, field, value);
  });
}

/** RFC 9901 section 4.2.1: base64url of the JSON array of salt, name and value. */
function disclosure(salt: Buffer, name: string, value: Json): string {
  const content = JSON.stringify([salt.toString('base64url'), name, value]);
  return Buffer.from(content).toString('base64url');
}
