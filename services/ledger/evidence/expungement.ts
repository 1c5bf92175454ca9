/** Decisions about expungements: who may approve, until when, and what the chain says of it. Pure. */
import {
  EXPUNGEMENT_REQUEST_DAYS,
  type Expungement,
  expungement,
} from '#contracts/ledger-expungements.ts';
import type { Person } from '#contracts/primitives.ts';
import type { FieldChange } from '#shared/audit.ts';
import type { Json, Row } from '#shared/ports/tables.ts';
import { Problem } from '#shared/problem.ts';

/** A reason has 1,000 at most, and more may follow the names of the fields. */
const NAMES_CHARS_MAX = 800;
const DAY_MS = 24 * 60 * 60 * 1_000;

export type Asked = Pick<Expungement, 'scope' | 'order' | 'reason'>;

export function requested(
  asked: Asked,
  made: { readonly id: string; readonly by: Person; readonly now: Date },
): Expungement {
  const { id, by, now } = made;
  const expiresAt = new Date(now.getTime() + EXPUNGEMENT_REQUEST_DAYS * DAY_MS);
  return {
    id,
    status: 'requested',
    ...asked,
    requestedBy: by,
    requestedAt: now.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}

/** As it is at that time: nothing is written when a request expires. */
export function asOf(stored: Expungement, now: Date): Expungement {
  const isOver = stored.status === 'requested' && now.toISOString() >= stored.expiresAt;
  return isOver ? { ...stored, status: 'expired' } : stored;
}

export function done(
  before: Expungement,
  made: { readonly by: Person; readonly now: Date; readonly seq: number },
): Expungement {
  const { by, now, seq } = made;
  const services = {
    'core-records': 'pending',
    // A file says nothing in a field of its record.
    files: before.scope.fields === undefined ? 'pending' : 'done',
    'cad-ingest': 'pending',
  } as const;
  return {
    ...before,
    status: 'done',
    approvedBy: by,
    doneAt: now.toISOString(),
    seq,
    services,
  };
}

type ServiceName = keyof NonNullable<Expungement['services']>;

/** Services that have not destroyed everything yet. */
export function pendingIn({ services }: Expungement): readonly ServiceName[] {
  if (services === undefined) return [];
  const names: readonly ServiceName[] = ['core-records', 'files', 'cad-ingest'];
  return names.filter((name) => services[name] === 'pending');
}

export function serviceDone(before: Expungement, name: ServiceName): Expungement {
  if (before.services === undefined) throw new Error('the expungement is not carried out');
  return { ...before, services: { ...before.services, [name]: 'done' } };
}

export function followedUp(
  before: Expungement,
  followUp: NonNullable<Expungement['followUps']>[number],
): Expungement {
  return { ...before, followUps: [...(before.followUps ?? []), followUp] };
}

export function completed(before: Expungement, now: Date): Expungement {
  return { ...before, completedAt: now.toISOString() };
}

/** Problem `gone` for a request that has expired. One that is done is no case for this. */
export function assertOpen({ status, expiresAt }: Expungement): void {
  if (status !== 'expired') return;
  throw new Problem('gone', {
    detail: `The request expired at ${expiresAt}. Ask again, and have it approved in time.`,
  });
}

/** The words of the entry, in plain for ever: with its actor, all that a stranger needs. */
export function reasonOf({ id, order, requestedBy, scope }: Expungement): string {
  const plain = `order ${order}, asked for by user ${requestedBy.id} in expungement ${id}`;
  if (scope.fields === undefined) return plain;
  const named = `${plain}: fields ${scope.fields.join(', ')}`;
  return named.length <= NAMES_CHARS_MAX ? named : `${plain}: ${scope.fields.length} fields`;
}

/** The words of an entry that follows: about the record itself, or about a file of it. */
export function followUpReasonOf(
  carriedOut: Expungement,
  object: { readonly type: string; readonly id: string },
): string {
  const { objectType, objectId } = carriedOut.scope;
  const isItself = object.type === objectType && object.id === objectId;
  const what = isItself ? 'what came in meanwhile' : `belongs to ${objectType}/${objectId}`;
  return `${reasonOf(carriedOut)}: ${what}`;
}

/** The same with names and the reason given; sealed, but not by the key that is destroyed. */
export function changesOf(before: Expungement, by: Person): readonly FieldChange[] {
  const { id, order, reason, requestedBy } = before;
  return [
    { field: 'expungement', after: id },
    { field: 'order', after: order },
    { field: 'reason', after: reason },
    { field: 'requestedBy', after: asJson(requestedBy) },
    { field: 'approvedBy', after: asJson(by) },
  ];
}

export function storedIn({ value }: Row): Expungement {
  return expungement.parse(value);
}

/** Plain data, with the keys left out that have no value. */
export function asJson(value: object): Json {
  return JSON.parse(JSON.stringify(value));
}
