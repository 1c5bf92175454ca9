/** What each user of the bus may do: a user for each service, made from the operations and calls. Pure. */

import type { ServiceName } from '#contracts/caller.ts';
import { callsOf } from '#contracts/calls.ts';
import { operations } from '#contracts/operations.ts';

export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Below which the inboxes of a service are; the client makes them there (bus-connection.ts). */
export function inboxPrefixOf(name: string): string {
  return `_INBOX_${name}`;
}

/**
 * A service asks what it is declared to ask, serves what it is asked for, and hears its own inboxes.
 * Subjects are written out: a wildcard would let a service serve what nobody has declared yet. To
 * answer a message needs `allow_responses` besides.
 */
export function permissionsOf(service: ServiceName): BusPermissions {
  // What the gateway has routes for it answers without the bus (shared/service.ts).
  const served = operations.filter(
    (operation) =>
      operation.service === service && (service !== 'gateway' || operation.http === undefined),
  );
  return {
    publish: sorted(callsOf(service).map(({ name }) => name)),
    subscribe: [...sorted(served.map(({ name }) => name)), `${inboxPrefixOf(service)}.>`],
  };
}

function sorted(subjects: readonly string[]): string[] {
  return [...new Set(subjects)].toSorted();
}
