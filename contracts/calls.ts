/**
 * Who asks whom over the bus. Users and permissions of the bus are made from this and from the
 * operations (`shared/nats/bus-permissions.ts`), and a test holds it against the code of the services: a
 * call that does not stand here is refused by the bus between machines.
 */
import type { ServiceName } from './caller.ts';
import { appendEvents } from './ledger.ts';
import { readDepartmentZone, sendNotice } from './notices.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import {
  expungeFiles,
  expungeMessages,
  expungeRecord,
  reachOfFiles,
  reachOfMessages,
  reachOfRecord,
} from './record-expungements.ts';
import { authorizeRecord, proposeIncident } from './records/incident.ts';
import { askRetention } from './retention.ts';

/** What each service asks of its own accord, besides what `callsOf` adds. */
const calls: Readonly<Record<ServiceName, readonly Operation[]>> = {
  gateway: [],
  'core-records': [],
  files: [authorizeRecord],
  ledger: [
    askRetention,
    expungeRecord,
    expungeFiles,
    expungeMessages,
    reachOfRecord,
    reachOfFiles,
    reachOfMessages,
    readDepartmentZone,
    sendNotice,
  ],
  'cad-ingest': [proposeIncident, askRetention],
};

/**
 * All that a service asks. Every one tells the ledger its events; the gateway asks for everything
 * that has a route, and answers its own operations without the bus.
 */
export function callsOf(service: ServiceName): readonly Operation[] {
  const own = [appendEvents, ...calls[service]];
  if (service !== 'gateway') return own;
  const routed = operations.filter((each) => each.http !== undefined && each.service !== 'gateway');
  return [...own, ...routed];
}
